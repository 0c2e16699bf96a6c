#include "engine/cmd/delivery.h"

#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/cmd/sample_messages.h"
#include "engine/pipeline/live_options.h"

namespace culprit {
namespace {

DrillReceipt DrillOne(const SinkConfig& config, const DeliverConfig& deliver) {
  DrillReceipt receipt;
  receipt.destination = SinkName(config.config);
  const absl::StatusOr<std::unique_ptr<Sink>> sink = MakeSink(config.config);
  if (!sink.ok()) {
    receipt.outcome = DeliveryOutcome::kRejected;
    receipt.error = std::string(sink.status().message());
    return receipt;
  }
  for (const auto& [event, result] : DeliverTest(sink->get(), receipt.destination, deliver)) {
    receipt.outcome = result.outcome;
    receipt.error = result.error;
    if (receipt.detail.empty()) receipt.detail = result.detail;
    if (result.outcome != DeliveryOutcome::kDelivered && event != NotifyEvent::kOpened)
      receipt.error = absl::StrCat("opened there, but not its end: ", result.error);
  }
  return receipt;
}

}  // namespace

Delivery::Delivery(std::vector<SinkConfig> sinks, LiveStore* store)
    : sinks_(std::move(sinks)),
      store_(store),
      outbox_(store),
      sender_(&outbox_, SendOptions(), WallNow) {}

absl::StatusOr<std::unique_ptr<Delivery>> Delivery::Make(const std::vector<SinkConfig>& sinks,
                                                         LiveStore* store) {
  std::unique_ptr<Delivery> out(new Delivery(sinks, store));
  for (const SinkConfig& config : sinks) {
    absl::StatusOr<std::unique_ptr<Sink>> sink = MakeSink(config.config);
    const std::string& name = SinkName(config.config);
    if (!sink.ok())
      return absl::Status(sink.status().code(),
                          absl::StrCat(config.where.file, ":", config.where.line, ": sink ", name,
                                       ": ", sink.status().message()));
    out->sender_.Add(name, *std::move(sink));
  }
  return out;
}

void Delivery::Stop(int64_t deadline) {
  sender_.Wake();
  sender_.Stop(std::max<int64_t>(0, deadline - SteadyNow()));
}

std::vector<DestinationStatus> Delivery::status() const {
  std::vector<DestinationStatus> out = sender_.status();
  const absl::StatusOr<std::map<std::string, DeliveryTotals>> totals = store_->Deliveries();
  if (!totals.ok()) return out;
  for (DestinationStatus& status : out)
    if (const auto it = totals->find(status.name); it != totals->end())
      status.pending = it->second.pending;
  return out;
}

std::vector<std::string> Delivery::Orphans() const {
  std::vector<std::string> out;
  const absl::StatusOr<std::map<std::string, DeliveryTotals>> totals = store_->Deliveries();
  if (!totals.ok()) return out;
  for (const auto& [name, total] : *totals)
    if (total.pending > 0 && std::none_of(sinks_.begin(), sinks_.end(), [&](const SinkConfig& s) {
          return SinkName(s.config) == name;
        }))
      out.push_back(absl::StrCat(name, " (", total.pending, ")"));
  return out;
}

absl::StatusOr<std::vector<DrillReceipt>> Delivery::Drill(const std::vector<std::string>& sinks,
                                                          const DeliverConfig& deliver) const {
  std::vector<std::future<DrillReceipt>> drills;
  for (const std::string& name : sinks)
    if (std::none_of(sinks_.begin(), sinks_.end(),
                     [&](const SinkConfig& s) { return SinkName(s.config) == name; }))
      return absl::NotFoundError(absl::StrCat("no sink is called '", name, "'"));
  for (const SinkConfig& config : sinks_)
    if (sinks.empty() ||
        std::find(sinks.begin(), sinks.end(), SinkName(config.config)) != sinks.end())
      drills.push_back(std::async(std::launch::async,
                                  [&config, &deliver] { return DrillOne(config, deliver); }));
  std::vector<DrillReceipt> out;
  for (std::future<DrillReceipt>& drill : drills) out.push_back(drill.get());
  return out;
}

}  // namespace culprit
