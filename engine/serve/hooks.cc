#include "engine/serve/hooks.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/views.h"
#include "engine/pipeline/live_options.h"
#include "engine/serve/hook_signature.h"
#include "engine/serve/operations.h"
#include "sinks/common/http_client.h"
#include "sinks/common/text.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;
using Kind = OperatorAction::Kind;

constexpr size_t kEvidenceLines = 8;
constexpr size_t kLineUnits = 300;
constexpr DurationUs kWarnPeriod = kMinuteUs;
constexpr DurationUs kSilence = kHourUs;

ServeResponse Taken(std::string_view what) {
  ServeResponse out;
  out.body = Json{{"taken", what}}.dump() + "\n";
  return out;
}

std::string PostJson(const std::string& url, const std::string& json) {
  HttpClient client;
  const HttpResponse response =
      client.Send({.method = "POST",
                   .url = url,
                   .headers = {{"Content-Type", "application/json; charset=utf-8"}},
                   .body = json});
  if (response.error != HttpError::kNone) return response.message;
  return response.status / 100 == 2 ? "" : absl::StrCat("answered ", response.status);
}

std::string ToPerson(const std::string& mrkdwn) {
  return Json{{"response_type", "ephemeral"}, {"replace_original", false}, {"text", mrkdwn}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

std::string_view Origin(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "";
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

}  // namespace

bool MayAnswerTo(std::string_view url, std::string_view api_url) {
  const std::string_view origin = Origin(url);
  if (origin.empty() || origin.find('@') != std::string_view::npos) return false;
  return origin == "https://hooks.slack.com" || origin == "https://hooks.slack-gov.com" ||
         origin == Origin(api_url);
}

Hooks::Hooks(HookOptions options, const ServeBackend* backend)
    : options_([&] {
        if (!options.clock) options.clock = WallNow;
        if (!options.post) options.post = PostJson;
        return std::move(options);
      }()),
      backend_(*backend) {}

void Hooks::Refused(std::string_view who, std::string_view reason, std::string_view why) {
  const TimeUs now = options_.clock();
  const std::lock_guard lock(mutex_);
  ++refusals_[{std::string(who), std::string(reason)}];
  if (warned_ != kNoTime && now - warned_ < kWarnPeriod) return;
  warned_ = now;
  spdlog::warn("hook refused from={} reason={}", who, why);
}

HookRefusals Hooks::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

ServeResponse Hooks::Slack(const ServeRequest& request) {
  if (options_.slack.empty()) {
    Refused("slack", "not_configured", "no slack sink has a signing_secret");
    return ErrorResponse(404, "not_found", "no slack sink has a signing_secret");
  }
  if (!SlackFresh(request.slack_timestamp, options_.clock())) {
    Refused("slack", "stale", "timestamp missing or more than 5 min from this machine's clock");
    return ErrorResponse(401, "unauthorized", "the request's timestamp is missing or too old");
  }
  const HookOptions::Slack* sender = nullptr;
  for (const HookOptions::Slack& one : options_.slack)
    if (SlackSigned(request.slack_signature, request.slack_timestamp, request.body,
                    one.signing_secret))
      sender = &one;
  if (sender == nullptr) {
    Refused("slack", "bad_signature", "signature missing or wrong");
    return ErrorResponse(401, "unauthorized", "the request is not signed with a signing_secret");
  }
  const absl::StatusOr<SlackClick> click = ReadSlackClick(request.body);
  if (!click.ok()) {
    Refused("slack", "unreadable", FromAbsl(click.status().message()));
    return ErrorOf(click.status());
  }
  ServeResponse out;  // an empty 200: Slack leaves the message as it is
  if (click->button != SlackClick::Button::kOther)
    out.after = [this, click = *click, api_url = sender->api_url] { Click(click, api_url); };
  return out;
}

void Hooks::Click(const SlackClick& click, const std::string& api_url) const {
  std::string answer;
  if (click.button == SlackClick::Button::kEvidence) {
    answer = EvidenceText(click.incident);
  } else {
    OperatorAction action{.id = click.id, .incident = click.incident, .author = click.person};
    action.kind = click.button == SlackClick::Button::kAcknowledge ? Kind::kAcknowledge
                  : click.button == SlackClick::Button::kResolve   ? Kind::kResolve
                                                                   : Kind::kSilence;
    if (action.kind == Kind::kSilence) {
      action.silence = {.id = SilenceIdOf(click.id),
                        .matchers = {{.label = "incident", .value = click.incident}},
                        .end = SilenceStart(backend_.stats()) + kSilence,
                        .author = click.person,
                        .comment = "Silence 1h, from Slack"};
      action.incident.clear();
    }
    const absl::Status status = backend_.act
                                    ? backend_.act(action)
                                    : absl::UnavailableError("this culprit takes no actions");
    spdlog::info("hook from=slack person={} action={} incident={} result={}", click.person,
                 static_cast<int>(action.kind), click.incident,
                 status.ok() ? "done" : std::string(status.message()));
    if (status.ok() && action.kind == Kind::kSilence)
      answer = absl::StrCat("Muted for an hour: ", Escaped(click.incident, EscapeSlack),
                            ". `culprit silence expire ", action.silence.id, "` ends it.");
    if (!status.ok())
      answer = absl::StrCat("Not done: ", Escaped(FromAbsl(status.message()), EscapeSlack));
  }
  if (answer.empty() || click.response_url.empty()) return;
  if (!MayAnswerTo(click.response_url, api_url)) {
    spdlog::warn("hook answer not sent: its address is not Slack's");
    return;
  }
  if (const std::string error = options_.post(click.response_url, ToPerson(answer)); !error.empty())
    spdlog::warn("hook answer not sent: {}", error);
}

std::string Hooks::EvidenceText(const std::string& id) const {
  const absl::StatusOr<std::optional<IncidentRow>> row = backend_.incident(id);
  Report report;
  if (!row.ok() || !row->has_value() || !ReadIncidentJson((*row)->json, &report).ok() ||
      report.incidents.empty())
    return "The evidence of this incident is not there any more.";
  const Incident& incident = report.incidents.front();
  std::string out = absl::StrCat("*Evidence* of ", Escaped(incident.title, EscapeSlack), "\n```\n");
  size_t shown = 0;
  for (const Evidence& line : incident.evidence) {
    if (shown++ == kEvidenceLines) break;
    std::string text = OneLine(line.line);
    for (size_t at = 0; (at = text.find("```", at)) != std::string::npos;)
      text.replace(at, 3, "'''");
    absl::StrAppend(&out, FormatClock(line.time), " ", Escaped(line.service, EscapeSlack), "  ",
                    CutUnits(Escaped(text, EscapeSlack), kLineUnits), "\n");
  }
  out += "```";
  if (incident.evidence.size() > kEvidenceLines)
    absl::StrAppend(&out, "\nand ", incident.evidence.size() - kEvidenceLines, " more");
  return incident.evidence.empty() ? "No lines were kept as evidence." : out;
}

std::string Hooks::IncidentOf(const PagerDutyEvent& event) {
  const std::lock_guard lock(mutex_);
  if (event.incident_key.empty()) {
    const auto it = incident_of_.find(event.incident_id);
    return it == incident_of_.end() ? "" : it->second;
  }
  std::string incident = IncidentOfDedupKey(event.incident_key);
  if (incident.empty() || event.incident_id.empty()) return incident;
  if (incident_of_.insert_or_assign(event.incident_id, incident).second)
    remembered_.push_back(event.incident_id);
  if (remembered_.size() > kMostRemembered) {
    incident_of_.erase(remembered_.front());
    remembered_.pop_front();
  }
  return incident;
}

ServeResponse Hooks::PagerDuty(const ServeRequest& request) {
  if (options_.pagerduty.empty()) {
    Refused("pagerduty", "not_configured", "no pagerduty sink has a webhook_secret");
    return ErrorResponse(404, "not_found", "no pagerduty sink has a webhook_secret");
  }
  bool known = false;
  for (const Secret& secret : options_.pagerduty)
    known |= PagerDutySigned(request.pagerduty_signature, request.body, secret);
  if (!known) {
    Refused("pagerduty", "bad_signature", "signature missing or wrong");
    return ErrorResponse(401, "unauthorized", "the request is not signed with a webhook_secret");
  }
  const absl::StatusOr<PagerDutyEvent> event = ReadPagerDutyEvent(request.body);
  if (!event.ok()) {
    Refused("pagerduty", "unreadable", FromAbsl(event.status().message()));
    return ErrorOf(event.status());
  }
  const std::string incident = IncidentOf(*event);
  if (event->kind == PagerDutyEvent::Kind::kOther)
    return Taken("nothing: not an event of interest");
  if (!event->by_person) return Taken("nothing: no person did this");
  if (incident.empty()) return Taken("nothing: not an incident of this culprit");
  OperatorAction action{.id = absl::StrCat("pagerduty:", event->id),
                        .incident = incident,
                        .author = event->person,
                        .text = event->text};
  action.kind = event->kind == PagerDutyEvent::Kind::kAcknowledged ? Kind::kAcknowledge
                : event->kind == PagerDutyEvent::Kind::kResolved   ? Kind::kResolve
                                                                   : Kind::kNote;
  const absl::Status status =
      backend_.act ? backend_.act(action) : absl::NotFoundError("this culprit takes no actions");
  spdlog::info("hook from=pagerduty person={} event={} incident={} result={}", event->person,
               event->type, incident, status.ok() ? "done" : std::string(status.message()));
  if (status.ok()) return Taken(event->type);
  // Coming again would change nothing about these.
  if (absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
      absl::IsInvalidArgument(status))
    return Taken(absl::StrCat("nothing: ", status.message()));
  return ErrorOf(status);
}

}  // namespace culprit
