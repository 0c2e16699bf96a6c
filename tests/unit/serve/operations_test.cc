#include "engine/serve/operations.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "engine/deliver/matching.h"
#include "engine/serve/api.h"
#include "tests/fakes/serve_backend.h"

namespace culprit {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = OperatorAction::Kind;

class OperationsTest : public testing::Test {
 protected:
  ServeRequest Request(const std::string& method, const std::string& target,
                       const std::string& body) {
    ServeRequest request;
    request.method = method;
    request.host = "127.0.0.1";
    if (!body.empty()) request.content_type = "application/json; charset=utf-8";
    request.body = body;
    EXPECT_TRUE(ParseTarget(target, &request));
    return request;
  }
  json Post(const std::string& target, const std::string& body, int status = 200) {
    return Ask(Request("POST", target, body), status);
  }
  json Get(const std::string& target, int status = 200) {
    return Ask(Request("GET", target, ""), status);
  }
  json Ask(const ServeRequest& request, int status = 200) {
    const ServeResponse response = api_.Handle(request);
    EXPECT_EQ(response.status, status) << request.path << " " << request.body << response.body;
    return json::parse(response.body);
  }
  std::string Of(const std::string& what) {
    return "/api/v1/incidents/" + fake_.rows[0].id + "/" + what;
  }
  FakeBackend fake_;
  Api api_{fake_.Make(), Secret()};
};

TEST_F(OperationsTest, EachActionReachesTheProgramWithAuthorAndText) {
  const json done = Post(Of("acknowledge"), R"({"author":"ana","text":"on it"})");
  EXPECT_EQ(done["done"], "acknowledged");
  EXPECT_EQ(done["incident"], fake_.rows[0].id);
  Post(Of("resolve"), R"({"author":"ana"})");
  Post(Of("note"), R"({"author":"ben","text":"two\nlines"})");
  Post(Of("assign"), R"({"author":"ben","owner":"cy"})");
  Post(Of("merge"), R"({"into":"INC-2"})");
  ASSERT_EQ(fake_.actions.size(), 5u);
  EXPECT_EQ(fake_.actions[0].kind, Kind::kAcknowledge);
  EXPECT_EQ(fake_.actions[0].incident, fake_.rows[0].id);
  EXPECT_EQ(fake_.actions[0].author, "ana");
  EXPECT_EQ(fake_.actions[0].text, "on it");
  EXPECT_EQ(fake_.actions[1].kind, Kind::kResolve);
  EXPECT_EQ(fake_.actions[2].kind, Kind::kNote);
  EXPECT_EQ(fake_.actions[2].text, "two\nlines");
  EXPECT_EQ(fake_.actions[3].kind, Kind::kAssign);
  EXPECT_EQ(fake_.actions[3].text, "cy");
  EXPECT_EQ(fake_.actions[4].kind, Kind::kMerge);
  EXPECT_EQ(fake_.actions[4].into, "INC-2");
  EXPECT_EQ(fake_.actions[4].author, "somebody");
}

TEST_F(OperationsTest, ActionsAreKnownByTheirIdempotencyKey) {
  ServeRequest request = Request("POST", Of("acknowledge"), "");
  Ask(request);
  Ask(request);
  EXPECT_NE(fake_.actions[0].id, fake_.actions[1].id);
  request.idempotency_key = "k1";
  Ask(request);
  const json again = Ask(request);
  EXPECT_EQ(fake_.actions[2].id, fake_.actions[3].id);
  EXPECT_EQ(again["action_id"], fake_.actions[3].id);
  request.path = Of("resolve");
  Ask(request);
  EXPECT_NE(fake_.actions[4].id, fake_.actions[3].id) << "another action with the same key";
  ServeRequest silence =
      Request("POST", "/api/v1/silences", R"({"matchers":["component=etcd"],"for":"1h"})");
  silence.idempotency_key = "k1";
  EXPECT_EQ(Ask(silence)["id"], Ask(silence)["id"]);
}

TEST_F(OperationsTest, TheAuthorIsTheUserOfBasicAuthentication) {
  Api locked(fake_.Make(), Secret("t0ken"));
  ServeRequest request = Request("POST", Of("acknowledge"), "");
  request.authorization = "Basic " + absl::Base64Escape("ana:t0ken");
  EXPECT_EQ(locked.Handle(request).status, 200);
  EXPECT_EQ(fake_.actions.back().author, "ana");
  request.body = R"({"author":"ben"})";
  request.content_type = "application/json";
  EXPECT_EQ(locked.Handle(request).status, 200);
  EXPECT_EQ(fake_.actions.back().author, "ben");
  request.authorization = "Bearer t0ken";
  request.body.clear();
  EXPECT_EQ(locked.Handle(request).status, 200);
  EXPECT_EQ(fake_.actions.back().author, "somebody");
  request.authorization.clear();
  EXPECT_EQ(locked.Handle(request).status, 401);
}

TEST_F(OperationsTest, MistakesNameTheFieldAndWhatWasExpected) {
  struct Case {
    std::string target, body, field, expected;
  };
  const std::string long_text(9000, 'x');
  for (const Case& c : std::vector<Case>{
           {Of("note"), "{}", "text", "a text of 1 to 8000 bytes"},
           {Of("note"), R"({"text":""})", "text", "a text"},
           {Of("note"), R"({"text":" \n"})", "text", "a text"},
           {Of("note"), R"({"text":7})", "text", "a text"},
           {Of("note"), R"({"text":"\u001b[2J"})", "text", "a text"},
           {Of("note"), R"({"text":")" + long_text + "\"}", "text", "8000"},
           {Of("note"), R"({"text":"x","auther":"ana"})", "auther", "author, text"},
           {Of("acknowledge"), R"({"author":["ana"]})", "author", "a text"},
           {Of("assign"), R"({"author":"ana"})", "owner", "a text"},
           {Of("merge"), "{}", "into", "a text"},
           {"/api/v1/silences", R"({"for":"2h"})", "matchers", "component=etcd"},
           {"/api/v1/silences", R"({"matchers":[],"for":"2h"})", "matchers", "a list"},
           {"/api/v1/silences", R"({"matchers":["etcd"],"for":"2h"})", "matchers", "label=value"},
           {"/api/v1/silences", R"({"matchers":["a=~("],"for":"2h"})", "matchers", "label=~regex"},
           {"/api/v1/silences", R"({"matchers":["a=b",3],"for":"2h"})", "matchers", "texts"},
           {"/api/v1/silences", R"({"matchers":["a=b"]})", "end", "'for'"},
           {"/api/v1/silences", R"({"matchers":["a=b"],"for":"2"})", "for", "unit"},
           {"/api/v1/silences", R"({"matchers":["a=b"],"for":"-2h"})", "for", "unit"},
           {"/api/v1/silences", R"({"matchers":["a=b"],"end":"tomorrow"})", "end", "moment"},
           {"/api/v1/silences", R"({"matchers":["a=b"],"end":"2001-01-01T00:00:00Z"})", "end",
            "still to come"},
           {"/api/v1/silences/preview", "{}", "matchers", "component=etcd"},
           {"/api/v1/drill", R"({"sinks":{}})", "sinks", "a list"},
       }) {
    const json error = Post(c.target, c.body, 400)["error"];
    EXPECT_EQ(error["code"], "bad_field") << c.body;
    EXPECT_EQ(error["field"], c.field) << c.body;
    EXPECT_THAT(error["expected"], HasSubstr(c.expected)) << c.body;
    EXPECT_THAT(error["message"], HasSubstr("'" + c.field + "'")) << c.body;
  }
  for (const char* body : {"[]", "{", "7", "\"x\""})
    EXPECT_EQ(Post(Of("acknowledge"), body, 400)["error"]["code"], "bad_request") << body;
  EXPECT_TRUE(fake_.actions.empty());
}

TEST_F(OperationsTest, AFormOfAnotherPageIsNoAction) {
  for (const char* type :
       {"application/x-www-form-urlencoded", "text/plain", "multipart/form-data"}) {
    ServeRequest request = Request("POST", Of("resolve"), "{}");
    request.content_type = type;
    Ask(request, 415);
    request.body.clear();
    Ask(request, 415);
  }
  ServeRequest request = Request("POST", Of("resolve"), "{}");
  request.origin = "http://evil.example";
  Ask(request, 403);
  request = Request("DELETE", "/api/v1/silences/x", "");
  request.fetch_site = "cross-site";
  Ask(request, 403);
  EXPECT_TRUE(fake_.actions.empty());
}

TEST_F(OperationsTest, WhatTheProgramSaysHasItsStatus) {
  const auto with = [&](const absl::Status& status) {
    fake_.act_result = status;
    return api_.Handle(Request("POST", Of("resolve"), "")).status;
  };
  EXPECT_EQ(with(absl::NotFoundError("no incident")), 404);
  EXPECT_EQ(with(absl::FailedPreconditionError("resolved already")), 409);
  EXPECT_EQ(with(absl::InvalidArgumentError("no such")), 400);
  EXPECT_EQ(with(absl::DeadlineExceededError("later")), 504);
  EXPECT_EQ(with(absl::UnavailableError("stopping")), 503);
  for (const char* path : {"/api/v1/silences/preview", "/api/v1/silences"})
    EXPECT_EQ(Post(path,
                   R"({"matchers":["a=b"])" +
                       std::string(std::string(path).ends_with("w") ? "}" : R"(,"for":"1h"})"),
                   503)["error"]["message"],
              "stopping");
  Post("/api/v1/drill", "", 503);
}

TEST_F(OperationsTest, WithoutAPlannerThereIsNothingToDo) {
  ServeBackend bare = fake_.Make();
  bare.act = nullptr;
  bare.silences = nullptr;
  bare.preview = nullptr;
  bare.drill = nullptr;
  bare.destinations = nullptr;
  bare.journal = nullptr;
  Api api(bare, Secret());
  for (const auto& [method, target, body] : std::vector<std::array<std::string, 3>>{
           {"POST", Of("acknowledge"), ""},
           {"POST", "/api/v1/silences", R"({"matchers":["a=b"],"for":"1h"})"},
           {"POST", "/api/v1/silences/preview", R"({"matchers":["a=b"]})"},
           {"DELETE", "/api/v1/silences/x", ""},
           {"POST", "/api/v1/drill", ""},
           {"GET", "/api/v1/silences", ""},
           {"GET", "/api/v1/destinations", ""},
           {"GET", Of("journal"), ""}})
    EXPECT_EQ(api.Handle(Request(method, target, body)).status, 501) << target;
}

TEST_F(OperationsTest, SilencesAreAddedListedAndExpired) {
  const json added = Post("/api/v1/silences",
                          R"({"matchers":["component=etcd","severity=~\"warn.*\""],"for":"2h",
                              "author":"ana","comment":"upgrade"})");
  EXPECT_EQ(added["state"], "active");
  EXPECT_EQ(added["start"], "2026-11-21T06:51:05.123Z");
  EXPECT_EQ(added["end"], "2026-11-21T08:51:05.123Z");
  const SilenceSpec& spec = fake_.actions.at(0).silence;
  EXPECT_EQ(spec.start, kNoTime) << "from when the program hears of it";
  EXPECT_EQ(spec.end, kFakeNow + 2 * kHourUs);
  EXPECT_THAT(added["matchers"], ElementsAre("component=\"etcd\"", "severity=~\"warn.*\""));
  const json later = Post("/api/v1/silences",
                          R"({"matchers":["team=db"],"start":"2026-11-22T00:00:00Z","for":"30m"})");
  EXPECT_EQ(later["state"], "pending");
  EXPECT_EQ(later["end"], "2026-11-22T00:30:00.000Z");
  const json all = Get("/api/v1/silences")["silences"];
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["id"], added["id"]);
  EXPECT_EQ(all[0]["author"], "ana");
  EXPECT_EQ(all[0]["comment"], "upgrade");
  EXPECT_EQ(all[1]["state"], "pending");
  const std::string path = "/api/v1/silences/" + added["id"].get<std::string>();
  EXPECT_EQ(Ask(Request("DELETE", path, ""))["done"], "expired");
  Ask(Request("DELETE", path, ""), 404);
  EXPECT_EQ(Get("/api/v1/silences")["silences"].size(), 1u);
}

