#include "engine/serve/api.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "engine/serve/desk_incident.h"
#include "engine/serve/serve_files.h"
#include "tests/fakes/serve_backend.h"

namespace culprit {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class ApiTest : public testing::Test {
 protected:
  ServeResponse Get(const std::string& target, const std::string& method = "GET") {
    ServeRequest request;
    request.method = method;
    request.host = "127.0.0.1";
    EXPECT_TRUE(ParseTarget(target, &request));
    return api_.Handle(request);
  }
  json GetJson(const std::string& target, int status = 200) {
    const ServeResponse response = Get(target);
    EXPECT_EQ(response.status, status) << target << response.body;
    EXPECT_EQ(response.type, "application/json");
    return json::parse(response.body);
  }
  FakeBackend fake_;
  Api api_{fake_.Make(), Secret()};
};

TEST_F(ApiTest, ReadyNamesWhatIsWrong) {
  EXPECT_EQ(GetJson("/-/ready")["ready"], true);
  fake_.reload = {false, kFakeNow, "culprit.yaml:3: unknown key 'sorces'"};
  fake_.stats.sources[0].health.state = SourceState::kFailing;
  fake_.stats.sources[0].health.detail = "broker kafka:9092: connection refused";
  json ready = GetJson("/-/ready");
  EXPECT_EQ(ready["ready"], true) << "the old configuration and the other source go on";
  EXPECT_EQ(ready["warnings"].size(), 2u);
  EXPECT_EQ(ready["warnings"][1]["name"], "kafka-main");
  fake_.stats.sources[1].health.state = SourceState::kFailing;
  ready = GetJson("/-/ready", 503);
  EXPECT_EQ(ready["reasons"].size(), 2u);
  fake_.stats.sources.clear();
  fake_.stats.ready = false;
  fake_.stats.not_ready = "state: disk full";
  ready = GetJson("/-/ready", 503);
  EXPECT_EQ(ready["reasons"][0]["what"], "state");
  EXPECT_EQ(ready["reasons"][0]["detail"], "state: disk full");
  EXPECT_EQ(GetJson("/-/healthy")["healthy"], true) << "alive nonetheless";
}

TEST_F(ApiTest, ARefusedDestinationIsSeenAndLeavesItReady) {
  fake_.stats.destinations = fake_.destinations;
  const json ready = GetJson("/-/ready");
  EXPECT_EQ(ready["ready"], true);
  ASSERT_EQ(ready["warnings"].size(), 1u);
  EXPECT_EQ(ready["warnings"][0]["what"], "sink");
  EXPECT_EQ(ready["warnings"][0]["name"], "pager");
  EXPECT_EQ(ready["warnings"][0]["detail"], "rejected: events.pagerduty.com answers 403");
  const json status = GetJson("/api/v1/status");
  ASSERT_EQ(status["destinations"].size(), 2u);
  EXPECT_EQ(status["destinations"][0]["delivered"], 7);
}

TEST_F(ApiTest, ProbesNeedNoTokenAndGetNoDetails) {
  Api locked(fake_.Make(), Secret("t"));
  ServeRequest request;
  request.method = "GET";
  request.host = "pod.example";
  request.path = "/-/ready";
  EXPECT_EQ(locked.Handle(request).body, "{\"ready\":true}\n");
  request.path = "/-/healthy";
  EXPECT_EQ(locked.Handle(request).status, 200);
  for (const char* path : {"/", "/metrics", "/api/v1/status", "/api/v1/state", "/nowhere"}) {
    request.path = path;
    EXPECT_EQ(locked.Handle(request).status, 401) << path;
  }
}

TEST_F(ApiTest, ReloadsOnPostOnly) {
  EXPECT_EQ(Get("/-/reload").status, 405);
  EXPECT_EQ(fake_.reloads, 0);
  fake_.reload.needs_restart = {"sources", "state"};
  const ServeResponse done = Get("/-/reload", "POST");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body, "{\"needs_restart\":[\"sources\",\"state\"],\"reloaded\":true}\n");
  fake_.reload_result = absl::InvalidArgumentError("culprit.yaml:3: unknown key");
  const ServeResponse failed = Get("/-/reload", "POST");
  EXPECT_EQ(failed.status, 422);
  EXPECT_THAT(failed.body, HasSubstr("culprit.yaml:3: unknown key"));
  EXPECT_EQ(fake_.reloads, 2);
}

