#include "sinks/email/email_message.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sinks/common/message.h"
#include "sinks/common/plain_text.h"

namespace culprit {
namespace {

constexpr size_t kLineChars = 76;
constexpr size_t kWordBytes = 42;  // of an encoded word, before Base64; the line stays below 76
constexpr size_t kSubjectUnits = 200;

// The subject stays the same over the incident's life, or some mail programs tear the thread apart.
constexpr char kSubject[] = "[{{severity}}] {{title}}";

constexpr char kHtml[] = R"(<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="font:15px/1.45 system-ui,sans-serif;color:#1d1c1d;max-width:44em;margin:0 auto;padding:12px">
<h2 style="margin:0 0 8px">{{mark}} {{title}}</h2>
{{#text}}<p><b>{{event_text}}</b>: {{text}}</p>
{{/text}}<p><b>Cause</b> {{component}} &middot; <b>{{confidence}}</b> {{share}} &middot; {{severity}} &middot; {{status}}<br>
<b>Since</b> {{since}}{{#lasted}} ({{lasted}}){{/lasted}}{{#affected}}<br>
<b>Took down</b> {{affected}}{{/affected}}{{#owner}}<br>
<b>Has it</b> {{owner}}{{/owner}}</p>
{{#inconclusive}}<p><b>Not certain</b>{{#candidates}}: it may be {{candidates}}{{/candidates}}</p>
<ul>{{#alternatives}}<li>{{name}}: {{reason}}</li>{{/alternatives}}</ul>
{{/inconclusive}}{{#impact}}<p>{{impact}}</p>
{{/impact}}{{#first_step}}<p><b>First step</b> {{first_step}}</p>
{{/first_step}}{{#first_command}}<pre style="background:#f4f4f4;padding:8px;white-space:pre-wrap">{{first_command}}</pre>
{{/first_command}}<p><b>Proof</b></p>
{{#proof}}<pre style="background:#f4f4f4;padding:8px;white-space:pre-wrap;margin:0 0 6px">{{clock}} {{service}}  {{path}}
{{said}}</pre>
{{/proof}}{{#explained}}<p><b>Explains</b> {{explained}}</p>
{{/explained}}<ul>{{#explains}}<li>{{component}}: {{title}} ({{count}})</li>{{/explains}}</ul>
<p style="color:#666">{{#url}}<a href="{{url}}">{{id}}</a>{{/url}}{{^url}}{{id}}{{/url}}{{#team}} &middot; {{team}}{{/team}}{{#links}}{{#url}} &middot; <a href="{{url}}">{{title}}</a>{{/url}}{{/links}}</p>
</body></html>
)";

std::string Hash(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), 16));
}

// Base64 in lines, for bodies.
std::string Wrapped(const std::string& text) {
  const std::string all = absl::Base64Escape(text);
  std::string out;
  for (size_t at = 0; at < all.size(); at += kLineChars)
    absl::StrAppend(&out, all.substr(at, kLineChars), "\r\n");
  return out;
}

// A header's text as encoded words of whole characters (RFC 2047), folded.
std::string EncodedWords(const std::string& text) {
  std::string out;
  std::string word;
  const auto flush = [&] {
    if (word.empty()) return;
    absl::StrAppend(&out, out.empty() ? "" : "\r\n ", "=?UTF-8?B?", absl::Base64Escape(word), "?=");
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    size_t length = 1;
    while (at + length < text.size() &&
           (static_cast<unsigned char>(text[at + length]) & 0xC0) == 0x80)
      ++length;
    if (word.size() + length > kWordBytes) flush();
    word += text.substr(at, length);
    at += length;
  }
  flush();
  return out;
}

std::string Importance(const Notification& n) {
  return n.incident.severity >= Severity::kError && !IsOver(n) ? "high" : "normal";
}

}  // namespace

std::string EmailMessage(const Notification& n, const EmailSinkConfig& config,
                         const std::vector<std::string>& recipients, absl::Time now) {
  const size_t at = config.from.find('@');
  const std::string domain = config.from.substr(at == std::string::npos ? 0 : at + 1);
  const std::string root = absl::StrCat("<incident.", Hash(n.dedup_key), "@", domain, ">");
  const std::string own = absl::StrCat("<", Hash(n.id), "@", domain, ">");
  const std::string subject =
      OneLine(FillTemplate(config.subject.empty() ? kSubject : config.subject, MessageData(n, {})));
  MessageOptions html;
  html.escape = EscapeHtml;
  const std::string boundary = "culprit-" + Hash(n.id + "/boundary");
  const auto part = [&](const char* type, const std::string& text) {
    return absl::StrCat("--", boundary, "\r\nContent-Type: ", type,
                        "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                        Wrapped(text));
  };
  return absl::StrCat("From: culprit <", config.from,
                      ">\r\nTo: ", absl::StrJoin(recipients, ",\r\n "),
                      "\r\nSubject: ", EncodedWords(CutUnits(subject, kSubjectUnits)), "\r\nDate: ",
                      absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", now, absl::UTCTimeZone()),
                      "\r\nMessage-ID: ", own, "\r\nIn-Reply-To: ", root, "\r\nReferences: ", root,
                      "\r\nAuto-Submitted: auto-generated\r\nImportance: ", Importance(n),
                      "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"",
                      boundary, "\"\r\n\r\n") +
         absl::StrCat(part("text/plain", PlainText(n, config.text)),
                      part("text/html", FillTemplate(config.html.empty() ? kHtml : config.html,
                                                     MessageData(n, html))),
                      "--", boundary, "--\r\n");
}

}  // namespace culprit
