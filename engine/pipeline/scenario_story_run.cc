#include "engine/pipeline/scenario_story_run.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/deliver/action_codec.h"
#include "engine/deliver/routing_codec.h"
#include "engine/pipeline/live_reasoner.h"
#include "engine/state/entry_codec.h"
#include "engine/state/memory_signal_log.h"
#include "sinks/common/message.h"
#include "sinks/common/plain_text.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr DurationUs kIdleAfter = 10 * kSecondUs;  // as a tailed file
constexpr DurationUs kTail = 10 * kMinuteUs;
constexpr size_t kLogBytes = size_t{48} << 20;

// Something that was told, or that stands in the journal.
struct Word {
  TimeUs time = kNoTime;
  std::string sink;
  std::string event;
  std::string incident;
  std::string author;
  std::string text;
};

struct Item {
  TimeUs turn = 0;  // its time, or that of a line before it if that is later
  PartitionId partition = 0;
  LogEntry entry;
};

class Story {
 public:
  Story(const Scenario& scenario, const Engine& engine)
      : scenario_(scenario), story_(scenario.story), reasoner_(engine.knowledge, {}) {
    Generation generation{.id = 1};
    for (const SignatureSpec& spec : engine.knowledge->signatures)
      generation.signatures.push_back(spec.id);
    reasoner_.AddGeneration(generation);
  }

  absl::Status Play(const ScanResult& scan, const SignalLog& log) {
    CULPRIT_ASSIGN_OR_RETURN(const std::vector<Item> items, Read(scan, log));
    if (items.empty()) return absl::OkStatus();
    start_ = story_.start == kNoTime ? items.front().turn : story_.start;
    const TimeUs end = story_.until > 0 ? start_ + story_.until : items.back().turn + kTail;
    CULPRIT_RETURN_IF_ERROR(Control({{.kind = ControlKind::kHold}}));
    for (const auto& [partition, name] : names_)
      CULPRIT_RETURN_IF_ERROR(
          Control({{.kind = ControlKind::kAdd, .partition = partition, .text = name}}));
    CULPRIT_RETURN_IF_ERROR(
        Control({{.kind = ControlKind::kRouting, .text = EncodeRouting(story_.delivery)},
                 {.kind = ControlKind::kRelease}}));
    size_t next = 0;
    size_t act = 0;
    for (TimeUs now = start_; now <= end; now += kSecondUs) {
      for (; next < items.size() && items[next].turn <= now; ++next)
        CULPRIT_RETURN_IF_ERROR(Feed(items[next]));
      CULPRIT_RETURN_IF_ERROR(PassTime(now));
      Collect();
      for (; act < story_.people.size() && start_ + story_.people[act].at <= now; ++act)
        CULPRIT_RETURN_IF_ERROR(Act(story_.people[act], now));
    }
    return absl::OkStatus();
  }

  Differences Compare() const {
    Differences out = differences_;
    size_t at = 0;
    for (const ExpectedWord& want : story_.notifications) {
      if (at == told_.size()) {
        out.push_back(absl::StrCat(Where(want.where), ": nothing more was told\n    expected ",
                                   Wanted(want), All(told_)));
        return out;
      }
      const std::string why = Differs(want, told_[at++]);
      if (!why.empty())
        out.push_back(absl::StrCat(Where(want.where), ": ", why, "\n    expected ", Wanted(want),
                                   "\n    got      ", Got(told_[at - 1]), All(told_)));
    }
    if (at < told_.size())
      out.push_back(absl::StrCat(scenario_.file, ": more was told than expected", All(told_)));
    size_t from = 0;
    for (const ExpectedWord& want : story_.journal) {
      size_t found = from;
      while (found < journal_.size() && !Differs(want, journal_[found]).empty()) ++found;
      if (found == journal_.size())
        out.push_back(absl::StrCat(Where(want.where), ": not in the journal, in this order: ",
                                   Wanted(want), All(journal_)));
      else
        from = found + 1;
    }
    return out;
  }