TEST_F(ApiTest, ListsIncidentsAsStored) {
  const json all = GetJson("/api/v1/incidents");
  ASSERT_EQ(all["incidents"].size(), 2u);
  EXPECT_EQ(all["more"], false);
  EXPECT_EQ(all["incidents"][0], json::parse(fake_.rows[0].json));
  EXPECT_EQ(GetJson("/api/v1/incidents?state=resolved")["incidents"].size(), 1u);
  EXPECT_EQ(GetJson("/api/v1/incidents?limit=1")["more"], true);
  for (const char* bad : {"?limit=0", "?limit=501", "?limit=x", "?state=closed", "?stat=open"})
    GetJson(std::string("/api/v1/incidents") + bad, 400);
  EXPECT_EQ(GetJson("/api/v1/incidents/" + fake_.rows[1].id)["state"], "resolved");
  EXPECT_EQ(GetJson("/api/v1/incidents/INC-none", 404)["error"]["code"], "not_found");
  fake_.store = absl::UnavailableError("disk is slow");
  EXPECT_EQ(GetJson("/api/v1/incidents", 503)["error"]["message"], "disk is slow");
  GetJson("/api/v1/incidents/INC-x", 503);
}

TEST_F(ApiTest, StatusAndSourcesShowTheSnapshot) {
  const json status = GetJson("/api/v1/status");
  EXPECT_EQ(status["lines"], 1'234'567);
  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["watermark_delay_seconds"], 5.0);
  EXPECT_EQ(status["signatures"][0]["id"], "generic/refused");
  EXPECT_EQ(status["scan_reasons"]["late"], 3);
  const json sources = GetJson("/api/v1/sources");
  EXPECT_EQ(sources["sources"][0]["state"], "lagging");
  EXPECT_EQ(sources["sources"][1]["lag"], nullptr);
  EXPECT_EQ(GetJson("/api/v1/state")["dump"], true);
}

TEST_F(ApiTest, PagesEscapeWhatLogsSay) {
  Incident evil = FakeIncident("INC-20261121T060000Z-deadbeef", IncidentState::kOpen);
  evil.title = "<script>alert(1)</script>";
  evil.root.component = "\"><img src=x>";
  fake_.Add(evil);
  const ServeResponse desk = Get("/");
  EXPECT_EQ(desk.type, "text/html; charset=utf-8");
  EXPECT_THAT(desk.body, HasSubstr("2 open incidents"));
  EXPECT_THAT(desk.body, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(desk.body, Not(HasSubstr("<script")));
  EXPECT_THAT(desk.body, Not(HasSubstr("<img")));
  EXPECT_THAT(desk.body, HasSubstr("href=\"/incidents/INC-20261121T060000Z-deadbeef\""));
  const ServeResponse page = Get("/incidents/INC-20261121T060000Z-deadbeef");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("data-home=\"/\""));
  EXPECT_THAT(page.body, Not(HasSubstr("<script>alert(1)")));
  EXPECT_THAT(page.headers, testing::Contains(testing::Pair("Content-Security-Policy",
                                                            HasSubstr("default-src 'none'"))));
  const ServeResponse none = Get("/incidents/%3Cscript%3E");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.body, Not(HasSubstr("<script")));
}

