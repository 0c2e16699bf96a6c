#include "engine/pipeline/scenario_run.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/pipeline/scenario_story_run.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;

std::string Where(const FileLine& at) { return absl::StrCat(at.file, ":", at.line); }

bool Matches(const SignatureSet& set, SignatureIndex index, const std::string& line,
             MatchScratch& scratch) {
  std::string block = line + "\n";
  const size_t size = block.size();
  block.append(256, '\0');
  std::vector<Hit> hits;
  set.Scan(std::string_view(block).substr(0, size), scratch, &hits);
  return std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.signature == index; });
}

// A fixed pseudo-random fifth of the lines that any signature recognises is left out.
std::string DropSymptoms(const std::string& text, const SignatureSet& set, MatchScratch& scratch) {
  std::string block = text;
  block.append(256, '\0');
  std::vector<Hit> hits;
  set.Scan(std::string_view(block).substr(0, text.size()), scratch, &hits);
  std::string out;
  size_t at = 0;
  uint32_t last = UINT32_MAX;
  for (const Hit& hit : hits) {
    if (hit.line_begin == last) continue;
    last = hit.line_begin;
    uint64_t mixed = (hit.line_begin + 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
    mixed ^= mixed >> 31;
    if (mixed % 5 != 0) continue;
    const size_t end = std::min(text.find('\n', hit.line_begin), text.size() - 1) + 1;
    out.append(text, at, hit.line_begin - at);
    at = end;
  }
  return out.append(text, at);
}

std::string OneLine(const Incident& i) {
  std::vector<std::string> symptoms;
  for (const Symptom& s : i.symptoms)
    symptoms.push_back(absl::StrCat(s.signature, "@", s.component));
  return absl::StrCat("[", std::string(IncidentStateName(i.state)), "] ", i.root.component, " ",
                      i.root.failure_mode, " ", std::string(ConfidenceName(i.confidence)), " ",
                      static_cast<int>(i.root.share * 100), "% explains ",
                      absl::StrJoin(symptoms, ", "));
}

bool Counts(const Incident& i) {
  return i.state == IncidentState::kOpen || i.state == IncidentState::kResolved;
}

struct Expectation {
  const ExpectedIncident* incident;
  std::string root;
  std::string failure_mode;
  std::vector<Confidence> confidence;
  bool whole = true;  // also explains, spares
};

void CompareOne(const Expectation& want, const Incident& got, Differences* out) {
  const std::string where = Where(want.incident->where);
  const auto differ = [&](const std::string& what, const std::string& expected,
                          const std::string& came) {
    out->push_back(
        absl::StrCat(where, ": ", what, "\n    expected ", expected, "\n    got      ", came));
  };
  if (!want.failure_mode.empty() && got.root.failure_mode != want.failure_mode)
    differ("failure mode", want.failure_mode, got.root.failure_mode);
  if (!want.confidence.empty() && std::find(want.confidence.begin(), want.confidence.end(),
                                            got.confidence) == want.confidence.end()) {
    std::vector<std::string> names;
    for (Confidence c : want.confidence) names.emplace_back(ConfidenceName(c));
    differ("confidence", absl::StrJoin(names, " or "), std::string(ConfidenceName(got.confidence)));
  }
  if (!want.incident->impact.empty() && want.failure_mode == want.incident->failure_mode &&
      got.impact.find(want.incident->impact) == std::string::npos)
    differ("impact", want.incident->impact, got.impact);
  if (!want.incident->first_step.empty() && want.failure_mode == want.incident->failure_mode) {
    const std::string first =
        got.runbook.immediate.empty()
            ? ""
            : absl::StrCat(got.runbook.immediate[0].say, "  $ ", got.runbook.immediate[0].run);
    if (first.find(want.incident->first_step) == std::string::npos)
      differ("first step", want.incident->first_step, first);
  }
  if (!want.whole) return;
  for (const ExpectedSymptom& symptom : want.incident->explains) {
    const bool found = std::any_of(got.symptoms.begin(), got.symptoms.end(), [&](const Symptom& s) {
      return s.signature == symptom.signature && (symptom.at.empty() || s.component == symptom.at);
    });
    if (!found) differ("explains", absl::StrCat(symptom.signature, "@", symptom.at), OneLine(got));
  }
  for (const std::string& spared : want.incident->spares) {
    const bool found = std::any_of(got.spared.begin(), got.spared.end(),
                                   [&](const Spared& s) { return s.signature == spared; });
    if (!found) differ("spares", spared, OneLine(got));
  }
}

void Compare(const std::vector<Expectation>& wants, int others, const std::string& file,
             const Report& report, Differences* out) {
  std::set<const Incident*> used;
  for (const Expectation& want : wants) {
    const Incident* got = nullptr;
    for (const Incident& i : report.incidents)
      if (Counts(i) && !used.contains(&i) && got == nullptr && i.root.component == want.root)
        got = &i;
    if (got == nullptr) {
      std::vector<std::string> came;
      for (const Incident& i : report.incidents) came.push_back(OneLine(i));
      out->push_back(absl::StrCat(
          Where(want.incident->where), ": no incident with root ", want.root, "\n    got      ",
          came.empty() ? "none at all" : absl::StrJoin(came, "\n             ")));
      continue;
    }
    used.insert(got);
    CompareOne(want, *got, out);
  }
  int further = 0;
  std::string names;
  for (const Incident& i : report.incidents) {
    if (!Counts(i) || used.contains(&i)) continue;
    ++further;
    absl::StrAppend(&names, "\n    also     ", OneLine(i));
    if (i.confidence == Confidence::kConfirmed)
      out->push_back(
          absl::StrCat(file, ": a CONFIRMED incident that nobody expected: ", OneLine(i)));
  }
  if (further > others)
    out->push_back(absl::StrCat(file, ": ", further, " further incidents, at most ", others,
                                " expected", names));
}

std::vector<Expectation> Expectations(const Scenario& scenario, std::string_view perturbation) {
  std::vector<Expectation> out;
  for (const ExpectedIncident& incident : scenario.incidents) {
    Expectation want{&incident, incident.root, incident.failure_mode, incident.confidence, true};
    if (!perturbation.empty()) {
      want.whole = perturbation == "shuffled";
      if (!want.whole) want.confidence.clear();
      const auto change = scenario.overrides.find(std::string(perturbation));
      if (change != scenario.overrides.end()) {
        if (!change->second.root.empty()) want.root = change->second.root;
        if (!change->second.failure_mode.empty()) want.failure_mode = change->second.failure_mode;
        want.confidence = change->second.confidence;
      }
    }
    out.push_back(std::move(want));
  }
  return out;
}

ScanProgress& IgnoredProgress() {
  static ScanProgress progress;
  return progress;
}

absl::StatusOr<Report> Run(std::vector<std::pair<std::string, std::string>> streams,
                           const Engine& engine, const ReplayOptions& options) {
  return Replay(MemoryUnits(std::move(streams)), engine, options, &IgnoredProgress(),
                [](ReplayPhase, double) {});
}

}  // namespace