  const LiveReasoner& reasoner() const { return reasoner_; }

 private:
  static std::string Where(const FileLine& at) { return absl::StrCat(at.file, ":", at.line); }

  absl::StatusOr<std::vector<Item>> Read(const ScanResult& scan, const SignalLog& log) {
    std::vector<Item> out;
    for (const ScannedStream& stream : scan.streams) {
      for (const PartitionId piece : stream.log_partitions) {
        const PartitionId partition = piece + 1;  // 0 is the control partition
        names_[partition] = stream.report.name;
        const std::unique_ptr<PartitionReader> reader = log.OpenReader(piece);
        TimeUs turn = 0;
        EntryView entry;
        for (;;) {
          CULPRIT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
          if (!more) break;
          turn = std::max(turn, std::visit([](const auto& e) { return e.time; }, entry));
          out.push_back({.turn = turn, .partition = partition, .entry = CopyOf(entry)});
        }
      }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Item& a, const Item& b) { return a.turn < b.turn; });
    return out;
  }

  absl::Status Control(const std::vector<ControlEntry>& entries) {
    StoredChunk chunk;
    chunk.chunk.entries = EncodeControl(entries);
    return reasoner_.Read(chunk);
  }

  absl::Status Feed(const Item& item) {
    StoredChunk chunk;
    chunk.chunk.partition = item.partition;
    chunk.chunk.generation = 1;
    EntryEncoder encoder;
    std::vector<CaptureView> captures;
    if (const auto* signal = std::get_if<Signal>(&item.entry))
      encoder.Encode(ViewOf(*signal, &captures), &chunk.chunk.entries);
    else
      encoder.Encode(ViewOf(std::get<Mark>(item.entry)), &chunk.chunk.entries);
    awake_[item.partition] = item.turn;
    return reasoner_.Read(chunk);
  }

  // As the clock of a live run does it: who is silent is not waited for, and when nobody is left to
  // wait for, the clock counts.
  absl::Status PassTime(TimeUs now) {
    for (auto it = awake_.begin(); it != awake_.end();) {
      if (now - it->second < kIdleAfter) {
        ++it;
        continue;
      }
      CULPRIT_RETURN_IF_ERROR(Control({{.kind = ControlKind::kIdle, .partition = it->first}}));
      it = awake_.erase(it);
    }
    if (!awake_.empty() || !reasoner_.WaitsForTime()) return absl::OkStatus();
    return Control({{.kind = ControlKind::kTick, .time = now}});
  }

  std::string NewestWithRoot(const std::string& component) const {
    std::string out;
    for (const Incident& i : reasoner_.MakeReport().incidents)
      if (i.root.component == component && i.paged_at != kNoTime) out = i.id;
    return out;
  }

  absl::Status Act(const ScenarioAct& act, TimeUs now) {
    OperatorAction action = act.action;
    action.id = absl::StrCat(Where(act.where));
    if (!action.incident.empty()) action.incident = NewestWithRoot(action.incident);
    if (!action.into.empty()) action.into = NewestWithRoot(action.into);
    if (action.kind == OperatorAction::Kind::kSilence) action.silence.end += now;
    CULPRIT_RETURN_IF_ERROR(
        Control({{.kind = ControlKind::kAction, .text = EncodeAction(action)}}));
    for (const auto& [id, status] : reasoner_.TakeActed())
      if (!status.ok()) differences_.push_back(absl::StrCat(id, ": ", status.message()));
    Collect();
    return absl::OkStatus();
  }

  void Collect() {
    ReasonCommit commit;
    reasoner_.Peek(&commit);
    reasoner_.Taken();
    for (const DeliveryRow& row : commit.deliveries) {
      const absl::StatusOr<Notification> n = ReadNotificationJson(row.json);
      if (!n.ok()) continue;
      roots_[row.incident] = n->incident.root.component;
      told_.push_back({row.time, row.destination, row.event, n->incident.root.component, "",
                       PlainText(*n, "")});
    }
    for (const JournalRow& row : commit.journal)
      journal_.push_back({row.time, "", row.event, "", row.author, row.text});
    // The journal speaks of incidents by id.
    for (size_t i = 0; i < commit.journal.size(); ++i) {
      const std::string& id = commit.journal[i].incident;
      if (!roots_.contains(id))
        for (const Incident& incident : reasoner_.MakeReport().incidents)
          roots_[incident.id] = incident.root.component;
      journal_[journal_.size() - commit.journal.size() + i].incident = roots_[id];
    }
  }

  std::string Offset(TimeUs time) const {
    const DurationUs s = (time - start_) / kSecondUs;
    return absl::StrFormat("%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  }
  std::string Wanted(const ExpectedWord& want) const {
    return absl::StrCat(want.at < 0 ? "" : Offset(start_ + want.at) + " ", want.sink,
                        want.sink.empty() ? "" : " ", want.event, " ", want.incident, " ",
                        want.author);
  }
  std::string Got(const Word& word) const {
    return absl::StrCat(Offset(word.time), " ", word.sink, word.sink.empty() ? "" : " ", word.event,
                        " ", word.incident, " ", word.author);
  }
  std::string All(const std::vector<Word>& words) const {
    std::string out;
    for (const Word& word : words) absl::StrAppend(&out, "\n    all      ", Got(word));
    return out;
  }

  // Empty: it is what was expected.
  std::string Differs(const ExpectedWord& want, const Word& got) const {
    if (want.sink != got.sink) return "sink";
    if (want.event != got.event) return "event";
    if (!want.incident.empty() && want.incident != got.incident) return "incident";
    if (!want.author.empty() && want.author != got.author) return "author";
    const DurationUs off = got.time - start_ - want.at;
    if (want.at >= 0 && (off > want.within || off < -want.within)) return "time";
    for (const std::string& text : want.text)
      if (got.text.find(text) == std::string::npos)
        return absl::StrCat("no '", text, "' in the text\n", got.text);
    return "";
  }

  const Scenario& scenario_;
  const ScenarioStory& story_;
  LiveReasoner reasoner_;
  TimeUs start_ = 0;
  std::map<PartitionId, std::string> names_;
  std::map<PartitionId, TimeUs> awake_;       // when something last came
  std::map<std::string, std::string> roots_;  // by incident
  std::vector<Word> told_;
  std::vector<Word> journal_;
  Differences differences_;
};

}  // namespace