TEST_F(ApiTest, PagesShowWhoHasItAndWhatHappened) {
  const std::string page = "/incidents/" + fake_.rows[0].id;
  EXPECT_THAT(Get(page).body, HasSubstr("\"headline\":\"Nobody has it, open\""));
  EXPECT_THAT(Get("/").body, HasSubstr("Nobody has it, open"));
  fake_.journal.push_back(
      {fake_.rows[0].id, 2, kFakeNow, "acknowledged", "open", "acknowledged", "</script>ana", ""});
  const std::string body = Get(page).body;
  EXPECT_THAT(body, HasSubstr("\"acts\":true"));
  EXPECT_THAT(body, HasSubstr("\\u003c/script>ana has it"));
  EXPECT_THAT(body, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(Get("/").body, HasSubstr("&lt;/script&gt;ana has it"));
  ServeBackend bare = fake_.Make();
  bare.act = nullptr;
  bare.journal = nullptr;
  Api api(bare, Secret());
  ServeRequest request;
  request.method = "GET";
  request.host = "127.0.0.1";
  request.path = page;
  EXPECT_THAT(api.Handle(request).body, HasSubstr("\"acts\":false"));
}

TEST(DeskLife, FollowsTheJournal) {
  std::vector<JournalRow> journal;
  const auto after = [&](const char* event, const char* state, const char* author,
                         const char* text) {
    journal.push_back({"i", journal.size() + 1, kFakeNow + static_cast<TimeUs>(journal.size()),
                       event, "", state, author, text});
    return LifeHeadline(LifeOf(journal), FakeIncident("i", IncidentState::kOpen));
  };
  EXPECT_EQ(after("opened", "open", "", ""), "Nobody has it, open");
  EXPECT_EQ(after("acknowledged", "acknowledged", "ana", ""), "ana has it");
  EXPECT_EQ(after("note", "acknowledged", "ben", "looks bad"), "ana has it");
  EXPECT_EQ(after("note", "acknowledged", "ana", "owner: cy"), "cy has it");
  EXPECT_EQ(after("muted", "muted", "", "silence 7 by ana"), "cy has it, muted");
  EXPECT_EQ(LifeOf(journal).text, "silence 7 by ana");
  EXPECT_EQ(after("resolved", "resolved", "cy", ""), "resolved by cy");
  EXPECT_EQ(after("reopened", "open", "", ""), "Nobody has it, open");
  EXPECT_EQ(LifeHeadline(LifeOf({}), FakeIncident("i", IncidentState::kResolved)), "resolved");
}

TEST_F(ApiTest, OneUnreadableRowDoesNotHideTheOthers) {
  fake_.rows.push_back({"INC-x", 1, "open", 0, 0, "garbage"});
  EXPECT_THAT(Get("/").body, HasSubstr("1 stored incident cannot be read."));
  EXPECT_THAT(Get("/").body, HasSubstr("1 open incident"));
  EXPECT_EQ(Get("/incidents/INC-x").status, 500);
}

TEST_F(ApiTest, TapRefusesFiltersThatCannotWork) {
  EXPECT_TRUE(Get("/api/v1/tap?grep=refused").tap);
  GetJson("/api/v1/tap?grep=%28", 400);
  GetJson("/api/v1/tap?gerp=x", 400);
}

TEST_F(ApiTest, TheDocumentNamesEveryPathAndField) {
  const json document = GetJson("/api/v1/openapi.json");
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::vector<std::pair<std::string, std::string>> documented;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      documented.emplace_back(absl::AsciiStrToUpper(method), path);
      EXPECT_TRUE(operation.contains("summary")) << path;
      for (const auto& [status, answer] : operation["responses"].items())
        EXPECT_TRUE(answer.contains("content")) << path << status;
    }
    if (!methods.contains("get")) continue;
    std::string target = path;
    if (const size_t at = target.find("{id}"); at != std::string::npos)
      target.replace(at, 4, fake_.rows[0].id);
    const ServeResponse response = Get(target);
    EXPECT_EQ(response.status, 200) << path;
    const json content = methods["get"]["responses"]["200"]["content"];
    EXPECT_EQ(response.type.substr(0, response.type.find(';')), content.begin().key()) << path;
  }
  EXPECT_THAT(documented, testing::UnorderedElementsAreArray(Api::Routes()));
  const auto expect_fields = [&](const json& value, const std::string& schema) {
    const json properties = document["components"]["schemas"][schema]["properties"];
    for (const auto& [name, field] : value.items())
      EXPECT_TRUE(properties.contains(name)) << schema << "." << name;
    for (const json& name : document["components"]["schemas"][schema]["required"])
      EXPECT_TRUE(value.contains(name)) << schema << "." << name;
  };
  expect_fields(GetJson("/api/v1/status"), "Status");
  expect_fields(GetJson("/api/v1/sources")["sources"][0], "Source");
  expect_fields(GetJson("/-/ready"), "Ready");
  expect_fields(GetJson("/api/v1/incidents/none", 404), "Error");
  const auto post = [&](const std::string& target, const std::string& body) {
    ServeRequest request;
    request.method = "POST";
    request.host = "127.0.0.1";
    request.content_type = "application/json";
    request.body = body;
    EXPECT_TRUE(ParseTarget(target, &request));
    return json::parse(api_.Handle(request).body);
  };
  const std::string incident = "/api/v1/incidents/" + fake_.rows[0].id;
  expect_fields(post(incident + "/acknowledge", "{}"), "Done");
  expect_fields(post("/api/v1/silences", R"({"matchers":["a=b"],"for":"1h"})"), "Silence");
  expect_fields(GetJson("/api/v1/silences")["silences"][0], "Silence");
  expect_fields(post("/api/v1/silences/preview", R"({"matchers":["a=b"]})")["incidents"][0],
                "Muted");
  expect_fields(GetJson(incident + "/journal")["journal"][0], "JournalEntry");
  expect_fields(post("/api/v1/drill", ""), "Drill");
  expect_fields(GetJson("/api/v1/destinations")["destinations"][0], "Destination");
}

TEST(TapFilter, WantsWhatHoldsAll) {
  const auto wants = [](const std::string& query, const TapSignal& signal) {
    ServeRequest request;
    EXPECT_TRUE(ParseTarget("/api/v1/tap?" + query, &request));
    const auto filter = TapFilter::Make(request);
    EXPECT_TRUE(filter.ok()) << filter.status();
    return filter->Wants(signal);
  };
  const TapSignal signal = FakeSignal("nginx/5xx", "web", "GET /a 502");
  for (const char* yes : {"", "signature=nginx/5xx", "signature=nginx/*", "component=web",
                          "source=files", "grep=5..$", "grep=GET&component=web"})
    EXPECT_TRUE(wants(yes, signal)) << yes;
  for (const char* no : {"signature=nginx/", "signature=etcd/*", "component=we", "source=kafka",
                         "grep=POST", "grep=GET&component=api"})
    EXPECT_FALSE(wants(no, signal)) << no;
}

}  // namespace
}  // namespace culprit
