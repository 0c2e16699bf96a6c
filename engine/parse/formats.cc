#include "engine/parse/formats.h"

namespace culprit {

std::optional<FormatId> FormatFromName(std::string_view name) {
  if (name == "logback" || name == "java") return FormatId::kJava;
  if (name == "nginx" || name == "apache") return FormatId::kAccess;
  if (name == "journalctl") return FormatId::kSyslog;
  if (name == "postgres") return FormatId::kPostgres;
  if (name == "fluentd") return FormatId::kFluent;
  if (name == "etcd") return FormatId::kCapnslog;
  for (size_t i = 0; i < kFormatNames.size(); ++i) {
    if (kFormatNames[i] == name) return static_cast<FormatId>(i);
  }
  return std::nullopt;
}

}  // namespace culprit
