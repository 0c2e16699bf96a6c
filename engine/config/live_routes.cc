#include "engine/config/live_routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

class Reader {
 public:
  Reader(const std::vector<std::string>& sinks, ConfigErrors* errors)
      : sinks_(sinks), errors_(errors) {}

  DeliverConfig Read(YamlMap* root) {
    for (const YAML::Node& node : root->Sequence("mute_times")) ReadMuteTime(root, node);
    for (const YAML::Node& node : root->Sequence("teams")) ReadTeam(root, node);
    for (const YAML::Node& node : root->Sequence("routes")) ReadRoute(root, node);
    for (const YAML::Node& node : root->Sequence("silences")) ReadSilence(root, node);
    for (const YAML::Node& node : root->Sequence("maintenance")) ReadMaintenance(root, node);
    const YAML::Node labels = root->Get("labels");
    if (labels.IsDefined() && !labels.IsMap()) {
      root->Error(labels, "'labels' must be a mapping of names to values");
    } else if (labels.IsDefined()) {
      for (const auto& label : labels) {
        if (label.first.IsScalar() && label.second.IsScalar())
          out_.labels.emplace_back(label.first.Scalar(), label.second.Scalar());
        else
          root->Error(label.first, "labels: expected name: value");
      }
    }
    out_.url = root->String("external_url");
    while (!out_.url.empty() && out_.url.back() == '/') out_.url.pop_back();
    if (!root->Has("routes") && !sinks_.empty()) out_.routes.push_back({.sinks = sinks_});
    return std::move(out_);
  }

