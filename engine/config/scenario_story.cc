#include "engine/config/scenario_story.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/config/live_routes.h"
#include "engine/config/scenario_story_reader.h"

namespace culprit {
namespace {

using Kind = OperatorAction::Kind;

// Key of an act -> what it is. Its value names the incident, or the silence.
constexpr std::pair<const char*, Kind> kActs[] = {
    {"acknowledge", Kind::kAcknowledge}, {"resolve", Kind::kResolve}, {"note", Kind::kNote},
    {"assign", Kind::kAssign},           {"merge", Kind::kMerge},     {"silence", Kind::kSilence},
    {"expire", Kind::kExpireSilence}};

ScenarioLine ReadLine(YamlMap map) {
  ScenarioLine out;
  out.stream = map.RequiredString("stream");
  out.from = map.DurationOrZero("from", 0);
  out.every = map.Duration("every", out.every);
  out.lasts = map.DurationOrZero("for", 0);
  out.line = map.RequiredString("line");
  map.Finish();
  return out;
}

ScenarioAct ReadAct(YamlMap map) {
  ScenarioAct out;
  out.where = map.where();
  out.at = map.DurationOrZero("at", 0);
  OperatorAction& action = out.action;
  size_t found = 0;
  for (const auto& [key, kind] : kActs) {
    if (!map.Has(key)) continue;
    ++found;
    action.kind = kind;
    const std::string what = map.RequiredString(key);
    if (kind == Kind::kSilence) {
      action.silence.id = what;
      for (const std::string& text : map.Strings("matchers")) {
        absl::StatusOr<LabelMatcher> matcher = ParseMatcher(text);
        if (matcher.ok())
          action.silence.matchers.push_back(*std::move(matcher));
        else
          map.Error(map.Get("matchers"), std::string(matcher.status().message()));
      }
      action.silence.end = map.Duration("for", kHourUs);
    } else if (kind == Kind::kExpireSilence) {
      action.text = what;
    } else {
      action.incident = what;
    }
  }
  if (found != 1)
    map.Error(map.Get("at"),
              "people: expected one of acknowledge, resolve, note, assign, merge, silence, expire");
  action.author = map.String("by", "ann");
  if (action.text.empty()) action.text = map.String("text");
  action.into = map.String("into");
  map.Finish();
  return out;
}

ExpectedWord ReadWord(YamlMap map, bool notification) {
  ExpectedWord out;
  out.where = map.where();
  if (notification) out.sink = map.RequiredString("sink");
  out.event = map.RequiredString("event");
  out.incident = map.String("incident");
  if (!notification) out.author = map.String("by");
  out.at = map.DurationOrZero("at", out.at);
  out.within = map.DurationOrZero("within", out.within);
  out.text = map.Strings("text");
  map.Finish();
  return out;
}

}  // namespace

ScenarioStory ReadStory(YamlMap* root, YamlMap* expect, ConfigErrors* errors) {
  ScenarioStory out;
  if (const std::string text = root->String("start"); !text.empty()) {
    absl::Time time;
    if (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr))
      out.start = absl::ToUnixMicros(time);
    else
      root->Error(root->Get("start"), "'start' must be a time like 2026-03-14T03:04:00Z");
  }
  out.until = root->DurationOrZero("until", 0);
  for (const YAML::Node& node : root->Sequence("lines"))
    out.lines.push_back(ReadLine(root->Child(node, "line")));
  if (!out.lines.empty() && out.start == kNoTime)
    root->Error(root->Get("lines"), "'lines' need 'start', the time of the first ones");
  out.told = root->Has("delivery");
  YamlMap delivery = root->Map("delivery", "delivery");
  const std::vector<std::string> sinks = delivery.Strings("sinks");
  out.delivery = ReadDelivery(&delivery, sinks, errors);
  delivery.Finish();
  for (const YAML::Node& node : root->Sequence("people"))
    out.people.push_back(ReadAct(root->Child(node, "people")));
  for (const YAML::Node& node : expect->Sequence("told"))
    out.notifications.push_back(ReadWord(expect->Child(node, "told"), true));
  for (const YAML::Node& node : expect->Sequence("journal"))
    out.journal.push_back(ReadWord(expect->Child(node, "journal"), false));
  if (!out.told && !(out.people.empty() && out.notifications.empty() && out.journal.empty()))
    root->Error(root->Get("title"), "'people', 'told' and 'journal' need a 'delivery'");
  return out;
}

}  // namespace culprit
