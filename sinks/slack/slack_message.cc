#include "sinks/slack/slack_message.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sinks/common/message.h"
#include "sinks/common/text.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kTitle[] = "{{mark}} {{title}}";
// A section that is false leaves the rest of its line: so closing tags stand right before what
// follows.
constexpr char kBody[] =
    R"({{#mention}}{{mention}}
{{/mention}}*Cause* {{component}} · *{{confidence}}* {{share}} · {{severity}}
*Since* {{since}}{{#over}} · {{status}}{{/over}}{{^over}}{{#lasted}} · for {{lasted}}{{/lasted}}{{/over}}
{{#affected}}*Took down* {{affected}}
{{/affected}}{{#owner}}*Has it* {{owner}}
{{/owner}}{{#inconclusive}}*Not certain*{{#candidates}}: it may be {{candidates}}{{/candidates}}
{{#alternatives}}• {{name}}: {{reason}}
{{/alternatives}}{{/inconclusive}}

{{impact}}

{{#first_step}}*First step* {{first_step}}
{{/first_step}}{{#first_command}}```
{{first_command}}
```{{/first_command}}

*Proof*
```
{{#proof}}{{clock}} {{service}}  {{place}}
{{said}}
{{/proof}}```

{{#explained}}*Explains* {{explained}}
{{/explained}}{{#explains}}• {{component}}: {{title}} ({{count}})
{{/explains}})";
constexpr char kUpdate[] =
    R"({{#mention}}{{mention}} {{/mention}}*{{event_text}}*{{#text}}: {{text}}{{/text}}
{{component}} · {{confidence}} {{share}} · {{severity}} · {{status}}
)";
constexpr char kFallback[] =
    "{{mark}} {{title}} · {{status}} · {{confidence}} · since {{since}}"
    "{{#first_step}}\nFirst step: {{first_step}}{{/first_step}}";
constexpr char kFoot[] =
    "{{#url}}<{{url}}|{{id}}>{{/url}}{{^url}}{{id}}{{/url}}{{#team}} · {{team}}{{/team}}"
    "{{#on_call}} · on call: {{on_call}}{{/on_call}}"
    "{{#links}} · {{#url}}<{{url}}|{{title}}>{{/url}}{{^url}}{{title}}{{/url}}{{/links}}";
// Of a webhook, which cannot look whether the first attempt arrived.
constexpr char kAgain[] = "it may stand above already: the first attempt was cut off";
constexpr size_t kFallbackUnits = 600;
constexpr size_t kFootUnits = 1500;

// Shown in the reader's own time zone.
std::string LocalTime(TimeUs time) {
  return absl::StrCat("<!date^", time / kSecondUs, "^{date_short_pretty} {time_secs}|",
                      FormatMoment(time), ">");
}

// A run of backticks that would close a fence is taken apart by zero-width spaces.
std::string KeepFences(std::string text) {
  return absl::StrReplaceAll(text, {{"```", "`\u200B`\u200B`"}});
}

// Only where somebody is to come: an acknowledgement must not wake those it relieves.
bool Calls(const Notification& n, SlackForm form) {
  return form == SlackForm::kFull || n.event == NotifyEvent::kEscalated ||
         n.event == NotifyEvent::kReopened || n.event == NotifyEvent::kRepeat;
}

std::string MentionOf(const Notification& n) {
  std::vector<std::string> out;
  for (const Contact& contact : n.contacts) {
    std::string_view id = contact.address;
    if (id.starts_with('@')) id.remove_prefix(1);
    const bool plain = id.size() >= 7 && std::all_of(id.begin(), id.end(), [](char c) {
                         return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                       });
    if (plain && (id[0] == 'U' || id[0] == 'W'))
      out.push_back(absl::StrCat("<@", std::string(id), ">"));
    else if (plain && id[0] == 'S')
      out.push_back(absl::StrCat("<!subteam^", std::string(id), ">"));
    else if (id == "here" || id == "channel" || id == "everyone")
      out.push_back(absl::StrCat("<!", std::string(id), ">"));
  }
  std::string text;
  for (const std::string& one : out) absl::StrAppend(&text, text.empty() ? "" : " ", one);
  return text;
}

TemplateData DataOf(const Notification& n, SlackForm form, EscapePiece escape) {
  MessageOptions options;
  options.escape = escape;
  if (escape == EscapeSlack) {
    options.format_time = LocalTime;
    options.prepare = KeepFences;
  }
  TemplateData data = MessageData(n, options);
  data.Set("mention", Calls(n, form) ? MentionOf(n) : "");
  return data;
}

std::string Or(const std::string& own, const char* built_in) {
  return own.empty() ? built_in : own;
}

size_t Fences(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find("```"); at != std::string_view::npos; at = text.find("```", at + 3))
    ++count;
  return count;
}

std::string Trimmed(const std::string& text) {
  const size_t from = text.find_first_not_of('\n');
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of("\n ") + 1 - from);
}

// Blank lines outside of fences begin a paragraph.
std::vector<std::string> Paragraphs(const std::string& text) {
  std::vector<std::string> out(1);
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(' ') == std::string::npos && Fences(out.back()) % 2 == 0)
      out.emplace_back();
    else
      absl::StrAppend(&out.back(), line, "\n");
  }
  std::vector<std::string> kept;
  for (std::string& paragraph : out) {
    paragraph = Trimmed(paragraph);
    if (!paragraph.empty()) kept.push_back(std::move(paragraph));
  }
  return kept;
}

std::string Fitted(const std::string& text, size_t units) {
  if (Utf16Length(text) <= units) return text;
  std::string cut = CutUnits(text, units - 4);  // room to close a fence
  // A link or mention that the cut went through would be shown raw, or swallow what follows.
  const size_t open = cut.rfind('<');
  if (open != std::string::npos && cut.find('>', open) == std::string::npos)
    cut = cut.substr(0, open) + "…";
  if (Fences(cut) % 2 == 1) cut += "\n```";
  return cut;
}

Json Mrkdwn(const std::string& text) {
  return {{"type", "mrkdwn"}, {"text", text}, {"verbatim", true}};
}
Json Section(const std::string& text) { return {{"type", "section"}, {"text", Mrkdwn(text)}}; }
Json Plain(const std::string& text) {
  return {{"type", "plain_text"}, {"text", text}, {"emoji", true}};
}

Json Button(const char* action, const char* text, const std::string& incident, const char* style) {
  Json out = {{"type", "button"},
              {"text", Plain(text)},
              {"action_id", action},
              {"value", CutBytes(incident, 2000)}};
  if (style != nullptr) out["style"] = style;
  return out;
}

Json Buttons(const Notification& n) {
  Json elements = Json::array();
  if (n.owner.empty())
    elements.push_back(Button("culprit_ack", "Acknowledge", n.incident.id, "primary"));
  elements.push_back(Button("culprit_resolve", "Resolve", n.incident.id, nullptr));
  elements.push_back(Button("culprit_silence_1h", "Silence 1h", n.incident.id, nullptr));
  elements.push_back(Button("culprit_evidence", "Show evidence", n.incident.id, nullptr));
  return {{"type", "actions"}, {"elements", elements}};
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json BlocksOf(const Notification& n, const SlackSinkConfig& config, SlackForm form, bool by_webhook,
              bool buttons) {
  const TemplateData data = DataOf(n, form, EscapeSlack);
  Json head = Json::array();
  if (form != SlackForm::kThread) {
    const std::string title =
        OneLine(FillTemplate(Or(config.title, kTitle), DataOf(n, form, EscapeNothing)));
    if (!title.empty())
      head.push_back({{"type", "header"}, {"text", Plain(CutUnits(title, kSlackHeaderUnits))}});
  }
  Json tail = Json::array();
  if (form != SlackForm::kThread) {
    Json foot = Json::array({Mrkdwn(Fitted(OneLine(FillTemplate(kFoot, data)), kFootUnits))});
    if (n.maybe_sent && by_webhook) foot.push_back(Mrkdwn(kAgain));
    tail.push_back({{"type", "context"}, {"elements", std::move(foot)}});
    if (form == SlackForm::kFull && buttons && !IsOver(n)) tail.push_back(Buttons(n));
  }
  const std::string text =
      form == SlackForm::kFull ? Or(config.body, kBody) : Or(config.update, kUpdate);
  const size_t used = Dump(head).size() + Dump(tail).size();
  const Json more = Section("_The rest is left out here: Slack takes no longer message._");
  size_t room = kSlackMessageBytes - std::min(kSlackMessageBytes, used + Dump(more).size() + 1);
  Json blocks = head;
  for (const std::string& paragraph : Paragraphs(FillTemplate(text, data))) {
    Json block = Section(Fitted(paragraph, kSlackSectionUnits));
    const size_t size = Dump(block).size() + 1;
    if (size > room || blocks.size() + tail.size() + 1 >= kSlackBlocks) {
      blocks.push_back(more);
      break;
    }
    room -= size;
    blocks.push_back(std::move(block));
  }
  for (Json& block : tail) blocks.push_back(std::move(block));
  return blocks;
}

Json Frame(const Notification& n, SlackForm form, const SlackPlace& place) {
  Json out;
  if (!place.channel.empty()) out["channel"] = place.channel;
  if (!place.ts.empty()) out["ts"] = place.ts;
  if (!place.thread.empty()) {
    out["thread_ts"] = place.thread;
    // The channel sees it as well: somebody has to come.
    if (n.event == NotifyEvent::kEscalated || n.event == NotifyEvent::kReopened)
      out["reply_broadcast"] = true;
  }
  const std::string text = FillTemplate(kFallback, DataOf(n, form, EscapeSlack));
  out["text"] = Fitted(text, kFallbackUnits);
  return out;
}

void Finish(const Notification& n, const SlackPlace& place, Json* out) {
  if (place.ts.empty()) {
    (*out)["unfurl_links"] = false;
    (*out)["unfurl_media"] = false;
  }
  if (place.channel.empty()) return;  // webhooks know neither
  (*out)["parse"] = "none";
  (*out)["link_names"] = false;
  if (place.ts.empty())
    (*out)["metadata"] = {{"event_type", "culprit_notification"},
                          {"event_payload", {{"id", n.id}, {"incident", n.incident.id}}}};
}

}  // namespace

std::string SlackPayload(const Notification& n, const SlackSinkConfig& config, SlackForm form,
                         const SlackPlace& place, bool buttons) {
  Json out = Frame(n, form, place);
  out["blocks"] = BlocksOf(n, config, form, place.channel.empty(), buttons);
  Finish(n, place, &out);
  return Dump(out);
}

std::string SlackPlainPayload(const Notification& n, const SlackSinkConfig& config, SlackForm form,
                              const SlackPlace& place) {
  Json out = Frame(n, form, place);
  if (form != SlackForm::kFull)
    out["text"] = Fitted(FillTemplate(Or(config.update, kUpdate), DataOf(n, form, EscapeSlack)),
                         kFallbackUnits);
  if (!place.ts.empty()) out["blocks"] = Json::array();
  Finish(n, place, &out);
  return Dump(out);
}

}  // namespace culprit
