#include "engine/serve/operations_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/deliver/matching.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

Json Time(TimeUs time) { return time == kNoTime ? Json() : Json(FormatTime(time)); }

}  // namespace

ServeResponse JsonAnswer(const Json& body) {
  ServeResponse out;
  out.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return out;
}

Json SilenceJson(const SilenceSpec& silence, TimeUs now) {
  Json matchers = Json::array();
  for (const LabelMatcher& matcher : silence.matchers) matchers.push_back(MatcherText(matcher));
  return {{"id", silence.id},
          {"state", silence.start > now ? "pending"
                    : silence.end > now ? "active"
                                        : "expired"},
          {"matchers", matchers},
          {"start", Time(silence.start)},
          {"end", Time(silence.end)},
          {"author", silence.author},
          {"comment", silence.comment}};
}

Json SilencesJson(const std::vector<SilenceSpec>& silences, TimeUs now) {
  Json out = Json::array();
  for (const SilenceSpec& silence : silences) out.push_back(SilenceJson(silence, now));
  return {{"silences", out}};
}

Json JournalJson(const std::vector<JournalRow>& rows) {
  Json out = Json::array();
  for (const JournalRow& row : rows)
    out.push_back({{"number", row.number},
                   {"time", Time(row.time)},
                   {"event", row.event},
                   {"before", row.before},
                   {"after", row.after},
                   {"author", row.author},
                   {"text", row.text}});
  return {{"journal", out}};
}

Json ReceiptsJson(const std::vector<DrillReceipt>& receipts) {
  Json out = Json::array();
  for (const DrillReceipt& receipt : receipts)
    out.push_back({{"destination", receipt.destination},
                   {"outcome", DeliveryOutcomeName(receipt.outcome)},
                   {"detail", receipt.detail},
                   {"error", receipt.error}});
  const bool all = std::all_of(receipts.begin(), receipts.end(), [](const DrillReceipt& receipt) {
    return receipt.outcome == DeliveryOutcome::kDelivered;
  });
  return {{"delivered", all}, {"receipts", out}};
}

Json DestinationsJson(const std::vector<DestinationStatus>& destinations) {
  Json out = Json::array();
  for (const DestinationStatus& d : destinations)
    out.push_back({{"name", d.name},
                   {"type", d.type},
                   {"state", DestinationStateName(d.state)},
                   {"reason", d.reason},
                   {"error", d.error},
                   {"failed_at", Time(d.failed_at)},
                   {"delivered_at", Time(d.delivered_at)},
                   {"next_attempt", Time(d.next_attempt)},
                   {"pending", d.pending},
                   {"delivered", d.delivered},
                   {"failed", d.failed},
                   {"rejected", d.rejected},
                   {"skipped", d.skipped},
                   {"resent", d.resent}});
  return {{"destinations", out}};
}

Json PreviewJson(const std::string& id, const std::string& incident) {
  const Json stored = Json::parse(incident, nullptr, false);
  const auto text = [&](const char* name) {
    const auto it = stored.is_object() ? stored.find(name) : stored.end();
    return stored.is_object() && it != stored.end() && it->is_string() ? it->get<std::string>()
                                                                       : "";
  };
  return {{"id", id},
          {"title", text("title")},
          {"severity", text("severity")},
          {"state", text("state")}};
}

}  // namespace culprit
