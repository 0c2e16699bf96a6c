#include "engine/serve/metrics.h"

#include <gmock/gmock.h>

#include "tests/fakes/serve_backend.h"

namespace culprit {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, ShowTheSnapshot) {
  FakeBackend fake;
  const std::string text = Metrics("1.2.3").Scrape(fake.stats, fake.reload, {}, true);
  for (const char* line :
       {"# TYPE culprit_lines_total counter", "culprit_lines_total 1234567",
        "culprit_signature_hits_total{signature=\"nginx/5xx\"} 300",
        "culprit_signature_hits_total{signature=\"other\"} 0",
        "culprit_reasons_total{half=\"scan\",reason=\"late\"} 3",
        "culprit_source_lag{source=\"kafka-main\",unit=\"messages\"} 1200",
        "culprit_source_state{source=\"kafka-main\",state=\"lagging\"} 1",
        "culprit_source_state{source=\"kafka-main\",state=\"failing\"} 0",
        "culprit_source_events_total{source=\"kafka-main\",event=\"rebalance\"} 2",
        "culprit_watermark_delay_seconds 5", "culprit_commit_duration_seconds 0.0015",
        "culprit_config_last_reload_successful 1", "culprit_build_info{version=\"1.2.3\"} 1",
        "culprit_ready 1", "culprit_process_resident_memory_bytes "})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr("culprit_source_lag{source=\"files\""))) << "not known";
}

TEST(Metrics, ShowHowEachDestinationIs) {
  FakeBackend fake;
  fake.stats.destinations = fake.destinations;
  fake.stats.destinations[0].pending = 2;
  fake.stats.destinations[1].failures = {{"auth", 1}};
  const std::string text = Metrics("1").Scrape(fake.stats, fake.reload, {}, true);
  for (const char* line :
       {"culprit_destination_delivered_total{destination=\"slack\"} 7",
        "culprit_destination_pending{destination=\"slack\"} 2",
        "culprit_destination_rejected_total{destination=\"pager\"} 1",
        "culprit_destination_failures_total{destination=\"pager\",reason=\"auth\"} 1",
        "culprit_destination_state{destination=\"pager\",state=\"rejected\"} 1",
        "culprit_destination_state{destination=\"pager\",state=\"ok\"} 0"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, SignaturesBeyondTheBoundShareOneSeriesAndCountersNeverFall) {
  FakeBackend fake;
  Metrics metrics("1", 2);
  std::string text = metrics.Scrape(fake.stats, fake.reload, {}, true);
  EXPECT_THAT(text, HasSubstr("{signature=\"generic/refused\"} 4000"));
  EXPECT_THAT(text, HasSubstr("{signature=\"nginx/5xx\"} 300"));
  EXPECT_THAT(text, HasSubstr("{signature=\"other\"} 21"));
  fake.stats.signature_hits["etcd/slow"] = 100'000;
  fake.stats.signature_hits["late/comer"] = 5;
  text = metrics.Scrape(fake.stats, fake.reload, {}, true);
  EXPECT_THAT(text, HasSubstr("{signature=\"nginx/5xx\"} 300"));
  EXPECT_THAT(text, HasSubstr("{signature=\"other\"} 100005"));
}

}  // namespace
}  // namespace culprit