Differences CheckSamples(const Engine& engine, std::string_view pack) {
  Differences out;
  MatchScratch scratch;
  const Knowledge& all = *engine.knowledge;
  for (SignatureIndex i = 0; i < all.signatures.size(); ++i) {
    const SignatureSpec& spec = all.signatures[i];
    if (!pack.empty() && all.packs[spec.pack].name != pack) continue;
    for (const std::string& line : spec.match)
      if (!Matches(*engine.signatures, i, line, scratch))
        out.push_back(absl::StrCat(Where(spec.where), ": signature ", spec.id, ": must match\n    ",
                                   line, "\n    regex ", spec.regex));
    for (const std::string& line : spec.no_match)
      if (Matches(*engine.signatures, i, line, scratch))
        out.push_back(absl::StrCat(Where(spec.where), ": signature ", spec.id,
                                   ": must not match\n    ", line, "\n    regex ", spec.regex));
    const SignatureSet::Info& info = engine.signatures->info(i);
    if (info.always_verify && !spec.always_verify)
      out.push_back(absl::StrCat(Where(spec.where), ": signature ", spec.id,
                                 ": no literal of 3+ bytes that every match holds; add one or set "
                                 "always_verify: true"));
  }
  return out;
}

absl::StatusOr<ScenarioLogs> ReadScenarioLogs(const Scenario& scenario) {
  ScenarioLogs logs = LogsOfLines(scenario.story);
  const fs::path root = fs::path(scenario.directory) / "logs";
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(root, error);
       it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (!it->is_regular_file()) continue;
    std::ifstream in(it->path(), std::ios::binary);
    logs.streams.emplace_back((fs::path("logs") / fs::relative(it->path(), root)).string(),
                              std::string((std::istreambuf_iterator<char>(in)), {}));
  }
  std::sort(logs.streams.begin(), logs.streams.end());
  if (logs.streams.empty())
    return absl::NotFoundError(absl::StrCat(scenario.file, ": no files below ", root.string()));
  return logs;
}

