#include "engine/serve/tap_filter.h"

#include <re2/re2.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kMaxExpression = 1000;
constexpr int64_t kMaxExpressionMemory = 1 << 20;

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

TapFilter::TapFilter() = default;
TapFilter::TapFilter(TapFilter&&) noexcept = default;
TapFilter::~TapFilter() = default;

absl::StatusOr<TapFilter> TapFilter::Make(const ServeRequest& request) {
  for (const auto& [name, value] : request.query)
    if (name != "signature" && name != "component" && name != "source" && name != "grep")
      return absl::InvalidArgumentError(absl::StrCat(
          "unknown filter '", name, "'; expected signature, component, source or grep"));
  TapFilter out;
  out.signature_ = request.Query("signature");
  out.component_ = request.Query("component");
  out.source_ = request.Query("source");
  const std::string grep = request.Query("grep");
  if (grep.empty()) return out;
  if (grep.size() > kMaxExpression)
    return absl::InvalidArgumentError("grep: the expression is longer than 1000 bytes");
  RE2::Options options;
  options.set_max_mem(kMaxExpressionMemory);
  options.set_log_errors(false);
  out.grep_ = std::make_unique<RE2>(grep, options);
  if (!out.grep_->ok())
    return absl::InvalidArgumentError(absl::StrCat("grep: ", out.grep_->error()));
  return out;
}

bool TapFilter::Wants(const TapSignal& signal) const {
  if (!signature_.empty()) {
    const bool family = absl::EndsWith(signature_, "*");
    if (family ? !absl::StartsWith(signal.signature, signature_.substr(0, signature_.size() - 1))
               : signal.signature != signature_)
      return false;
  }
  if (!component_.empty() && signal.signal.component != component_) return false;
  if (!source_.empty() && signal.source != source_) return false;
  return grep_ == nullptr || RE2::PartialMatch(signal.signal.line, *grep_);
}

std::string TapLine(const TapSignal& tapped) {
  const Signal& signal = tapped.signal;
  return Line({{"type", "signal"},
               {"time", signal.time == kNoTime ? Json() : Json(FormatTime(signal.time))},
               {"source", tapped.source},
               {"stream", tapped.stream},
               {"offset", signal.position.offset},
               {"signature", tapped.signature},
               {"component", signal.component},
               {"target", signal.target},
               {"level", LevelName(signal.level)},
               {"service", signal.service},
               {"instance", signal.instance},
               {"line", signal.line}});
}

std::string TapLostLine(uint64_t lost) { return Line({{"type", "lost"}, {"count", lost}}); }

std::string TapPingLine() { return Line({{"type", "ping"}}); }

}  // namespace culprit
