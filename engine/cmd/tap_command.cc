// culprit tap: signals of a running culprit as it finds them.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/remote.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

std::string Text(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? ForTerminal(it->get<std::string>()) : "";
}

void PrintSignal(const Json& signal, bool color) {
  const char* const bold = color ? "\x1b[1m" : "";
  const char* const dim = color ? "\x1b[2m" : "";
  const char* const plain = color ? "\x1b[0m" : "";
  const std::string target = Text(signal, "target");
  printf("%s%s%s %s%s%s%s%s %s\n    %s\n", dim, Text(signal, "time").c_str(), plain, bold,
         Text(signal, "component").c_str(), plain, target.empty() ? "" : " → ", target.c_str(),
         Text(signal, "signature").c_str(), Text(signal, "line").c_str());
}

}  // namespace

int RunTap(const TapFlags& flags) {
  absl::StatusOr<std::unique_ptr<Remote>> remote = Remote::Make(flags.remote);
  if (!remote.ok()) {
    PrintError(std::string(remote.status().message()));
    return kExitUsage;
  }
  std::string path = "/api/v1/tap";
  const std::pair<const char*, const std::string*> filters[] = {{"signature", &flags.signature},
                                                                {"component", &flags.component},
                                                                {"source", &flags.source},
                                                                {"grep", &flags.grep}};
  for (const auto& [name, value] : filters)
    if (!value->empty())
      absl::StrAppend(&path, path.find('?') == std::string::npos ? "?" : "&", name, "=",
                      UrlEncode(*value));
  const bool color = UseColor(flags.color, 1);
  uint64_t shown = 0;
  const absl::Status status = (*remote)->Stream(path, [&](std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return true;
    const std::string type = json.value("type", "");
    if (flags.format == "json") {
      if (type != "ping") printf("%.*s\n", static_cast<int>(line.size()), line.data());
    } else if (type == "signal") {
      PrintSignal(json, color);
    } else if (type == "lost") {
      fprintf(stderr, "culprit: %llu signals went by unseen, this reader was too slow\n",
              static_cast<unsigned long long>(json.value("count", uint64_t{0})));
    }
    if (type == "signal") ++shown;
    // Standard output is gone: nobody reads on.
    if (fflush(stdout) != 0) return false;
    return flags.count == 0 || shown < flags.count;
  });
  if (status.ok()) return kExitFine;
  PrintError(std::string(status.message()));
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFinding;
}

}  // namespace culprit
