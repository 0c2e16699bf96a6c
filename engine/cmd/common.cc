#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/cmd/commands.h"
#include "engine/config/pack_loader.h"

namespace culprit {

void PrintError(std::string_view message) {
  fprintf(stderr, "culprit: %.*s\n", static_cast<int>(message.size()), message.data());
}

int ExitCodeFor(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitConfig : kExitFinding;
}

absl::StatusOr<Engine> BuildEngine(const KnowledgeFlags& flags, const RedactOptions& redact) {
  std::vector<PackText> packs;
  if (!flags.no_default_packs) packs = DefaultPacks();
  for (const std::string& path : flags.packs) {
    absl::StatusOr<std::vector<PackText>> more = ReadPacks(path);
    if (!more.ok()) return absl::InvalidArgumentError(more.status().message());
    for (PackText& text : *more) {
      std::erase_if(packs,
                    [&](const PackText& old) { return !old.user && TakesPlaceOf(text, old); });
      packs.push_back(std::move(text));
    }
  }
  std::vector<TopologyText> topologies;
  for (const std::string& path : flags.topologies) {
    absl::StatusOr<TopologyText> text = ReadTopology(path);
    if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
    topologies.push_back(*std::move(text));
  }
  CULPRIT_ASSIGN_OR_RETURN(std::shared_ptr<const Knowledge> knowledge,
                           LoadKnowledge(packs, topologies));
  return Engine::Build(std::move(knowledge), redact);
}

void AddKnowledge(const LiveConfig& config, KnowledgeFlags* flags) {
  flags->packs.insert(flags->packs.end(), config.packs.begin(), config.packs.end());
  flags->no_default_packs |= !config.default_packs;
  flags->topologies.insert(flags->topologies.end(), config.topologies.begin(),
                           config.topologies.end());
}

absl::StatusOr<ParseOptions> ToParseOptions(const InputFlags& flags) {
  ParseOptions options;
  options.input_format = flags.input_format;
  options.service = flags.service;
  options.service_from = flags.service_from;
  if (!absl::LoadTimeZone(flags.timezone, &options.zone))
    return absl::InvalidArgumentError(absl::StrCat(
        "no time zone '", flags.timezone, "'; expected a name such as UTC or Europe/Berlin"));
  if (const std::string error = ParseOptionsError(options); !error.empty())
    return absl::InvalidArgumentError(error);
  return options;
}

bool UseColor(const std::string& choice, int fd) {
  if (choice == "always") return true;
  const char* no_color = getenv("NO_COLOR");
  return choice == "auto" && isatty(fd) && (no_color == nullptr || *no_color == '\0');
}

int TerminalWidth(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::clamp<int>(size.ws_col, 60, 160);
  return 110;
}

}  // namespace culprit