TEST_F(OperationsTest, WhereLogsAreAheadOfTheClockASilenceCountsFromThem) {
  fake_.stats.newest = kFakeNow + kDayUs;
  Post("/api/v1/silences", R"({"matchers":["a=b"],"for":"1h"})");
  EXPECT_EQ(fake_.actions[0].silence.end, kFakeNow + kDayUs + kHourUs);
}

TEST_F(OperationsTest, APreviewNamesWhatWouldBeMuted) {
  const json found = Post("/api/v1/silences/preview", R"({"matchers":"component=etcd"})");
  EXPECT_EQ(found["incidents"][0]["id"], fake_.rows[0].id);
  EXPECT_EQ(found["incidents"][0]["severity"], "critical");
  EXPECT_THAT(found["incidents"][0]["title"], HasSubstr("etcd is down"));
  EXPECT_EQ(found["incidents"][1]["title"], "") << "known to the planner, no longer stored";
  EXPECT_EQ(MatcherText(fake_.previewed.at(0)), "component=\"etcd\"");
}

TEST_F(OperationsTest, ADrillShowsEachReceipt) {
  fake_.receipts.push_back({"pager", DeliveryOutcome::kRejected, "", "answers 403"});
  const json found = Post("/api/v1/drill", R"({"sinks":["slack","pager"]})");
  EXPECT_EQ(found["delivered"], false);
  EXPECT_EQ(found["receipts"][0]["outcome"], "delivered");
  EXPECT_EQ(found["receipts"][1]["error"], "answers 403");
  EXPECT_THAT(fake_.drilled, ElementsAre("slack", "pager"));
  fake_.receipts.pop_back();
  EXPECT_EQ(Post("/api/v1/drill", "")["delivered"], true);
  EXPECT_TRUE(fake_.drilled.empty());
}

