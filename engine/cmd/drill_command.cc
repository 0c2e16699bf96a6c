// culprit drill: an incident marked [DRILL] through the real sinks of a running culprit.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/receipts.h"
#include "engine/cmd/remote.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::minutes kPatience{3};  // each sink may take its time-outs

}  // namespace

int RunDrill(const DrillFlags& flags) {
  const absl::StatusOr<std::unique_ptr<Remote>> remote = Remote::Make(flags.remote);
  if (!remote.ok()) return ReportRemote(remote.status());
  Json body = Json::object();
  if (!flags.sinks.empty()) body["sinks"] = flags.sinks;
  const absl::StatusOr<Json> answer = (*remote)->Change("POST", "/api/v1/drill", body, kPatience);
  if (!answer.ok()) return ReportRemote(answer.status());
  if (flags.format == "json") {
    printf("%s\n", answer->dump(2).c_str());
  } else {
    for (const Json& receipt : answer->value("receipts", Json::array()))
      PrintReceipt(receipt.value("destination", ""), "", receipt.value("outcome", ""),
                   receipt.value("detail", ""), receipt.value("error", ""));
    if (answer->value("receipts", Json::array()).empty())
      PrintError("no sink is configured: see 'sinks' in engine/doc/configuration.md");
  }
  return answer->value("delivered", false) && !answer->value("receipts", Json::array()).empty()
             ? kExitFine
             : kExitFinding;
}

}  // namespace culprit
