// The way back from JSON: what a stored incident holds, as an Incident. The inverse of
// RenderIncidentJson; what that leaves out (ids of bursts) is not there.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/base/views.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;  // captures keep their order

// Fields that are missing or of another kind read as empty: rows of older versions stay readable.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}
  const Json& Get(const char* key) const {
    static const Json kNothing;
    if (!json_.is_object()) return kNothing;
    const auto it = json_.find(key);
    return it == json_.end() ? kNothing : *it;
  }
  std::string Text(const char* key) const {
    const Json& value = Get(key);
    return value.is_string() ? value.get<std::string>() : "";
  }
  double Number(const char* key) const {
    const Json& value = Get(key);
    return value.is_number() ? value.get<double>() : 0;
  }
  uint64_t Count(const char* key) const {
    const Json& value = Get(key);
    return value.is_number_unsigned() ? value.get<uint64_t>() : 0;
  }
  bool Flag(const char* key) const {
    const Json& value = Get(key);
    return value.is_boolean() && value.get<bool>();
  }
  TimeUs Time(const char* key) const {
    absl::Time time;
    if (!absl::ParseTime(absl::RFC3339_full, Text(key), &time, nullptr)) return kNoTime;
    return absl::ToUnixMicros(time);
  }
  int64_t MicroNats(const char* key) const { return std::llround(Number(key) * 1e6); }
  std::vector<std::string> Texts(const char* key) const {
    std::vector<std::string> out;
    Each(key, [&](const Json& item) {
      if (item.is_string()) out.push_back(item.get<std::string>());
    });
    return out;
  }
  template <typename Use>
  void Each(const char* key, Use use) const {
    const Json& value = Get(key);
    if (!value.is_array()) return;
    for (const Json& item : value) use(item);
  }
  // The value whose name stands there; `fallback` if none has it.
  template <typename Enum, typename NameOf>
  Enum Named(const char* key, size_t count, NameOf name_of, Enum fallback) const {
    const std::string text = Text(key);
    for (size_t i = 0; i < count; ++i)
      if (name_of(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
    return fallback;
  }

 private:
  const Json& json_;
};

TimeOrigin OriginOf(const std::string& name) {
  if (name == "parsed") return TimeOrigin::kParsed;
  return name == "inherited" ? TimeOrigin::kInherited : TimeOrigin::kAssumed;
}

Hypothesis ReadHypothesis(const Json& json) {
  const Fields f(json);
  Hypothesis out;
  out.component = f.Text("component");
  out.from = f.Text("from");
  out.failure_mode = f.Text("failure_mode");
  out.title = f.Text("title");
  out.kind = f.Named("kind", 4, ModeKindName, ModeKind::kDown);
  out.score_micro_nats = f.MicroNats("score");
  out.probability = f.Number("probability");
  out.share = f.Number("share");
  return out;
}

Symptom ReadSymptom(const Json& json) {
  const Fields f(json);
  Symptom out;
  out.signature = f.Text("signature");
  out.title = f.Text("title");
  out.cls = f.Named("class", kSymptomClassCount, SymptomClassName, SymptomClass::kOther);
  out.component = f.Text("component");
  out.target = f.Text("target");
  out.template_text = f.Text("template");
  out.onset = f.Time("onset");
  out.last = f.Time("last");
  out.count = f.Count("count");
  out.path = f.Texts("path");
  out.responsibility = f.Number("responsibility");
  out.weight_micro_nats = f.MicroNats("weight");
  return out;
}

Evidence ReadEvidence(const Json& json, Report* report) {
  const Fields f(json);
  Evidence out;
  const std::string file = f.Text("file");
  auto& streams = report->streams;
  const auto known = std::find_if(streams.begin(), streams.end(),
                                  [&](const ReportStream& s) { return s.name == file; });
  out.position.partition = static_cast<PartitionId>(known - streams.begin());
  if (known == streams.end()) streams.push_back({.name = file});
  out.position.offset = f.Count("offset");
  out.position.length = static_cast<uint32_t>(f.Count("length"));
  out.time = f.Time("time");
  out.time_origin = OriginOf(f.Text("time_origin"));
  out.level = f.Named("level", kLevelNames.size(), LevelName, Level::kUnknown);
  out.service = f.Text("service");
  out.instance = f.Text("instance");
  out.line = f.Text("line");
  if (const Json& captures = f.Get("captures"); captures.is_object())
    for (const auto& [name, value] : captures.items())
      if (value.is_string()) out.captures.emplace_back(name, value.get<std::string>());
  return out;
}

Runbook ReadRunbook(const Json& json) {
  const Fields f(json);
  Runbook out;
  const std::pair<const char*, std::vector<RunbookStep>*> parts[] = {
      {"immediate", &out.immediate}, {"diagnose", &out.diagnose}, {"resolve", &out.resolve}};
  for (const auto& [key, steps] : parts)
    f.Each(key, [steps = steps](const Json& step) {
      steps->push_back({Fields(step).Text("say"), Fields(step).Text("run")});
    });
  f.Each("links", [&](const Json& link) {
    out.links.push_back({Fields(link).Text("title"), Fields(link).Text("url")});
  });
  return out;
}

}  // namespace

