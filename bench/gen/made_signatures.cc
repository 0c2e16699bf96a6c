#include "bench/gen/made_signatures.h"

#include <set>
#include <string>
#include <utility>

#include "bench/gen/rng.h"

namespace culprit::bench {
namespace {

constexpr const char* kAreas[] = {
    "Ledger",   "Catalog",  "Shipment", "Invoice", "Tariff",   "Voucher",  "Customer", "Session",
    "Replica",  "Shard",    "Snapshot", "Tenant",  "Webhook",  "Mailbox",  "Geocode",  "Payout",
    "Refund",   "Basket",   "Pricing",  "Loyalty", "Fulfil",   "Courier",  "Returns",  "Fraud",
    "Identity", "Consent",  "Audit",    "Archive", "Exporter", "Importer", "Planner",  "Router",
    "Gateway",  "Throttle", "Quota",    "Lease",   "Election", "Compact",  "Segment",  "Indexer"};
constexpr const char* kParts[] = {"Client",  "Store",  "Worker", "Queue",   "Cache",
                                  "Service", "Writer", "Reader", "Manager", "Pool"};
constexpr const char* kFailures[] = {
    "could not be reached",    "gave up after retries",  "was refused by peer",
    "returned a bad checksum", "ran out of free slots",  "lost its lease",
    "is behind the leader",    "rejected the handshake", "answered too late",
    "dropped a batch",         "cannot open its file",   "has an unknown version"};

std::string Lower(std::string text) {
  for (char& c : text) c |= 0x20;
  return text;
}

BenchSignature Make(const std::string& area, const std::string& part, const std::string& failure,
                    uint32_t shape) {
  const std::string low = Lower(area);
  switch (shape) {
    case 0:
      return {"",
              area + part + R"((?:Exception|Error): (?P<host>[\w.-]+):(?P<port>\d+) )" + failure,
              {area + part + "Exception: node-17.prod.local:8443 " + failure}};
    case 1:
      return {"",
              low + " " + Lower(part) + R"( (?P<name>[\w-]+) )" + failure,
              {low + " " + Lower(part) + " eu-west-12 " + failure + " (attempt 3)"}};
    case 2:
      return {"",
              R"(\[)" + area + part + R"(\] .{0,60})" + failure,
              {"[" + area + part + "] request 48213: upstream " + failure}};
    case 3:
      return {
          "",
          "(?i)" + low + "[ _-]" + Lower(part) + ":? " + failure + R"((?: after (?P<ms>\d+) ?ms)?)",
          {area + " " + part + " " + failure + " after 3120 ms"}};
    case 4:
      return {"",
              "E_" + area + "_" + part + R"(_(?P<code>\d{3,5}))",
              {"operation failed with E_" + area + "_" + part + "_5012, " + failure}};
    default:
      return {
          "",
          R"((?P<target>[a-z0-9.-]+) (?:->|=>) )" + low + R"(\.)" + Lower(part) + ".*" + failure,
          {"orders.internal -> " + low + "." + Lower(part) + " 10.4.81.22: " + failure}};
  }
}

}  // namespace

std::vector<BenchSignature> MakeSignatures(size_t count, uint64_t seed) {
  Rng rng(seed);
  std::vector<BenchSignature> made;
  std::set<std::string> seen;
  while (made.size() < count) {
    const std::string area = rng.Pick(kAreas);
    const std::string part = rng.Pick(kParts);
    const std::string failure = rng.Pick(kFailures);
    BenchSignature signature = Make(area, part, failure, rng.Below(6));
    if (!seen.insert(signature.regex).second) continue;
    signature.id = "made/s" + std::to_string(made.size());
    made.push_back(std::move(signature));
  }
  return made;
}

}  // namespace culprit::bench
