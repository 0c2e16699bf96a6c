#include "sinks/alertmanager/alertmanager_sink.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sinks/common/message.h"
#include "sinks/common/plain_text.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxValueBytes = 1024;
constexpr size_t kMaxTextBytes = 16'384;
constexpr char kSummary[] = "{{title}} ({{confidence}} {{share}})";

std::string LabelName(const std::string& name) {
  std::string out;
  for (const char c : name) out += absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return out.empty() || absl::ascii_isdigit(static_cast<unsigned char>(out[0])) ? "_" + out : out;
}

class AlertmanagerSink : public Sink {
 public:
  explicit AlertmanagerSink(const AlertmanagerSinkConfig& config)
      : config_(config), http_(config.http) {
    http_.filter.Add(config.token);
    http_.filter.Add(config.password);
    http_.filter.AddUrl(config.url);
  }
  std::string_view type() const override { return "alertmanager"; }
  DurationUs resend_every() const override { return config_.resend_every; }

  std::string Preview(const Notification& n) const override {
    return Json::parse(Payload(n, LabelsOf(n))).dump(2);
  }

  DeliveryResult Deliver(const Notification& n) override {
    std::vector<std::pair<std::string, Secret>> headers;
    if (!config_.token.empty())
      headers.emplace_back("Authorization", Secret("Bearer " + config_.token.Reveal()));
    else if (!config_.username.empty())
      headers.emplace_back("Authorization",
                           Secret("Basic " + absl::Base64Escape(config_.username + ":" +
                                                                config_.password.Reveal())));
    const Json labels = LabelsOf(n);
    DeliveryResult result = http_.Outcome(
        http_.PostJson(config_.url + "/api/v2/alerts", Payload(n, labels), std::move(headers)));
    if (result.outcome == DeliveryOutcome::kDelivered)
      result.receipt = labels.dump(-1, ' ', false, Json::error_handler_t::replace);
    return result;
  }

 private:
  // Labels are the alert's identity: what they were at first they stay, whatever becomes of the
  // incident's severity and root. The receipt remembers.
  Json LabelsOf(const Notification& n) const {
    const Json before = Json::parse(n.receipt, nullptr, false);
    if (before.is_object()) return before;
    Json labels;
    const auto set = [&](const std::string& name, const std::string& value) {
      if (!value.empty()) labels[LabelName(name)] = CutBytes(OneLine(value), kMaxValueBytes);
    };
    for (const auto& [name, value] : n.labels) set(name, value);
    for (const auto& [name, value] : config_.labels) set(name, value);
    set("alertname", "CulpritIncident");
    set("incident", n.incident.id);
    set("severity", std::string(SeverityName(n.incident.severity)));
    set("team", n.team);
    if (n.drill) set("drill", "true");
    return labels;
  }

  std::string Payload(const Notification& n, const Json& labels) const {
    const TemplateData data = MessageData(n, {});
    Json notes;
    const auto note = [&](const char* name, const std::string& text) {
      if (!text.empty()) notes[name] = CutBytes(text, kMaxTextBytes);
    };
    const Incident& i = n.incident;
    note("summary",
         OneLine(FillTemplate(config_.summary.empty() ? kSummary : config_.summary, data)));
    note("description", PlainText(n, config_.description));
    note("cause", i.root.component);
    note("confidence", std::string(ConfidenceName(i.confidence)));
    note("severity_now", std::string(SeverityName(i.severity)));
    note("impact", i.impact);
    note("owner", n.owner);
    if (!i.runbook.links.empty()) note("runbook_url", i.runbook.links[0].url);
    const absl::Time now = absl::Now();
    const absl::Time starts = i.onset == kNoTime ? now : absl::FromUnixMicros(i.onset);
    absl::Time ends = now + absl::Microseconds(4 * config_.resend_every);
    if (IsOver(n)) {
      ends = i.resolved_at == kNoTime ? now : std::min(now, absl::FromUnixMicros(i.resolved_at));
      ends = std::max(ends, starts + absl::Seconds(1));
    }
    Json alert = {{"labels", labels},
                  {"annotations", notes},
                  {"startsAt", FormatTime(absl::ToUnixMicros(starts))},
                  {"endsAt", FormatTime(absl::ToUnixMicros(ends))}};
    if (!n.url.empty()) alert["generatorURL"] = n.url;
    return Json::array({alert}).dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  const AlertmanagerSinkConfig config_;
  HttpSender http_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeAlertmanagerSink(const AlertmanagerSinkConfig& config) {
  if (config.url.empty()) return absl::InvalidArgumentError("alertmanager: 'url' is required");
  return std::make_unique<AlertmanagerSink>(config);
}

}  // namespace culprit