absl::StatusOr<ScenarioOutcome> RunScenario(const Scenario& scenario, const ScenarioLogs& logs,
                                            std::string_view perturbation, const Scenario* partner,
                                            const ScenarioLogs* partner_logs,
                                            const Engine& engine) {
  if (scenario.story.told) {
    CULPRIT_ASSIGN_OR_RETURN(ScenarioOutcome out, PlayStory(scenario, logs, engine));
    if (!scenario.incidents.empty())
      Compare(Expectations(scenario, ""), scenario.others, scenario.file, out.report,
              &out.differences);
    return out;
  }
  ReplayOptions options;
  std::vector<std::pair<std::string, std::string>> streams = logs.streams;
  std::vector<Expectation> wants = Expectations(scenario, perturbation);
  int others = scenario.others;

  if (perturbation == "shuffled") {
    std::reverse(streams.begin(), streams.end());
    std::rotate(streams.begin(), streams.begin() + static_cast<ptrdiff_t>(streams.size() / 2),
                streams.end());
    options.reason.interleave_seed = 20260101;
    options.scan.workers = 2;
  } else if (perturbation == "dropped") {
    MatchScratch scratch;
    for (auto& [name, text] : streams) text = DropSymptoms(text, *engine.signatures, scratch);
  } else if (perturbation == "missing_root" || perturbation == "skewed" ||
             perturbation == "overlap") {
    // These need to know who logs where, and when.
    CULPRIT_ASSIGN_OR_RETURN(const Report plain, Run(streams, engine, ReplayOptions()));
    std::set<std::string> roots;
    for (const ExpectedIncident& incident : scenario.incidents) roots.insert(incident.root);
    const auto component = [&](const ReportStream& s) { return engine.names->Service(s.service); };
    if (perturbation == "missing_root") {
      for (const ReportStream& s : plain.streams)
        if (roots.contains(component(s)))
          std::erase_if(streams, [&](const auto& stream) { return stream.first == s.name; });
    } else if (perturbation == "skewed") {
      for (const ReportStream& s : plain.streams) {
        const bool chosen = scenario.skew_host.empty()
                                ? options.skew_by_stream.empty() && !roots.contains(component(s))
                                : component(s) == scenario.skew_host;
        if (chosen) options.skew_by_stream[s.name] = 2 * kSecondUs;
      }
    } else {
      CULPRIT_ASSIGN_OR_RETURN(const Report other,
                               Run(partner_logs->streams, engine, ReplayOptions()));
      // The partner's logs begin when these begin.
      const DurationUs shift = plain.stats.first_time - other.stats.first_time;
      for (const auto& stream : partner_logs->streams) {
        options.skew_by_stream[stream.first] = shift;
        streams.push_back(stream);
      }
      for (Expectation& want : Expectations(*partner, perturbation))
        wants.push_back(std::move(want));
      others += partner->others;
    }
  }
  ScenarioOutcome out;
  CULPRIT_ASSIGN_OR_RETURN(out.report, Run(std::move(streams), engine, options));
  Compare(wants, others, scenario.file, out.report, &out.differences);
  return out;
}

const Scenario* OverlapPartner(const std::vector<Scenario>& all,
                               const std::vector<ScenarioLogs>& logs, size_t index) {
  std::set<std::string> names;
  for (const auto& [name, text] : logs[index].streams) names.insert(name);
  for (size_t step = 1; step < all.size(); ++step) {
    const size_t k = (index + step) % all.size();
    if (all[k].pack == all[index].pack) continue;
    const bool clash =
        std::any_of(logs[k].streams.begin(), logs[k].streams.end(),
                    [&](const auto& stream) { return names.contains(stream.first); });
    if (!clash) return &all[k];
  }
  return nullptr;
}

}  // namespace culprit
