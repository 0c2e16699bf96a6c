#include "engine/serve/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

namespace culprit {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;
using prometheus::MetricType;

double Seconds(int64_t us) { return static_cast<double>(us) / 1e6; }

// Families in the order in which they were begun.
class Page {
 public:
  Page& Counter(const char* name, const char* help) { return Begin(name, help, true); }
  Page& Gauge(const char* name, const char* help) { return Begin(name, help, false); }
  Page& Set(double value, const Labels& labels = {}) {
    prometheus::ClientMetric metric;
    for (const auto& [label, text] : labels) metric.label.push_back({label, text});
    if (families_.back().type == MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  // No sample if the time is not known.
  Page& SetTime(TimeUs time, const Labels& labels = {}) {
    return time == kNoTime ? *this : Set(Seconds(time), labels);
  }
  std::string Text() {
    std::erase_if(families_, [](const auto& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  Page& Begin(const char* name, const char* help, bool counter) {
    prometheus::MetricFamily family;
    family.name = std::string("culprit_") + name;
    family.help = help;
    family.type = counter ? MetricType::Counter : MetricType::Gauge;
    families_.push_back(std::move(family));
    return *this;
  }
  std::vector<prometheus::MetricFamily> families_;
};

double Of(uint64_t n) { return static_cast<double>(n); }

void AddPipeline(const PipelineStats& stats, Page* page) {
  page->Counter("bytes_total", "Bytes of log taken in and committed.").Set(Of(stats.bytes));
  page->Counter("lines_total", "Lines taken in and committed.").Set(Of(stats.lines));
  page->Counter("signals_total", "Lines recognised by a signature.").Set(Of(stats.signals));
  page->Counter("dead_letters_total", "Inputs that could not be used; see culprit dlq.")
      .Set(Of(stats.dead_letters));
  page->Gauge("streams", "Streams that have not ended.").Set(Of(stats.streams));
  page->Gauge("idle_streams", "Streams that are not waited for.").Set(Of(stats.idle_streams));
  page->Gauge("queue_bytes", "Bytes taken from sources and not committed.")
      .Set(Of(stats.queue_bytes));
  page->Gauge("queue_limit_bytes", "Sources wait beyond so many.").Set(Of(stats.queue_limit));
  page->Counter("commits_total", "Transactions of the scan half.").Set(Of(stats.commits));
  page->Counter("commit_failures_total", "Those that failed and were tried again.")
      .Set(Of(stats.failed_commits));
  page->Gauge("commit_duration_seconds", "How long the last commit took.")
      .Set(Seconds(stats.commit_us));
  page->Gauge("reason_backlog_chunks", "Chunks of the signal log not reasoned about yet.")
      .Set(Of(stats.log_seq - std::min(stats.log_seq, stats.reasoned_seq)));
  page->Gauge("newest_event_timestamp_seconds", "Newest event time seen.").SetTime(stats.newest);
  page->Gauge("watermark_timestamp_seconds", "Event time up to which everything is decided.")
      .SetTime(stats.watermark);
  page->Gauge("watermark_delay_seconds", "Newest event time less watermark.");
  if (stats.newest != kNoTime && stats.watermark != kNoTime)
    page->Set(Seconds(stats.newest - stats.watermark));
  page->Gauge("event_delay_seconds", "Wall clock less newest event time.");
  if (stats.newest != kNoTime) page->Set(Seconds(stats.now - stats.newest));
  page->Counter("bursts_total", "Bursts detected.").Set(Of(stats.bursts));
  page->Gauge("open_incidents", "Incidents that are on.").Set(Of(stats.open_incidents));
  page->Counter("checkpoints_total", "Checkpoints of the reason half.").Set(Of(stats.checkpoints));
  page->Gauge("checkpoint_bytes", "Size of the last one.").Set(Of(stats.checkpoint_bytes));
  page->Gauge("checkpoint_duration_seconds", "How long the last one took.")
      .Set(Seconds(stats.checkpoint_us));
  page->Counter("reasons_total", "What was dropped, cut or repaired, by half and reason.");
  for (size_t i = 0; i < kReasonCount; ++i) {
    const Reason reason = static_cast<Reason>(i);
    const std::string name(ReasonName(reason));
    page->Set(Of(stats.scan_reasons.Get(reason)), {{"half", "scan"}, {"reason", name}});
    page->Set(Of(stats.reason_reasons.Get(reason)), {{"half", "reason"}, {"reason", name}});
  }
}

void AddSources(const PipelineStats& stats, Page* page) {
  const auto each = [&](const auto& value) {
    for (const SourceStats& source : stats.sources) value(source, Labels{{"source", source.name}});
  };
  const auto counter = [&](const char* name, const char* help, const auto& value) {
    page->Counter(name, help);
    each([&](const SourceStats& s, const Labels& labels) { page->Set(Of(value(s)), labels); });
  };
  using S = SourceStats;
  counter("source_bytes_total", "Bytes committed.", [](const S& s) { return s.bytes; });
  counter("source_lines_total", "Lines committed.", [](const S& s) { return s.lines; });
  counter("source_signals_total", "Lines recognised.", [](const S& s) { return s.signals; });
  counter("source_dead_letters_total", "Inputs that could not be used.",
          [](const S& s) { return s.dead_letters; });
  counter("source_records_read_total", "Records read, committed or not.",
          [](const S& s) { return s.health.records; });
  counter("source_dropped_total", "Inputs lost because they could not be pushed back (UDP).",
          [](const S& s) { return s.health.dropped; });
  page->Gauge("source_streams", "Streams open now.");
  each([&](const S& s, const Labels& labels) {
    page->Set(static_cast<double>(s.health.streams), labels);
  });
  page->Gauge("source_lag", "What waits outside, in `unit`.");
  each([&](const S& s, Labels labels) {
    if (s.health.lag < 0) return;
    labels.emplace_back("unit", s.health.lag_unit);
    page->Set(static_cast<double>(s.health.lag), labels);
  });
  page->Gauge("source_state", "1 for the state that the source is in, else 0.");
  each([&](const S& s, const Labels& labels) {
    for (auto state = SourceState::kStarting; state <= SourceState::kStopped;
         state = static_cast<SourceState>(static_cast<int>(state) + 1)) {
      Labels with_state = labels;
      with_state.emplace_back("state", SourceStateName(state));
      page->Set(s.health.state == state ? 1 : 0, with_state);
    }
  });
  page->Gauge("source_last_data_timestamp_seconds", "When data last came, by the wall clock.");
  each([&](const S& s, const Labels& labels) { page->SetTime(s.health.last_data, labels); });
  page->Counter("source_events_total", "What this kind of source alone counts.");
  each([&](const S& s, const Labels& labels) {
    for (const auto& [name, n] : s.health.counts) {
      Labels with_event = labels;
      with_event.emplace_back("event", name);
      page->Set(Of(n), with_event);
    }
  });
}

void AddDestinations(const PipelineStats& stats, Page* page) {
  using D = DestinationStatus;
  const auto each = [&](const auto& value) {
    for (const D& d : stats.destinations) value(d, Labels{{"destination", d.name}});
  };
  const auto counter = [&](const char* name, const char* help, uint64_t D::*value) {
    page->Counter(name, help);
    each([&](const D& d, const Labels& labels) { page->Set(Of(d.*value), labels); });
  };
  page->Gauge("destination_pending", "Notifications that wait to be delivered.");
  each([&](const D& d, const Labels& labels) { page->Set(Of(d.pending), labels); });
  counter("destination_delivered_total", "Notifications that the receiver has.", &D::delivered);
  counter("destination_rejected_total", "Those given up: dead letters.", &D::rejected);
  counter("destination_skipped_total", "Those that newer ones replaced.", &D::skipped);
  counter("destination_resent_total", "Sent again to receivers that forget.", &D::resent);
  page->Counter("destination_failures_total", "Attempts that failed, by reason.");
  each([&](const D& d, const Labels& labels) {
    for (const auto& [reason, n] : d.failures) {
      Labels with_reason = labels;
      with_reason.emplace_back("reason", reason);
      page->Set(Of(n), with_reason);
    }
  });
  page->Gauge("destination_state", "1 for the state that the destination is in, else 0.");
  each([&](const D& d, const Labels& labels) {
    for (auto state = DestinationState::kOk; state <= DestinationState::kStore;
         state = static_cast<DestinationState>(static_cast<int>(state) + 1)) {
      Labels with_state = labels;
      with_state.emplace_back("state", DestinationStateName(state));
      page->Set(d.state == state ? 1 : 0, with_state);
    }
  });
  page->Gauge("destination_last_delivery_timestamp_seconds", "By the wall clock.");
  each([&](const D& d, const Labels& labels) { page->SetTime(d.delivered_at, labels); });
}

void AddProcess(TimeUs started, Page* page) {
  page->Gauge("process_start_time_seconds", "When the program started.").SetTime(started);
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    page->Counter("process_cpu_seconds_total", "Processor time used, user and system.")
        .Set(static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
             Seconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
  long pages = 0;
  if (FILE* file = fopen("/proc/self/statm", "re"); file != nullptr) {
    if (fscanf(file, "%*d %ld", &pages) == 1)
      page->Gauge("process_resident_memory_bytes", "Memory in use.")
          .Set(static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    fclose(file);
  }
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (!error)
    page->Gauge("process_open_fds", "Open file descriptors.")
        .Set(static_cast<double>(std::distance(begin(open), end(open))));
}

}  // namespace

void Metrics::Choose(const PipelineStats& stats) {
  std::vector<std::pair<uint64_t, const std::string*>> fresh;
  for (const auto& [id, hits] : stats.signature_hits)
    if (!named_.contains(id) && !others_.contains(id)) fresh.emplace_back(hits, &id);
  std::sort(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : *a.second < *b.second;
  });
  for (const auto& [hits, id] : fresh) (named_.size() < signatures_ ? named_ : others_).insert(*id);
}

std::string Metrics::Scrape(const PipelineStats& stats, const ReloadState& reload,
                            const HookRefusals& refusals, bool ready) {
  Page page;
  AddPipeline(stats, &page);
  page.Counter("signature_hits_total",
               "Lines recognised, by signature; those beyond a bound share "
               "`other`.");
  {
    const std::lock_guard lock(mutex_);
    Choose(stats);
    uint64_t other = 0;
    for (const auto& [id, hits] : stats.signature_hits) {
      if (named_.contains(id))
        page.Set(Of(hits), {{"signature", id}});
      else
        other += hits;
    }
    page.Set(Of(other), {{"signature", "other"}});
  }
  AddSources(stats, &page);
  AddDestinations(stats, &page);
  page.Counter("hooks_refused_total",
               "Requests to /hooks/ that were refused, by sender and reason.");
  for (const auto& [key, n] : refusals)
    page.Set(Of(n), {{"from", key.first}, {"reason", key.second}});
  page.Gauge("ready", "1 if /-/ready answers 200.").Set(ready ? 1 : 0);
  page.Gauge("config_last_reload_successful", "0: the configuration before it goes on.")
      .Set(reload.ok ? 1 : 0);
  page.Gauge("config_last_reload_timestamp_seconds", "When it was last tried.").SetTime(reload.at);
  page.Gauge("build_info", "Always 1.").Set(1, {{"version", version_}});
  AddProcess(stats.started, &page);
  return page.Text();
}

}  // namespace culprit
