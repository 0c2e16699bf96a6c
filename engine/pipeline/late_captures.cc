#include "engine/pipeline/late_captures.h"

#include "engine/base/utf8.h"

namespace culprit {
namespace {
constexpr size_t kMaxRemembered = 1 << 16;  // lines; then the memory starts anew
}  // namespace

const std::vector<Capture>& LateCaptures::Of(SignatureIndex signature, const Evidence& evidence) {
  // A line that was cut or repaired came with its captures, or has none.
  const bool whole = !evidence.line.empty() && evidence.line.size() == evidence.position.length;
  if (!evidence.captures.empty() || !whole || signature >= signatures_.size() ||
      !signatures_.HasCaptures(signature)) {
    return evidence.captures;
  }
  if (known_.size() >= kMaxRemembered) known_.clear();
  const auto [entry, fresh] =
      known_.try_emplace(Key(signature, evidence.position.partition, evidence.position.offset));
  if (!fresh) return entry->second;
  found_.clear();
  signatures_.Captures(signature, evidence.line, scratch_, &found_);
  for (const auto& [name, text] : found_)
    entry->second.emplace_back(std::string(name), ToValidUtf8(text, max_bytes_));
  return entry->second;
}

}  // namespace culprit
