#include "engine/serve/access.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace culprit {
namespace {

ServeRequest Ask(const std::string& method, const std::string& host,
                 const std::string& authorization = "") {
  ServeRequest request;
  request.method = method;
  request.host = host;
  request.authorization = authorization;
  return request;
}

int StatusOf(const Access& access, const ServeRequest& request) {
  const auto refusal = access.Check(request);
  return refusal.has_value() ? refusal->status : 200;
}

TEST(Access, TakesAddressesAndLocalhostWithoutAToken) {
  const Access access{Secret()};
  for (const char* host : {"127.0.0.1:9797", "127.0.0.1", "localhost", "LocalHost:80", "[::1]:9797",
                           "[::1]", "10.0.0.7:9797"})
    EXPECT_EQ(StatusOf(access, Ask("GET", host)), 200) << host;
  for (const char* host : {"evil.example:9797", "", "127.0.0.1.evil.example", "localhost.evil",
                           "[::1", "0x7f000001", "2130706433"})
    EXPECT_EQ(StatusOf(access, Ask("GET", host)), 421) << host;
}

TEST(Access, RequiresTheTokenWhereOneIsSet) {
  const Access access{Secret("t0ken")};
  EXPECT_EQ(StatusOf(access, Ask("GET", "culprit.example", "Bearer t0ken")), 200);
  EXPECT_EQ(StatusOf(access, Ask("GET", "culprit.example", "bearer  t0ken ")), 200);
  EXPECT_EQ(StatusOf(access, Ask("GET", "x", "Basic " + absl::Base64Escape("me:t0ken"))), 200);
  for (const std::string& bad :
       {std::string(), std::string("Bearer"), std::string("Bearer t0ke"),
        std::string("Bearer t0kenn"), std::string("t0ken"), std::string("Basic t0ken"),
        "Basic " + absl::Base64Escape("t0ken"), "Basic " + absl::Base64Escape("t0ken:")})
    EXPECT_EQ(StatusOf(access, Ask("GET", "127.0.0.1", bad)), 401) << bad;
  const auto refusal = access.Check(Ask("GET", "127.0.0.1"));
  EXPECT_EQ(refusal->headers.at(0).first, "WWW-Authenticate");
  EXPECT_EQ(refusal->body.find("t0ken"), std::string::npos);
}

TEST(Access, LetsNoForeignPageChangeAnything) {
  const Access access{Secret()};
  ServeRequest request = Ask("POST", "127.0.0.1:9797");
  EXPECT_EQ(StatusOf(access, request), 200) << "curl";
  request.origin = "http://127.0.0.1:9797";
  request.fetch_site = "same-origin";
  EXPECT_EQ(StatusOf(access, request), 200);
  request.fetch_site = "";
  for (const char* origin :
       {"http://evil.example", "null", "http://127.0.0.1:80", "http://evil//127.0.0.1:9797"}) {
    request.origin = origin;
    EXPECT_EQ(StatusOf(access, request), 403) << origin;
  }
  request.origin = "";
  request.fetch_site = "cross-site";
  EXPECT_EQ(StatusOf(access, request), 403);
}

TEST(ParseTarget, DecodesPathAndQuery) {
  ServeRequest request;
  ASSERT_TRUE(ParseTarget("/a%2Fb?x=1+2&y=%C3%A4&z&x=3#f", &request));
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.Query("x"), "3");
  EXPECT_EQ(request.Query("y"), "ä");
  EXPECT_EQ(request.Query("none"), "");
  for (const char* bad : {"", "a", "http://x/", "*", "/%", "/%4", "/%zz", "/?a=%f"})
    EXPECT_FALSE(ParseTarget(bad, &request)) << bad;
}

}  // namespace
}  // namespace culprit
