#include "engine/redact/secret_rules.h"

#include <cctype>

namespace culprit {
namespace {

// Values that say nothing: placeholders, code, and what was taken out before.
bool IsValue(std::string_view value) {
  constexpr std::string_view kNothing[] = {"null",  "none",      "nil", "true",
                                           "false", "undefined", "[]",  "{}"};
  for (std::string_view nothing : kNothing)
    if (value == nothing) return false;
  return !value.starts_with("[REDACTED") && !value.starts_with("<") && !value.starts_with("${");
}

// Of places where a word of a sentence may stand as well ("token: expected '}'").
bool IsCredential(std::string_view value) {
  constexpr size_t kLongerThanWords = 16;
  bool digit = false;
  for (char c : value) digit = digit || std::isdigit(static_cast<unsigned char>(c)) != 0;
  return IsValue(value) && (digit || value.size() >= kLongerThanWords);
}

// Not the scheme before credentials that were taken out already.
bool IsAuthorization(std::string_view value) {
  constexpr std::string_view kSchemes[] = {"Basic", "Bearer",    "Token", "Digest",
                                           "basic", "Negotiate", "NTLM",  "bearer"};
  for (std::string_view scheme : kSchemes)
    if (value == scheme) return false;
  return IsValue(value);
}

// A cue of each kind.
using Behind = Cue::Behind;
Cue Word(std::string_view text) { return {.text = text, .starts_word = true}; }
Cue Assigned(std::string_view text) {
  return {.text = text, .any_case = true, .behind = Behind::kAssignment};
}
Cue BeforeSpace(std::string_view text) {
  return {.text = text, .any_case = true, .behind = Behind::kSpace};
}

std::vector<Cue> PasswordCues() {
  return {Assigned("password"), Assigned("passwd"), Assigned("passphrase"), Assigned("pwd"),
          Assigned("passcode")};
}

std::vector<Cue> SecretCues() {
  return {Assigned("secret"), Assigned("key"), Assigned("credential"), Assigned("credentials")};
}

std::vector<Cue> TokenCues() {
  return {Assigned("token"), Assigned("session_id"), Assigned("session-id"), Assigned("sessionid"),
          Assigned("x-api-key")};
}

}  // namespace

bool IsCardNumber(std::string_view text) {
  int digits = 0;
  int sum = 0;
  char first = 0;
  for (size_t i = text.size(); i-- > 0;) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) continue;
    first = text[i];
    int value = text[i] - '0';
    if (digits++ % 2 == 1) value = value > 4 ? 2 * value - 9 : 2 * value;
    sum += value;
  }
  return digits >= 13 && digits <= 19 && sum % 10 == 0 && first >= '2' && first <= '6';
}

