#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/stream_range.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

int RunEvidence(const EvidenceFlags& flags) {
  std::ifstream in(flags.report, std::ios::binary);
  if (!in) {
    PrintError(absl::StrCat(flags.report,
                            ": cannot be read; make it with: culprit replay LOGS --format json ",
                            "--output ", flags.report));
    return kExitUsage;
  }
  const Json report = Json::parse(in, nullptr, false);
  if (report.is_discarded() || !report.contains("incidents")) {
    PrintError(absl::StrCat(flags.report, ": not a JSON report of culprit replay"));
    return kExitUsage;
  }
  const Json* incident = nullptr;
  std::string ids;
  for (const Json& i : report["incidents"]) {
    const std::string id = i.value("id", "");
    absl::StrAppend(&ids, ids.empty() ? "" : ", ", id);
    if (id == flags.incident || (flags.incident.empty() && report["incidents"].size() == 1))
      incident = &i;
  }
  if (incident == nullptr) {
    PrintError(absl::StrCat(flags.incident.empty()
                                ? "name one incident"
                                : absl::StrCat("no incident '", flags.incident, "'"),
                            "; there are: ", ids.empty() ? "none" : ids));
    return kExitUsage;
  }
  bool failed = false;
  Json out = Json::array();
  for (const Json& e : incident->value("evidence", Json::array())) {
    const std::string file = e.value("file", "");
    const uint64_t offset = e.value("offset", uint64_t{0});
    const uint64_t length = e.value("length", uint64_t{0});
    absl::StatusOr<std::string> bytes = ReadStreamRange(file, offset, length);
    if (bytes.ok() && bytes->size() < length)
      bytes = absl::DataLossError(absl::StrCat(file, ": ends before offset ", offset + length,
                                               "; it was changed since the replay"));
    if (!bytes.ok()) {
      PrintError(std::string(bytes.status().message()));
      failed = true;
      continue;
    }
    if (flags.format == "json") {
      out.push_back({{"file", file}, {"offset", offset}, {"line", *bytes}});
    } else {
      printf("%s:%llu\n", file.c_str(), static_cast<unsigned long long>(offset));
      fwrite(bytes->data(), 1, bytes->size(), stdout);
      printf("\n");
    }
  }
  if (flags.format == "json")
    printf("%s\n", out.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  return failed ? kExitFinding : kExitFine;
}

}  // namespace culprit