TEST_F(OperationsTest, DestinationsAndJournalAreShown) {
  const json destinations = Get("/api/v1/destinations")["destinations"];
  EXPECT_EQ(destinations[0]["state"], "ok");
  EXPECT_EQ(destinations[0]["failed_at"], nullptr);
  EXPECT_EQ(destinations[1]["state"], "rejected");
  EXPECT_EQ(destinations[1]["reason"], "auth");
  Post(Of("acknowledge"), R"({"author":"ana"})");
  const json journal = Get(Of("journal"))["journal"];
  ASSERT_EQ(journal.size(), 2u);
  EXPECT_EQ(journal[0]["event"], "opened");
  EXPECT_EQ(journal[1]["author"], "ana");
  EXPECT_EQ(journal[1]["after"], "acknowledged");
  EXPECT_EQ(Get("/api/v1/incidents/" + fake_.rows[1].id + "/journal")["journal"].size(), 0u);
  Get("/api/v1/incidents/none/journal", 404);
  fake_.store = absl::UnavailableError("disk is slow");
  Get(Of("journal"), 503);
}

TEST_F(OperationsTest, OtherMethodsAreRefusedWithThoseThatAre) {
  const auto allow = [&](const std::string& method, const std::string& path) {
    const ServeResponse response = api_.Handle(Request(method, path, ""));
    EXPECT_EQ(response.status, 405) << method << path;
    for (const auto& [name, value] : response.headers)
      if (name == "Allow") return value;
    return std::string();
  };
  EXPECT_EQ(allow("PUT", "/api/v1/silences"), "GET, HEAD, POST");
  EXPECT_EQ(allow("GET", "/api/v1/drill"), "POST");
  EXPECT_EQ(allow("GET", Of("acknowledge")), "POST");
  EXPECT_EQ(allow("POST", "/api/v1/silences/x"), "DELETE");
  EXPECT_EQ(api_.Handle(Request("POST", Of("delete"), "")).status, 404);
  EXPECT_EQ(api_.Handle(Request("POST", "/api/v1/incidents//note", "")).status, 404);
}

}  // namespace
}  // namespace culprit
