#include "engine/pipeline/replay.h"

#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_format.h"
#include "engine/config/pack_loader.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr char kPack[] = R"(pack: shop
components:
  db: { kind: store, ports: [5432] }
  orders: { depends_on: [db] }
  web: { depends_on: [orders] }
signatures:
  - id: shop/db-refused
    title: the database refuses connections
    regex: 'connect (?P<host>[0-9.]+):(?P<port>\d+): refused'
    class: refused
    target: '{host}:{port}'
    match: ['connect 10.0.0.5:5432: refused']
    no_match: ['connect 10.0.0.5:5432: ok']
  - id: shop/orders-failed
    title: orders answers with an error
    regex: 'upstream orders answered 500'
    class: dep_error
    target: orders
    match: ['upstream orders answered 500']
    no_match: ['upstream orders answered 200']
  - id: shop/any-error
    title: an error line
    regex: '\bERROR\b'
    class: self_error
    weak: true
    by_template: true
    match: ['ERROR x']
    no_match: ['INFO x']
failure_modes:
  - id: shop/db-down
    component: db
    title: the database is down
    explains:
      - { signature: shop/db-refused, at: orders, likelihood: often }
      - { signature: shop/orders-failed, at: web, likelihood: often }
    impact: Nobody can order.
    runbook:
      immediate: [ { say: Look at the database., run: 'pg_isready -h {host} -p {port|5432}' } ]
)";

Engine ShopEngine() {
  auto knowledge = LoadKnowledge({{"shop/pack.yaml", kPack, true}});
  EXPECT_TRUE(knowledge.ok()) << knowledge.status();
  auto engine = Engine::Build(*knowledge);
  EXPECT_TRUE(engine.ok()) << engine.status();
  return *std::move(engine);
}

std::string At(int second) {
  return absl::StrFormat("2026-11-21T06:%02d:%02d.%03dZ", second / 60, second % 60,
                         second * 37 % 1000);
}

// Ten minutes of three services; the database is gone from minute six.
std::vector<std::pair<std::string, std::string>> Outage() {
  std::string web, orders, db;
  for (int s = 0; s < 600; ++s) {
    web += At(s) + " INFO web GET /cart 200\n";
    orders += At(s) + " INFO orders listed\n";
    if (s < 360) db += At(s) + " LOG db checkpoint\n";
    if (s >= 362) orders += At(s) + " ERROR orders connect 10.0.0.5:5432: refused\n";
    if (s >= 364) web += At(s) + " ERROR web upstream orders answered 500\n";
  }
  return {{"logs/web.log", web}, {"logs/orders.log", orders}, {"logs/db.log", db}};
}

Report ReplayOf(std::vector<std::pair<std::string, std::string>> streams,
                const ReplayOptions& options) {
  const Engine engine = ShopEngine();
  ScanProgress progress;
  auto report = Replay(MemoryUnits(std::move(streams)), engine, options, &progress,
                       [](ReplayPhase, double) {});
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

TEST(Replay, NamesTheRootWhatItTookDownAndTheFirstStep) {
  const Report report = ReplayOf(Outage(), ReplayOptions());
  ASSERT_EQ(report.incidents.size(), 1u) << RenderJson(report);
  const Incident& incident = report.incidents[0];
  EXPECT_EQ(incident.root.component, "db");
  EXPECT_EQ(incident.root.failure_mode, "shop/db-down");
  EXPECT_EQ(incident.affected, (std::vector<std::string>{"orders", "web"}));
  ASSERT_FALSE(incident.runbook.immediate.empty());
  EXPECT_EQ(incident.runbook.immediate[0].run, "pg_isready -h 10.0.0.5 -p 5432");
  EXPECT_EQ(report.stats.lines, 600u + 600 + 360 + 238 + 236);
  EXPECT_EQ(report.stats.signals, 238u + 236) << "weak ones do not count beside stronger ones";
  EXPECT_EQ(report.stats.reasons.Get(Reason::kWeakSuppressed), 238u + 236);
}

TEST(Replay, EvidenceCitesTheExactBytes) {
  const auto streams = Outage();
  const Report report = ReplayOf(streams, ReplayOptions());
  ASSERT_EQ(report.incidents.size(), 1u);
  ASSERT_FALSE(report.incidents[0].evidence.empty());
  for (const Evidence& e : report.incidents[0].evidence) {
    const std::string& name = report.streams[e.position.partition].name;
    for (const auto& [stream, text] : streams) {
      if (stream != name) continue;
      EXPECT_EQ(text.substr(e.position.offset, e.position.length), e.line);
    }
  }
}

TEST(Replay, SameBytesForAnyOrderWorkersAndMemory) {
  const std::string expected = RenderJson(ReplayOf(Outage(), ReplayOptions()));
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    auto streams = Outage();
    std::shuffle(streams.begin(), streams.end(), std::mt19937_64(seed));
    ReplayOptions options;
    options.scan.workers = static_cast<int>(seed);
    options.reason.interleave_seed = seed;
    options.log_memory_bytes = seed % 2 ? 0 : 1 << 20;
    EXPECT_EQ(RenderJson(ReplayOf(std::move(streams), options)), expected) << seed;
  }
}