ScenarioLogs LogsOfLines(const ScenarioStory& story) {
  std::map<std::string, std::multimap<TimeUs, std::string>> streams;
  for (const ScenarioLine& line : story.lines)
    for (DurationUs at = line.from; at <= line.from + line.lasts; at += line.every)
      streams[line.stream].emplace(
          story.start + at,
          absl::StrReplaceAll(line.line, {{"{time}", FormatTime(story.start + at)}}));
  ScenarioLogs out;
  for (const auto& [name, lines] : streams) {
    std::string text;
    for (const auto& [time, line] : lines) absl::StrAppend(&text, line, "\n");
    out.streams.emplace_back("logs/" + name, std::move(text));
  }
  return out;
}

absl::StatusOr<ScenarioOutcome> PlayStory(const Scenario& scenario, const ScenarioLogs& logs,
                                          const Engine& engine) {
  MemorySignalLog log(kLogBytes);
  ScanProgress progress;
  ScanOptions options;
  options.signals.redactor = engine.redactor.get();
  CULPRIT_ASSIGN_OR_RETURN(const ScanResult scan,
                           Scan(MemoryUnits(logs.streams), *engine.knowledge, *engine.names,
                                *engine.signatures, options, &log, &progress));
  Story story(scenario, engine);
  CULPRIT_RETURN_IF_ERROR(story.Play(scan, log));
  ScenarioOutcome out;
  out.differences = story.Compare();
  out.report = story.reasoner().MakeReport();
  return out;
}

}  // namespace culprit
