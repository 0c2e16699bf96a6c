#include "engine/pipeline/reason.h"

#include <algorithm>
#include <queue>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/correlate/correlator.h"
#include "engine/pipeline/slice_queue.h"

namespace culprit {
namespace {

// One partition being read: always one entry ahead.
struct Cursor {
  std::unique_ptr<PartitionReader> reader;
  EntryView entry;
  TimeUs reached = kNoTime;  // largest time read so far
  DurationUs skew = 0;
  bool open = false;
  std::vector<bool> known;  // by WordId: ReasonRun knows this component

  absl::Status Advance() {
    CULPRIT_ASSIGN_OR_RETURN(open, reader->Next(&entry));
    if (!open) return absl::OkStatus();
    const TimeUs time = std::visit([&](auto& e) { return e.time += skew; }, entry);
    reached = std::max(reached, time);
    return absl::OkStatus();
  }
};

class ReasonRun {
 public:
  ReasonRun(const std::shared_ptr<const Knowledge>& knowledge, const ReasonOptions& options,
            Counters* counters)
      : options_(options),
        counters_(counters),
        orderer_(options.order, &order_counters_),
        detector_(knowledge, options.detect, counters),
        correlator_(knowledge, options.correlate, counters) {}

  absl::Status Run(const SignalLog& log, const std::vector<ReasonInput>& inputs,
                   const std::function<void(double)>& progress) {
    absl::Status status;
    if (!options_.order_beside) {
      Slice slice;
      status = Read(log, inputs, progress, [&] {
        while (orderer_.NextClosed(&slice)) Take(slice);
      });
    } else {
      SliceQueue queue;
      std::thread reader([&] {
        SliceBatch batch;
        status = Read(log, inputs, progress, [&] {
          while (orderer_.NextClosed(&batch.slices[batch.used])) {
            if (++batch.used == batch.slices.size()) queue.Push(&batch);
          }
        });
        queue.Push(&batch);
        queue.End();
      });
      SliceBatch batch;
      while (queue.Pop(&batch)) {
        for (size_t i = 0; i < batch.used; ++i) Take(batch.slices[i]);
      }
      reader.join();
    }
    counters_->Add(order_counters_);
    return status;
  }

  Report Finish() {
    // The logs end here: what is still on stays on, and the last evaluation is made.
    const TimeUs end = detector_.now();
    if (end != kNoTime && options_.causes) correlator_.Finish(end);
    Report report;
    report.incidents = correlator_.Incidents();
    report.unattributed = correlator_.Unattributed();
    report.edges = correlator_.Edges();
    report.components.assign(components_.begin(), components_.end());
    report.stats.bursts = bursts_;
    return report;
  }

 private:
  // Calls close_slices() now and then: it takes what the orderer has closed since.
  template <typename CloseSlices>
  absl::Status Read(const SignalLog& log, const std::vector<ReasonInput>& inputs,
                    const std::function<void(double)>& progress, CloseSlices close_slices) {
    std::vector<Cursor> cursors(inputs.size());
    for (PartitionId p = 0; p < cursors.size(); ++p) {
      cursors[p].reader = log.OpenReader(inputs[p].log_partition);
      cursors[p].skew = inputs[p].skew;
      orderer_.AddPartition(p);
    }
    // The partition that is furthest behind goes next: few slices are open at a time.
    using Turn = std::pair<TimeUs, PartitionId>;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
    std::mt19937_64 rng(options_.interleave_seed);
    const auto key = [&](PartitionId p) {
      return options_.interleave_seed == 0 ? cursors[p].reached : static_cast<TimeUs>(rng() >> 1);
    };
    for (PartitionId p = 0; p < cursors.size(); ++p) {
      CULPRIT_RETURN_IF_ERROR(cursors[p].Advance());
      if (cursors[p].open)
        turns.push({key(p), p});
      else
        orderer_.EndPartition(p);
    }
    uint64_t entries = 0;
    size_t ended = 0;
    while (!turns.empty()) {
      const PartitionId p = turns.top().second;
      turns.pop();
      Cursor& cursor = cursors[p];
      // Stay with it for as long as it is the furthest behind: saves a heap operation per entry.
      const TimeUs limit = turns.empty() ? INT64_MAX : turns.top().first;
      do {
        if (const auto* signal = std::get_if<SignalView>(&cursor.entry)) {
          Know(signal->component, signal->component_word, &cursor);
          if (!signal->target.empty()) Know(signal->target, signal->target_word, &cursor);
          orderer_.Add(p, *signal);
        } else {
          const MarkView& mark = std::get<MarkView>(cursor.entry);
          Know(mark.component, mark.component_word, &cursor);
          orderer_.AddMark(p, mark);
        }
        CULPRIT_RETURN_IF_ERROR(cursor.Advance());
        if (++entries % 64 == 0) close_slices();
      } while (cursor.open && options_.interleave_seed == 0 && cursor.reached <= limit);
      if (cursor.open) {
        turns.push({key(p), p});
        continue;
      }
      cursor.reader.reset();
      orderer_.EndPartition(p);
      close_slices();
      progress(static_cast<double>(++ended) / static_cast<double>(cursors.size()));
    }
    close_slices();
    return absl::OkStatus();
  }

  void Take(const Slice& slice) {
    while (detector_.PassTime(slice.start, 0, &outcome_)) Correlate();
    detector_.OnSlice(slice, &outcome_);
    Correlate();
  }
  void Correlate() {
    bursts_ += outcome_.opened.size();
    if (options_.causes) correlator_.OnSlice(outcome_);
  }

  // Of more names than anyone reads, the smallest are kept: which they are does not depend on the
  // order.
  void Know(std::string_view component, WordId word, Cursor* cursor) {
    constexpr size_t kMost = 10'000;
    if (word != kNoWord) {
      if (word < cursor->known.size() && cursor->known[word]) return;
      if (word >= cursor->known.size()) cursor->known.resize(word + 1);
      cursor->known[word] = true;
    }
    if (known_.contains(ToAbsl(component))) return;
    known_.emplace(component);
    components_.emplace(component);
    if (components_.size() <= kMost) return;
    components_.erase(std::prev(components_.end()));
    if (known_.size() > 4 * kMost) known_ = {components_.begin(), components_.end()};
  }

  const ReasonOptions& options_;
  Counters* const counters_;
  // Of the thread that reads.
  Counters order_counters_;
  Orderer orderer_;
  std::set<std::string> components_;
  absl::flat_hash_set<std::string> known_;  // all of components_, and some that had to go again
  // Of the thread that reasons.
  Detector detector_;
  Correlator correlator_;
  SliceOutcome outcome_;
  uint64_t bursts_ = 0;
};

}  // namespace

absl::StatusOr<Report> Reason(const SignalLog& log, const std::vector<ReasonInput>& inputs,
                              const std::shared_ptr<const Knowledge>& knowledge,
                              const ReasonOptions& options, Counters* counters,
                              const std::function<void(double)>& progress) {
  ReasonRun run(knowledge, options, counters);
  CULPRIT_RETURN_IF_ERROR(run.Run(log, inputs, progress));
  Report report = run.Finish();
  for (Incident& incident : report.incidents)
    for (Evidence& e : incident.evidence)
      e.position.partition = inputs[e.position.partition].stream;
  return report;
}

}  // namespace culprit
