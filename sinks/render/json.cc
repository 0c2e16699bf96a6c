// JSON and JSON Lines. Key order is fixed (ordered_json), so equal reports give equal bytes.
#include <nlohmann/json.hpp>

#include <cmath>

#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

Json Time(TimeUs time) { return time == kNoTime ? Json(nullptr) : Json(FormatTime(time)); }
double Nats(int64_t micro) { return static_cast<double>(micro) / 1e6; }
// Probabilities are shown to three decimals: more would be noise.
double Rounded(double p) { return static_cast<double>(std::llround(p * 1000)) / 1000; }

std::string_view OriginName(TimeOrigin origin) {
  constexpr std::string_view kNames[] = {"parsed", "inherited", "assumed"};
  return kNames[static_cast<size_t>(origin)];
}

Json Of(const Evidence& e, const Report& report) {
  Json captures = Json::object();
  for (const auto& [name, text] : e.captures) captures[name] = text;
  const size_t stream = e.position.partition;
  return {{"source", "file"},
          {"file", stream < report.streams.size() ? report.streams[stream].name : ""},
          {"offset", e.position.offset},
          {"length", e.position.length},
          {"time", Time(e.time)},
          {"time_origin", OriginName(e.time_origin)},
          {"level", LevelName(e.level)},
          {"service", e.service},
          {"instance", e.instance},
          {"line", e.line},
          {"captures", captures}};
}

Json Of(const Symptom& s) {
  return {{"signature", s.signature},
          {"title", s.title},
          {"class", SymptomClassName(s.cls)},
          {"component", s.component},
          {"target", s.target},
          {"template", s.template_text},
          {"onset", Time(s.onset)},
          {"last", Time(s.last)},
          {"count", s.count},
          {"path", s.path},
          {"responsibility", Rounded(s.responsibility)},
          {"weight", Nats(s.weight_micro_nats)}};
}

Json Of(const Hypothesis& h, Confidence confidence) {
  Json out = {{"component", h.component},
              {"failure_mode", h.failure_mode},
              {"title", h.title},
              {"kind", ModeKindName(h.kind)},
              {"probability", Rounded(h.probability)},
              {"share", Rounded(h.share)},
              {"score", Nats(h.score_micro_nats)},
              {"confidence", ConfidenceName(confidence)}};
  if (!h.from.empty()) out["from"] = h.from;
  return out;
}

Json Steps(const std::vector<RunbookStep>& steps) {
  Json out = Json::array();
  for (const RunbookStep& step : steps) out.push_back({{"say", step.say}, {"run", step.run}});
  return out;
}

Json Of(const Incident& i, const Report& report) {
  Json out;
  out["id"] = i.id;
  out["state"] = IncidentStateName(i.state);
  out["severity"] = SeverityName(i.severity);
  out["title"] = i.title;
  out["root_cause"] = Of(i.root, i.confidence);
  out["ties"] = i.ties;
  out["alternatives"] = Json::array();
  for (const Alternative& a : i.alternatives) {
    Json alternative = Of(a.hypothesis, i.confidence);
    alternative.erase("confidence");
    alternative["reason"] = a.reason;
    out["alternatives"].push_back(std::move(alternative));
  }
  out["explains"] = Json::array();
  for (const Symptom& s : i.symptoms)
    out["explains"].push_back({{"signature", s.signature}, {"component", s.component}});
  out["affected"] = i.affected;
  out["spared"] = Json::array();
  for (const Spared& s : i.spared)
    out["spared"].push_back(
        {{"signature", s.signature}, {"title", s.title}, {"confirmed", s.confirmed}});
  out["absent"] = Json::array();
  for (const Absence& a : i.absences)
    out["absent"].push_back(
        {{"component", a.component}, {"what", a.what}, {"weight", Nats(a.weight_micro_nats)}});
  out["unexplained"] = Json::array();
  for (const Symptom& s : i.unexplained) out["unexplained"].push_back(Of(s));
  out["impact"] = i.impact;
  out["onset"] = Time(i.onset);
  out["opened_at"] = Time(i.opened_at);
  out["paged_at"] = Time(i.paged_at);
  out["updated_at"] = Time(i.updated_at);
  out["resolved_at"] = Time(i.resolved_at);
  out["symptoms"] = Json::array();
  for (const Symptom& s : i.symptoms) out["symptoms"].push_back(Of(s));
  out["evidence"] = Json::array();
  for (const Evidence& e : i.evidence) out["evidence"].push_back(Of(e, report));
  Json links = Json::array();
  for (const RunbookLink& l : i.runbook.links)
    links.push_back({{"title", l.title}, {"url", l.url}});
  out["runbook"] = {{"immediate", Steps(i.runbook.immediate)},
                    {"diagnose", Steps(i.runbook.diagnose)},
                    {"resolve", Steps(i.runbook.resolve)},
                    {"links", links}};
  out["timeline"] = Json::array();
  for (const TimelineEntry& t : i.timeline)
    out["timeline"].push_back(
        {{"time", Time(t.time)}, {"kind", t.kind}, {"component", t.component}, {"text", t.text}});
  out["merged_into"] = i.merged_into;
  out["split_from"] = i.split_from;
  out["related_to"] = i.related_to;
  out["flaps"] = i.flaps;
  out["flapping"] = i.flapping;
  out["root_history"] = i.root_history;
  return out;
}

Json StatsOf(const Report& report) {
  const ReportStats& s = report.stats;
  Json reasons = Json::object();
  for (size_t i = 0; i < kReasonCount; ++i) {
    const Reason reason = static_cast<Reason>(i);
    reasons[std::string(ReasonName(reason))] = s.reasons.Get(reason);
  }
  return {
      {"streams", s.streams},           {"bytes", s.bytes},   {"lines", s.lines},
      {"signals", s.signals},           {"bursts", s.bursts}, {"first_time", Time(s.first_time)},
      {"last_time", Time(s.last_time)}, {"reasons", reasons}};
}

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string RenderJson(const Report& report, bool pretty) {
  Json out;
  out["schema"] = "culprit/report/1";
  out["incidents"] = Json::array();
  for (const Incident& i : report.incidents) out["incidents"].push_back(Of(i, report));
  out["unattributed"] = Json::array();
  for (const Symptom& s : report.unattributed) out["unattributed"].push_back(Of(s));
  out["components"] = report.components;
  out["edges"] = Json::array();
  for (const ReportEdge& e : report.edges)
    out["edges"].push_back({{"from", e.from}, {"to", e.to}, {"learned", e.learned}});
  out["streams"] = Json::array();
  for (const ReportStream& s : report.streams) {
    Json stream = {{"name", s.name},
                   {"format", s.format},
                   {"service", s.service},
                   {"bytes", s.bytes},
                   {"signals", s.signals}};
    if (!s.error.empty()) stream["error"] = s.error;
    out["streams"].push_back(std::move(stream));
  }
  out["stats"] = StatsOf(report);
  return Dump(out, pretty ? 2 : -1);
}

std::string RenderIncidentJson(const Incident& incident, const Report& report) {
  std::string out = Dump(Of(incident, report), -1);
  out.pop_back();
  return out;
}

std::string RenderJsonLines(const Report& report) {
  std::string out;
  for (const Incident& i : report.incidents) out += Dump(Of(i, report), -1);
  return out + Dump({{"stats", StatsOf(report)}}, -1);
}

}  // namespace culprit