// One big stream beside small ones, in blocks of few lines: workers help each other.
TEST(Replay, SameBytesForAnyNumberOfWorkersInsideAStream) {
  auto streams = Outage();
  std::string both;
  for (size_t web = 0, orders = 0; web < streams[0].second.size();) {
    for (auto [at, text] : {std::pair(&web, &streams[0].second), {&orders, &streams[1].second}}) {
      if (*at >= text->size()) continue;
      const size_t end = text->find('\n', *at) + 1;
      both.append(*text, *at, end - *at);
      if (*at % 7 == 0) both += "    at com.shop.Orders.list(Orders.java:17)\n";
      *at = end;
    }
  }
  streams = {{"logs/all.log", both}, {"logs/db.log", streams[2].second}, {"logs/none.log", ""}};
  for (const size_t block_bytes : {200, 1000, 5000, 1 << 18}) {
    ReplayOptions options;
    options.scan.block_bytes = block_bytes;
    const std::string expected = RenderJson(ReplayOf(streams, options));
    for (const int workers : {2, 3, 8}) {
      options.scan.workers = workers;
      EXPECT_EQ(RenderJson(ReplayOf(streams, options)), expected) << block_bytes << " " << workers;
    }
  }
}

TEST(Replay, QuietLogsMakeNoIncident) {
  auto streams = Outage();
  for (auto& [name, text] : streams) {
    std::string quiet;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at) + 1;
      if (text.find("ERROR", at) >= end) quiet += text.substr(at, end - at);
      at = end;
    }
    text = quiet;
  }
  const Report report = ReplayOf(std::move(streams), ReplayOptions());
  for (const Incident& i : report.incidents)
    EXPECT_EQ(i.state, IncidentState::kSuspected) << i.title;
}

TEST(Replay, CountsWhatLiesOutsideTheRange) {
  ReplayOptions options;
  options.scan.signals.until = 0;
  const Report report = ReplayOf(Outage(), options);
  EXPECT_EQ(report.stats.signals, 0u);
  EXPECT_GT(report.stats.reasons.Get(Reason::kOutsideRange), 400u);
  EXPECT_TRUE(report.incidents.empty());
}

TEST(Replay, SecretsOfTheLogsAreNotInTheReport) {
  auto knowledge = LoadKnowledge({{"shop/pack.yaml", kPack, true}});
  ASSERT_TRUE(knowledge.ok()) << knowledge.status();
  std::string orders;
  std::string web;
  for (int i = 0; i < 20; ++i) {
    absl::StrAppendFormat(&orders,
                          "2026-11-21T06:51:%02dZ connect 10.0.0.5:5432: refused for "
                          "postgres://app:hunter2-%d@db/shop\n",
                          i, i);
    absl::StrAppendFormat(&web,
                          "2026-11-21T06:51:%02dZ upstream orders answered 500 "
                          "api_key=0123456789abcdef%d\n",
                          i, i);
  }
  const auto render = [&](const RedactOptions& redact) {
    auto engine = Engine::Build(*knowledge, redact);
    EXPECT_TRUE(engine.ok());
    ScanProgress progress;
    auto report = Replay(MemoryUnits({{"orders.log", orders}, {"web.log", web}}), *engine,
                         ReplayOptions(), &progress, [](ReplayPhase, double) {});
    EXPECT_TRUE(report.ok());
    return RenderJson(*report);
  };
  const std::string open = render({.secrets = false});
  EXPECT_NE(open.find("hunter2"), std::string::npos);  // the test sees what it looks for
  const std::string clean = render({});
  EXPECT_EQ(clean.find("hunter2"), std::string::npos);
  EXPECT_EQ(clean.find("0123456789abcdef"), std::string::npos);
  EXPECT_NE(clean.find("[REDACTED:password]"), std::string::npos);
}

}  // namespace
}  // namespace culprit