 private:
  // One of `known`, or an error that says which there are.
  void CheckName(YamlMap* map, const char* key, std::string_view what, const std::string& name,
                 const std::vector<std::string>& known) const {
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::vector<std::string_view> views(known.begin(), known.end());
    const std::string near = Nearest(name, views);
    map->Error(map->Get(key),
               absl::StrCat(map->what(), ": no ", ToAbsl(what), " is called '", name, "'",
                            near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?")));
  }
  std::vector<std::string> Sinks(YamlMap* map, const char* key) const {
    std::vector<std::string> names = map->Strings(key);
    for (const std::string& name : names) CheckName(map, key, "sink", name, sinks_);
    return names;
  }
  std::vector<std::string> TeamNames() const {
    std::vector<std::string> out;
    for (const Team& team : out_.teams) out.push_back(team.name);
    return out;
  }
  std::vector<std::string> MuteNames() const {
    std::vector<std::string> out;
    for (const MuteTime& time : out_.mute_times) out.push_back(time.name);
    return out;
  }
  std::vector<LabelMatcher> Matchers(YamlMap* map, const char* key) const {
    std::vector<LabelMatcher> out;
    for (const std::string& text : map->Strings(key)) {
      absl::StatusOr<LabelMatcher> matcher = ParseMatcher(text);
      if (matcher.ok())
        out.push_back(*std::move(matcher));
      else
        map->Error(map->Get(key), absl::StrCat(map->what(), ": ", matcher.status().message()));
    }
    return out;
  }
  TimeUs Moment(YamlMap* map, const char* key) const {
    const std::string text = map->String(key);
    if (text.empty()) return kNoTime;
    absl::Time time;
    if (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return absl::ToUnixMicros(time);
    map->Error(map->Get(key), absl::StrCat(map->what(), ": '", key, "' is '", text,
                                           "'; expected a time like 2026-11-21T06:00:00+01:00"));
    return kNoTime;
  }
  // "22:00"; 24:00 is the end of the day.
  int MinuteOfDay(YamlMap* map, const char* key, int fallback) const {
    const std::string text = map->String(key);
    if (text.empty()) return fallback;
    int hours = 0, minutes = 0;
    if (text.size() == 5 && text[2] == ':' && absl::SimpleAtoi(text.substr(0, 2), &hours) &&
        absl::SimpleAtoi(text.substr(3), &minutes) && minutes >= 0 && minutes < 60 && hours >= 0 &&
        hours * 60 + minutes <= 24 * 60)
      return hours * 60 + minutes;
    map->Error(map->Get(key), absl::StrCat(map->what(), ": '", key, "' is '", text,
                                           "'; expected a time of day in quotes, like \"22:00\""));
    return fallback;
  }

  void ReadMuteTime(YamlMap* root, const YAML::Node& node) {
    YamlMap map = root->Child(node, "mute time");
    MuteTime out;
    out.name = map.RequiredString("name");
    map.set_what(absl::StrCat("mute time ", out.name));
    out.zone = map.String("timezone", out.zone);
    if (absl::TimeZone zone; !absl::LoadTimeZone(out.zone, &zone))
      map.Error(map.Get("timezone"), absl::StrCat(map.what(), ": time zone '", out.zone,
                                                  "' is not known; expected e.g. Europe/Berlin"));
    out.begin_minutes = MinuteOfDay(&map, "from", out.begin_minutes);
    out.end_minutes = MinuteOfDay(&map, "to", out.end_minutes);
    if (out.begin_minutes == 24 * 60)
      map.Error(map.Get("from"), absl::StrCat(map.what(), ": 'from' must be before 24:00"));
    if (map.Has("days")) out.days = 0;
    for (const std::string& name : map.Strings("days")) {
      const auto* day = std::find(std::begin(kDays), std::end(kDays), name);
      if (day == std::end(kDays))
        map.Error(map.Get("days"), absl::StrCat(map.what(), ": '", name,
                                                "' is no day; expected mon, tue, wed, thu, fri, "
                                                "sat or sun"));
      else
        out.days = static_cast<uint8_t>(out.days | 1u << (day - std::begin(kDays)));
    }
    map.Finish();
    const std::vector<std::string> names = MuteNames();
    if (std::find(names.begin(), names.end(), out.name) != names.end())
      errors_->Add(map.where(), absl::StrCat("two mute times are called '", out.name, "'"));
    out_.mute_times.push_back(std::move(out));
  }

  void ReadTeam(YamlMap* root, const YAML::Node& node) {
    YamlMap map = root->Child(node, "team");
    Team out;
    out.name = map.RequiredString("name");
    map.set_what(absl::StrCat("team ", out.name));
    out.components = map.Strings("components");
    for (const YAML::Node& item : map.Sequence("contacts")) {
      YamlMap contact = map.Child(item, absl::StrCat(map.what(), ": contact"));
      out.contacts.push_back({contact.RequiredString("name"), contact.RequiredString("address")});
      contact.Finish();
    }
    std::vector<std::string> people;
    for (const Contact& contact : out.contacts) people.push_back(contact.name);
    for (const YAML::Node& item : map.Sequence("escalation")) {
      YamlMap step = map.Child(item, absl::StrCat(map.what(), ": escalation"));
      EscalationStep s;
      s.after = step.Duration("after", s.after);
      s.contact = step.String("contact");
      if (!s.contact.empty()) CheckName(&step, "contact", "contact of the team", s.contact, people);
      s.sinks = Sinks(&step, "sinks");
      if (s.contact.empty() && s.sinks.empty())
        errors_->Add(step.where(),
                     absl::StrCat(map.what(), ": an escalation needs a 'contact' or 'sinks'"));
      if (!out.escalation.empty() && s.after < out.escalation.back().after)
        step.Error(step.Get("after"),
                   absl::StrCat(map.what(), ": escalations must ascend by 'after'"));
      step.Finish();
      out.escalation.push_back(std::move(s));
    }
    map.Finish();
    const std::vector<std::string> names = TeamNames();
    if (std::find(names.begin(), names.end(), out.name) != names.end())
      errors_->Add(map.where(), absl::StrCat("two teams are called '", out.name, "'"));
    out_.teams.push_back(std::move(out));
  }

  void ReadRoute(YamlMap* root, const YAML::Node& node) {
    YamlMap map = root->Child(node, "route");
    Route out;
    out.where = map.where();
    YamlMap match = map.Map("match", "route: match");
    for (const std::string& name : match.Strings("severity")) {
      const auto* found = std::find(kSeverityNames.begin(), kSeverityNames.end(), name);
      if (found == kSeverityNames.end())
        match.Error(match.Get("severity"),
                    absl::StrCat("route: '", name,
                                 "' is no severity; expected info, warning, error or critical"));
      else
        out.match.severities.push_back(static_cast<Severity>(found - kSeverityNames.begin()));
    }
    out.match.components = match.Strings("component");
    out.match.teams = match.Strings("team");
    for (const std::string& name : out.match.teams)
      CheckName(&match, "team", "team", name, TeamNames());
    out.match.packs = match.Strings("pack");
    out.match.labels = Matchers(&match, "labels");
    match.Finish();
    out.sinks = Sinks(&map, "sinks");
    if (out.sinks.empty()) errors_->Add(map.where(), "route: 'sinks' is required: names of sinks");
    out.team = map.String("team");
    if (!out.team.empty()) CheckName(&map, "team", "team", out.team, TeamNames());
    out.go_on = map.Bool("continue", out.go_on);
    out.group_wait = map.DurationOrZero("group_wait", out.group_wait);
    out.group_interval = map.Duration("group_interval", out.group_interval);
    out.repeat_interval = map.DurationOrZero("repeat_interval", out.repeat_interval);
    out.digest_interval = map.Duration("digest_interval", out.digest_interval);
    out.mute_times = map.Strings("mute_times");
    for (const std::string& name : out.mute_times)
      CheckName(&map, "mute_times", "mute time", name, MuteNames());
    map.Finish();
    out_.routes.push_back(std::move(out));
  }

  void ReadSilence(YamlMap* root, const YAML::Node& node) {
    YamlMap map = root->Child(node, "silence");
    SilenceSpec out;
    out.id = map.RequiredString("id");
    map.set_what(absl::StrCat("silence ", out.id));
    out.matchers = Matchers(&map, "matchers");
    if (!map.Has("matchers"))
      errors_->Add(map.where(), absl::StrCat(map.what(), ": 'matchers' is required"));
    out.start = Moment(&map, "start");
    out.end = Moment(&map, "end");
    if (out.end == kNoTime || out.end <= out.start)
      errors_->Add(map.where(), absl::StrCat(map.what(), ": 'end' must be behind 'start'"));
    out.author = map.RequiredString("author");
    out.comment = map.RequiredString("comment");
    map.Finish();
    out_.silences.push_back(std::move(out));
  }

  void ReadMaintenance(YamlMap* root, const YAML::Node& node) {
    YamlMap map = root->Child(node, "maintenance");
    MaintenanceWindow out;
    out.name = map.String("name");
    out.components = map.Strings("components");
    if (out.components.empty()) errors_->Add(map.where(), "maintenance: 'components' is required");
    out.during = map.String("during");
    out.start = Moment(&map, "start");
    out.end = Moment(&map, "end");
    if (!out.during.empty()) {
      CheckName(&map, "during", "mute time", out.during, MuteNames());
    } else if (out.start == kNoTime || out.end <= out.start) {
      errors_->Add(map.where(),
                   "maintenance: 'start' and a later 'end' are required, or 'during' with the name "
                   "of a mute time");
    }
    map.Finish();
    out_.maintenance.push_back(std::move(out));
  }

  const std::vector<std::string>& sinks_;
  ConfigErrors* const errors_;
  DeliverConfig out_;
};

}  // namespace

DeliverConfig ReadDelivery(YamlMap* root, const std::vector<std::string>& sinks,
                           ConfigErrors* errors) {
  return Reader(sinks, errors).Read(root);
}

}  // namespace culprit