// Order matters where two begin at the same place: the first one names it.
const std::vector<SecretRule>& SecretRules() {
  static const auto* const rules = new std::vector<SecretRule>{
      {"private-key",
       R"(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----((?:[\s\S]*?-----END [A-Z ]{0,30}PRIVATE KEY-----)|[\s\S]*))",
       {{"-----BEGIN "}}},
      {"jwt",
       R"(\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}))",
       {Word("eyJ")}},
      {"password",
       R"([a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@"'<>]{0,200}:([^\s/@"'<>]{1,200})@)",
       {{.text = "://", .behind = Behind::kAt}},
       IsValue},
      {"authorization",
       R"((?i)\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:[a-z0-9-]{2,20}\s+)?([a-z0-9._~+/=:-]{6,}))",
       {Assigned("authorization")},
       IsAuthorization},
      {"token", R"((?i)\bbearer\s+([a-z0-9._~+/-]{8,}=*))", {BeforeSpace("bearer")}, IsValue},
      {"aws-key",
       R"(\b((?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[0-9A-Z]{16})\b)",
       {Word("AKIA"), Word("ASIA"), Word("AGPA"), Word("AIDA"), Word("AROA"), Word("ANPA")}},
      {"github-token",
       R"(\b((?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})))",
       {Word("ghp_"), Word("gho_"), Word("ghu_"), Word("ghs_"), Word("ghr_"), Word("github_pat_")}},
      {"gitlab-token", R"(\b(glpat-[A-Za-z0-9_-]{20,}))", {Word("glpat-")}},
      {"slack-token",
       R"(\b(xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}))",
       {Word("xox"), Word("xapp-")}},
      {"slack-webhook",
       R"(hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{10,}))",
       {{"hooks.slack.com/"}}},
      {"stripe-key",
       R"(\b((?:sk|rk|pk|whsec)_(?:live|test)?_?[A-Za-z0-9]{16,}))",
       {Word("sk_"), Word("rk_"), Word("pk_"), Word("whsec_")}},
      {"google-key", R"(\b(AIza[0-9A-Za-z_-]{35}))", {Word("AIza")}},
      {"npm-token", R"(\b(npm_[A-Za-z0-9]{36}))", {Word("npm_")}},
      {"sendgrid-key", R"(\b(SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}))", {Word("SG.")}},
      {"azure-key",
       R"((?i)\b(?:AccountKey|SharedAccessKey|sig)=([a-z0-9%+/]{20,}={0,2}))",
       {{.text = "accountkey=", .any_case = true},
        {.text = "sharedaccesskey=", .any_case = true},
        {.text = "sig=", .any_case = true, .starts_word = true}}},
      {"cookie",
       R"((?i)\b(?:set-)?cookie["']?\s*[:=]\s*["']?([^\s"'][^"'\r\n]*))",
       {Assigned("cookie")},
       IsValue},
      // key=value, "key": "value", --key value; the key may have more before it: db_password.
      {"password",
       R"((?i)(?:password|passwd|passphrase|pwd|passcode)["'\\]{0,3}\s*(?:[:=]|=>)\s*\\?"((?:[^"\\\r\n]|\\[^"\r\n])+))",
       PasswordCues(), IsValue},
      {"password",
       R"((?i)(?:password|passwd|passphrase|pwd|passcode)["'\\]{0,3}\s*(?:[:=]|=>)\s*'([^'\r\n]+))",
       PasswordCues(), IsValue},
      {"password",
       R"((?i)(?:password|passwd|passphrase|pwd|passcode)["'\\]{0,3}\s*(?:[:=]|=>)\s*([^\s"',;&)}\]\\]+))",
       PasswordCues(), IsValue},
      {"password",
       R"((?i)\bidentified by\s+'([^'\r\n]+))",
       {BeforeSpace("identified by")},
       IsValue},
      {"password",
       R"((?i)--?(?:password|passwd|pass)\s+([^\s"'-][^\s"']*))",
       {BeforeSpace("-password"), BeforeSpace("-passwd"), BeforeSpace("-pass")},
       IsValue},
      {"secret",
       R"((?i)(?:secret|secret[_-]?key|client[_-]?secret|secret[_-]?access[_-]?key|private[_-]?key|api[_-]?key|apikey|access[_-]?key|encryption[_-]?key|signing[_-]?key|routing[_-]?key|integration[_-]?key|auth[_-]?key|shared[_-]?key|credential|credentials)["'\\]{0,3}\s*(?:=|=>|:\s*\\?["'])\s*\\?["']?([^\s"',;&)}\]\\]{4,}))",
       SecretCues(), IsValue},
      {"secret",
       R"((?i)(?:secret|secret[_-]?key|client[_-]?secret|secret[_-]?access[_-]?key|private[_-]?key|api[_-]?key|apikey|access[_-]?key|encryption[_-]?key|signing[_-]?key|routing[_-]?key|integration[_-]?key|auth[_-]?key|shared[_-]?key|credential|credentials)["'\\]{0,3}\s*:\s*([^\s"',;&)}\]\\]{6,}))",
       SecretCues(), IsCredential},
      {"token",
       R"((?i)(?:token|auth[_-]?token|access[_-]?token|refresh[_-]?token|id[_-]?token|csrf[_-]?token|session[_-]?id|sessionid|jsessionid|x-api-key|x-auth-token)["'\\]{0,3}\s*(?:=|=>|:\s*\\?["'])\s*\\?["']?([^\s"',;&)}\]\\]{4,}))",
       TokenCues(), IsValue},
      {"token",
       R"((?i)(?:token|auth[_-]?token|access[_-]?token|refresh[_-]?token|id[_-]?token|csrf[_-]?token|session[_-]?id|sessionid|jsessionid|x-api-key|x-auth-token)["'\\]{0,3}\s*:\s*([^\s"',;&)}\]\\]{6,}))",
       TokenCues(), IsCredential},
      {.name = "card",
       .regex =
           R"((?:^|[^0-9A-Za-z.-])([2-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7})(?:[^0-9A-Za-z-]|$))",
       .accept = IsCardNumber,
       .card = true},
      {.name = "card",
       .regex =
           R"((?:^|[^0-9A-Za-z.-])(3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5})(?:[^0-9A-Za-z-]|$))",
       .accept = IsCardNumber,
       .card = true},
  };
  return *rules;
}

const SecretRule& EmailRule() {
  static const auto* const rule = new SecretRule{
      "email", R"(([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}))"};
  return *rule;
}

const SecretRule& Ipv4Rule() {
  static const auto* const rule = new SecretRule{
      "ip",
      R"((?:^|[^0-9A-Za-z._-])((?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3})(?:[^0-9A-Za-z_.-]|\.?$|\.[^0-9]))"};
  return *rule;
}

const SecretRule& Ipv6Rule() {
  static const auto* const rule = new SecretRule{
      "ip",
      R"((?i)(?:^|[^0-9a-z:.])((?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,5})?|::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{1,4})(?:[^0-9a-z:]|$))"};
  return *rule;
}

}  // namespace culprit
