#include "engine/redact/redactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <random>

#include "absl/strings/str_split.h"
#include "engine/base/views.h"
#include "engine/redact/secret_rules.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Redactor& Secrets() {
  static const auto* const redactor = Redactor::Make({}).value().release();
  return *redactor;
}

struct Seed {
  const char* line;
  const char* secret;
};

// Test secrets, made up. Split literals: they look real enough for scanners of repositories.
const Seed kSeeds[] = {
    {"connect postgres://app:hunter2@db:5432/shop failed", "hunter2"},
    {"amqp://guest:gu%40est@rabbit:5672", "gu%40est"},
    {"login failed password=hunter2, retrying", "hunter2"},
    {"login failed password: hunter2", "hunter2"},
    {R"({"user":"a","password":"hun\"ter2","x":1})", "hun"},
    {R"({"db_password": "hunter2"})", "hunter2"},
    {R"(payload "{\"password\":\"hunter2\"}")", "hunter2"},
    {"PGPASSWORD='hun ter2' psql", "hun ter2"},
    {"ALTER USER app IDENTIFIED BY 'hunter2'", "hunter2"},
    {"mysqldump --password hunter2 -h db", "hunter2"},
    {"Authorization: Bearer abcdef123456.xyz", "abcdef123456.xyz"},
    {"authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"},
    {"header 'Authorization': 'Token 0123456789abcdef'", "0123456789abcdef"},
    {"key AK"
     "IAIOSFODNN7EXAMPLE used",
     "IOSFODNN7EXAMPLE"},
    {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"},
    {"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N expired",
     "dozjgNryP4J3jVmNHl0w5N"},
    {"push with gh"
     "p_0123456789abcdefghijABCDEFGHIJ012345",
     "0123456789abcdefghij"},
    {"post to https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXX", "XXXXXXXXXXXXXXXX"},
    {"slack xox"
     "b-123456789012-abcdefghij",
     "123456789012-abcdefghij"},
    {"stripe sk"
     "_live_0123456789abcdefABCDEF01",
     "0123456789abcdefABCDEF01"},
    {"gitlab glp"
     "at-0123456789abcdefghij",
     "0123456789abcdefghij"},
    {"google AI"
     "za0123456789abcdefghijABCDEFGHIJ01234_-",
     "0123456789abcdefghij"},
    {"npm npm"
     "_012345678901234567890123456789012345",
     "0123456789012345"},
    {"sendgrid S"
     "G.0123456789abcdefg.0123456789abcdefg",
     "0123456789abcdefg"},
    {"signing with whsec"
     "_0123456789abcdefABCDEF01",
     "0123456789abcdefABCDEF01"},
    {"sas ?sv=1&sig=Zm9vYmFyZm9vYmFyZm9vYmFy", "Zm9vYmFyZm9vYmFy"},
    {"api_key=0123456789abcdef in request", "0123456789abcdef"},
    {"GET /v1?apikey=0123456789abcdef&x=1", "0123456789abcdef"},
    {"x-api-key: 0123456789abcdef", "0123456789abcdef"},
    {"session_id=9f8e7d6c5b4a unknown", "9f8e7d6c5b4a"},
    {"Set-Cookie: sid=31d4d96e407aad42; Path=/", "31d4d96e407aad42"},
    {"charged card 4111 1111 1111 1111 ok", "4111 1111 1111 1111"},
    {"charged card=4111111111111111", "4111111111111111"},
    {"amex 378282246310005.", "378282246310005"},
    {"-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----", "MIIEabc"},
    {"-----BEGIN PRIVATE KEY----- MIIEabc", "MIIEabc"},
    {"DefaultEndpointsProtocol=https;AccountKey=Zm9vYmFyZm9vYmFyZm9vYmFy==;", "Zm9vYmFyZm9vYmFy"},
    {"client_secret => \"0123abcd\"", "0123abcd"},
};

TEST(Redactor, SeededSecretsDoNotSurvive) {
  for (const Seed& seed : kSeeds) {
    const std::string clean = Secrets().Clean(seed.line);
    EXPECT_THAT(clean, Not(HasSubstr(seed.secret))) << seed.line;
    EXPECT_THAT(clean, HasSubstr("[REDACTED:")) << seed.line;
  }
}

TEST(Redactor, TwiceIsAsOnce) {
  for (const Seed& seed : kSeeds) {
    const std::string once = Secrets().Clean(seed.line);
    EXPECT_EQ(Secrets().Clean(once), once) << seed.line;
  }
}

TEST(Redactor, WhatAnOnCallPersonNeedsStays) {
  for (const char* line : {
           "dial tcp 10.0.0.5:2379: connect: connection refused",
           "2026-11-21T06:51:05.123Z ERROR no core instances",
           "password authentication failed for user \"app\"",
           "FATAL: password authentication failed",
           "invalid token: expected '}' at 17",
           "req-1e1a3e6c-9bd5-4c3c-8c88-2b9e2f2f0c11 took 5123 ms",
           "offset 4711471147114711 partition 3",
           "order 1234567890123456 not found",
           "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
           "token=null user=none",
           "the secret is out; see secret: yes",
           "at com.shop.TokenService.refresh(TokenService.java:42)",
           "http://api:8080/v1/drivers returned 503",
           "nova.compute.manager [instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] VM Started",
       })
    EXPECT_EQ(Secrets().Clean(line), line);
}

TEST(Redactor, MailAndAddressesOnlyWhenAsked) {
  const char* line =
      "mail from jane.doe@example.com at 192.168.7.12:5432 and fe80::1 (v1.2.3.4-rc)";
  EXPECT_EQ(Secrets().Clean(line), line);
  const auto all = Redactor::Make({.secrets = true, .emails = true, .ips = true}).value();
  EXPECT_EQ(all->Clean(line),
            "mail from [REDACTED:email] at [REDACTED:ip]:5432 and [REDACTED:ip] (v1.2.3.4-rc)");
}

TEST(Redactor, RulesOfOnesOwn) {
  const auto redactor =
      Redactor::Make(
          {.secrets = false, .rules = {{"customer", R"(customer=(\d+))"}, {"pin", "PIN"}}})
          .value();
  EXPECT_EQ(redactor->Clean("customer=4711 PIN customer=12"),
            "customer=[REDACTED:customer] [REDACTED:pin] customer=[REDACTED:customer]");
  EXPECT_FALSE(Redactor::Make({.rules = {{"x", "("}}}).ok());
  EXPECT_FALSE(Redactor::Make({.rules = {{"no good", "x"}}}).ok());
}

TEST(Redactor, MaskingKeepsPlacesAndReadsTheSameAfterwards) {
  std::string text = "a\nlogin password=hunter2, retrying\nb";
  const std::string clean = Secrets().Clean(text);
  Secrets().Mask(&text);
  EXPECT_EQ(text, "a\nlogin password=*******, retrying\nb");
  EXPECT_EQ(Secrets().Clean(text), clean);
}

TEST(Redactor, OverlapsBecomeOne) {
  const auto redactor =
      Redactor::Make({.secrets = false, .rules = {{"a", "bcd"}, {"b", "cdef"}}}).value();
  EXPECT_EQ(redactor->Clean("abcdefg"), "a[REDACTED:a]g");
}

// Pieces that rules are made of, and what only looks like them.
constexpr std::string_view kPieces =
    "password|passwd|passphrase|pwd|passcode|--pass|-password|secret|key|api_key|apikey|access-key|"
    "private_key|credential|credentials|token|session_id|session-id|jsessionid|x-api-key|"
    "x-auth-token|authorization|proxy-authorization|bearer|cookie|set-cookie|identified by|sig|"
    "AccountKey|SharedAccessKey|eyJhbGciOiJI.eyJzdWIi.dozjgNry|eyJ|github_pat_|"
    "hooks.slack.com/services/|T000/B000/XXXX|http://|amqp://user:word@host|user:word@|"
    "-----BEGIN RSA PRIVATE KEY-----|-----END RSA PRIVATE KEY-----|4111|1111|4111 1111 1111 1111|"
    "4111-1111-1111-1111|378282246310005|3782 822463 10005|2026-11-21|1772323200.007|=|:|=>|: | = |"
    "\"|'|\\\"|\\| |  |\t|\n|\v|-|.|,|;|_|x|Z|7|hunter2|0123456789abcdef|null|true|<none>|"
    "[REDACTED:password]|\xC5\xBF|\xE2\x84\xAA|\xC3\xA9|\xFF";

std::string RandomText(std::mt19937* random) {
  static const std::vector<std::string> pieces = absl::StrSplit(ToAbsl(kPieces), '|');
  const auto below = [&](size_t n) { return (*random)() % n; };
  std::string text;
  for (size_t count = 1 + below(9); count > 0; --count) {
    std::string piece =
        below(8) == 0 ? kSeeds[below(std::size(kSeeds))].line : pieces[below(pieces.size())];
    if (below(6) == 0)
      for (char& c : piece) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (below(6) == 0) piece[below(piece.size())] = "aK5 =:-\xE2"[below(8)];
    if (below(12) == 0) piece.erase(below(piece.size()), 1);
    text += piece;
  }
  // The letters that (?i) knows in a second spelling.
  for (const auto& [letter, other] : {std::pair{'s', "\xC5\xBF"}, std::pair{'K', "\xE2\x84\xAA"}}) {
    const size_t at = text.find(letter);
    if (at != std::string::npos && below(10) == 0) text.replace(at, 1, other);
  }
  return text;
}

TEST(Redactor, FindsWhatEveryRuleFindsForItself) {
  std::mt19937 random(7);
  std::vector<Redactor::Span> fast, slow;
  size_t with_secrets = 0;
  const auto check = [&](const std::string& text) {
    Secrets().Find(text, &fast);
    Secrets().FindSlow(text, &slow);
    with_secrets += slow.empty() ? 0 : 1;
    ASSERT_EQ(fast.size(), slow.size()) << text;
    for (size_t i = 0; i < fast.size(); ++i) {
      EXPECT_EQ(fast[i].begin, slow[i].begin) << text;
      EXPECT_EQ(fast[i].end, slow[i].end) << text;
      EXPECT_EQ(fast[i].name, slow[i].name) << text;
    }
  };
  // Each at every place within what is looked at together.
  for (const Seed& seed : kSeeds)
    for (size_t shift = 0; shift < 40; ++shift) check(std::string(shift, ' ') + seed.line);
  for (int i = 0; i < 20000; ++i) check(RandomText(&random));
  EXPECT_GT(with_secrets, 2000u);
}

TEST(Redactor, CardNumbersPassLuhn) {
  EXPECT_TRUE(IsCardNumber("4111 1111 1111 1111"));
  EXPECT_FALSE(IsCardNumber("4111 1111 1111 1112"));
  EXPECT_FALSE(IsCardNumber("411111"));
}

}  // namespace
}  // namespace culprit
