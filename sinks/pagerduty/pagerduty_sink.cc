#include "sinks/pagerduty/pagerduty_sink.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "sinks/common/message.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kSummaryUnits = 1024;
constexpr size_t kMaxLinks = 10;
constexpr char kSummary[] =
    "{{title}} · {{confidence}} {{share}}{{#first_step}} · first: {{first_step}}{{/first_step}}";

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What stands on the alert's page: short names, one line each.
Json Details(const Notification& n) {
  const TemplateData data = MessageData(n, {});
  Json out;
  const auto copy = [&](const char* shown, const char* name) {
    for (const auto& [key, value] : data.values)
      if (key == name && !value.empty()) out[shown] = value;
  };
  copy("cause", "component");
  copy("confidence", "confidence");
  copy("share", "share");
  copy("since", "since");
  copy("impact", "impact");
  copy("took down", "affected");
  copy("first step", "first_step");
  copy("command", "first_command");
  copy("explains", "explained");
  copy("what happened", "text");
  copy("incident", "id");
  for (const auto& [name, items] : data.lists) {
    Json lines = Json::array();
    for (const TemplateData& item : items) {
      if (name == "proof")
        lines.push_back(FillTemplate("{{clock}} {{service}} {{path}}: {{said}}", item));
      else if (name == "alternatives")
        lines.push_back(FillTemplate("{{name}}: {{reason}}", item));
      else if (name == "labels")
        lines.push_back(FillTemplate("{{name}}={{value}}", item));
    }
    if (!lines.empty()) out[name] = std::move(lines);
  }
  return out;
}

class PagerDutySink : public Sink {
 public:
  explicit PagerDutySink(const PagerDutySinkConfig& config) : config_(config), http_(config.http) {
    http_.filter.Add(config.routing_key);
  }
  std::string_view type() const override { return "pagerduty"; }

  std::string Preview(const Notification& n) const override {
    return Json::parse(Payload(n, "[routing key]")).dump(2);
  }

  DeliveryResult Deliver(const Notification& n) override {
    const HttpResponse response =
        http_.PostJson(config_.url, Payload(n, config_.routing_key.Reveal()));
    DeliveryResult result = http_.Outcome(response);
    if (result.outcome == DeliveryOutcome::kDelivered) result.receipt = n.dedup_key;
    return result;
  }

 private:
  static const char* ActionOf(const Notification& n) {
    if (IsOver(n)) return "resolve";
    return n.event == NotifyEvent::kAcknowledged ? "acknowledge" : "trigger";
  }

  std::string Payload(const Notification& n, const std::string& routing_key) const {
    Json out = {{"routing_key", routing_key},
                {"event_action", ActionOf(n)},
                {"dedup_key", CutBytes(n.dedup_key, 255)}};
    if (std::string_view(ActionOf(n)) != "trigger") return Dump(out);  // it takes nothing else
    const std::string summary = OneLine(
        FillTemplate(config_.summary.empty() ? kSummary : config_.summary, MessageData(n, {})));
    Json payload = {
        {"summary", CutUnits(summary.empty() ? n.incident.title : summary, kSummaryUnits)},
        {"source", n.incident.root.component.empty() ? "culprit" : n.incident.root.component},
        {"severity", config_.severities[static_cast<size_t>(n.incident.severity)]}};
    if (n.incident.onset != kNoTime) payload["timestamp"] = FormatTime(n.incident.onset);
    payload["component"] = n.incident.root.component;
    if (!n.team.empty()) payload["group"] = n.team;
    payload["class"] = n.incident.root.failure_mode;
    payload["custom_details"] = Details(n);
    out["payload"] = std::move(payload);
    out["client"] = "culprit";
    if (!n.url.empty()) out["client_url"] = n.url;
    Json links = Json::array();
    if (!n.url.empty()) links.push_back({{"href", n.url}, {"text", "Incident in culprit"}});
    for (const RunbookLink& link : n.incident.runbook.links)
      if (links.size() < kMaxLinks && link.url.starts_with("http"))
        links.push_back({{"href", link.url}, {"text", CutUnits(link.title, 200)}});
    if (!links.empty()) out["links"] = std::move(links);
    std::string text = Dump(out);
    if (text.size() <= kPagerDutyMaxBytes) return text;
    out["payload"]["custom_details"] = {
        {"incident", n.incident.id}, {"left out", "the details are larger than PagerDuty takes"}};
    return Dump(out);
  }

  const PagerDutySinkConfig config_;
  HttpSender http_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakePagerDutySink(const PagerDutySinkConfig& config) {
  if (config.routing_key.empty())
    return absl::InvalidArgumentError("pagerduty: 'routing_key' is required");
  return std::make_unique<PagerDutySink>(config);
}

}  // namespace culprit