absl::Status ReadIncidentJson(std::string_view text, Report* report) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || Fields(json).Text("id").empty())
    return absl::InvalidArgumentError("this is no incident as JSON: no object with an \"id\"");
  const Fields f(json);
  Incident out;
  out.id = f.Text("id");
  out.state = f.Named("state", 5, IncidentStateName, IncidentState::kOpen);
  out.severity = f.Named("severity", kSeverityNames.size(), SeverityName, Severity::kError);
  out.title = f.Text("title");
  out.root = ReadHypothesis(f.Get("root_cause"));
  out.confidence =
      Fields(f.Get("root_cause")).Named("confidence", 3, ConfidenceName, Confidence::kInconclusive);
  out.ties = f.Texts("ties");
  f.Each("alternatives", [&](const Json& a) {
    out.alternatives.push_back({ReadHypothesis(a), Fields(a).Text("reason")});
  });
  out.affected = f.Texts("affected");
  f.Each("spared", [&](const Json& s) {
    out.spared.push_back(
        {Fields(s).Text("signature"), Fields(s).Text("title"), Fields(s).Flag("confirmed")});
  });
  f.Each("absent", [&](const Json& a) {
    out.absences.push_back(
        {Fields(a).Text("component"), Fields(a).Text("what"), Fields(a).MicroNats("weight")});
  });
  f.Each("unexplained", [&](const Json& s) { out.unexplained.push_back(ReadSymptom(s)); });
  f.Each("symptoms", [&](const Json& s) { out.symptoms.push_back(ReadSymptom(s)); });
  f.Each("evidence", [&](const Json& e) { out.evidence.push_back(ReadEvidence(e, report)); });
  f.Each("timeline", [&](const Json& t) {
    out.timeline.push_back({Fields(t).Time("time"), Fields(t).Text("kind"),
                            Fields(t).Text("component"), Fields(t).Text("text")});
  });
  out.impact = f.Text("impact");
  out.runbook = ReadRunbook(f.Get("runbook"));
  out.onset = f.Time("onset");
  out.opened_at = f.Time("opened_at");
  out.paged_at = f.Time("paged_at");
  out.updated_at = f.Time("updated_at");
  out.resolved_at = f.Time("resolved_at");
  out.merged_into = f.Text("merged_into");
  out.split_from = f.Text("split_from");
  out.related_to = f.Text("related_to");
  out.flaps = static_cast<int>(f.Number("flaps"));
  out.flapping = f.Flag("flapping");
  out.root_history = f.Texts("root_history");
  report->incidents.push_back(std::move(out));
  return absl::OkStatus();
}

}  // namespace culprit
