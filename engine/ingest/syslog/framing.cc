#include "engine/ingest/syslog/framing.h"

#include <algorithm>

namespace culprit {
namespace {

constexpr size_t kMaxDigits = 9;
constexpr std::string_view kEnds("\n\0", 2);
constexpr std::string_view kBlank("\n\r\0", 3);

std::string_view Stripped(std::string_view text) {
  const size_t last = text.find_last_not_of(kBlank);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

enum class Counted : unsigned char { kNo, kYes, kMaybe };

// "57 <": a count, a space, and the bracket that begins every message that is counted.
Counted ReadCount(std::string_view bytes, size_t* head, size_t* count) {
  size_t n = 0;
  *count = 0;
  while (n < bytes.size() && n < kMaxDigits && bytes[n] >= '0' && bytes[n] <= '9') {
    *count = *count * 10 + static_cast<size_t>(bytes[n++] - '0');
  }
  if (n == 0 || bytes[0] == '0') return Counted::kNo;
  if (n == bytes.size()) return Counted::kMaybe;
  if (bytes[n] != ' ') return Counted::kNo;
  *head = n + 1;
  if (*head == bytes.size()) return Counted::kMaybe;
  return bytes[*head] == '<' ? Counted::kYes : Counted::kNo;
}

}  // namespace

bool SyslogFraming::Next(std::string_view bytes, size_t* taken, SyslogFrame* frame) {
  *taken = 0;
  const auto take = [&](size_t n) {
    *taken += n;
    bytes.remove_prefix(n);
  };
  for (;;) {
    if (skip_ > 0) {
      const size_t n = std::min(skip_, bytes.size());
      skip_ -= n;
      take(n);
    }
    if (dropping_) {
      const size_t end = bytes.find_first_of(kEnds);
      dropping_ = end == std::string_view::npos;
      take(dropping_ ? bytes.size() : end + 1);
    }
    take(std::min(bytes.find_first_not_of(kBlank), bytes.size()));
    if (bytes.empty()) return false;
    size_t head = 0, count = 0;
    switch (ReadCount(bytes, &head, &count)) {
      case Counted::kMaybe:
        return false;
      case Counted::kYes:
        frame->cut = count > max_;
        if (bytes.size() < head + std::min(count, max_)) return false;
        frame->text = Stripped(bytes.substr(head, std::min(count, max_)));
        take(head + std::min(count, max_));
        skip_ = count - std::min(count, max_);
        break;
      case Counted::kNo: {
        const size_t end = bytes.find_first_of(kEnds);
        const bool ended = end != std::string_view::npos;
        if (!ended && bytes.size() <= max_) return false;
        const size_t size = ended ? end : bytes.size();
        frame->cut = size > max_;
        frame->text = Stripped(bytes.substr(0, std::min(size, max_)));
        dropping_ = !ended;
        take(ended ? end + 1 : size);
        break;
      }
    }
    if (!frame->text.empty()) return true;
  }
}

bool SyslogFraming::Finish(std::string_view bytes, SyslogFrame* frame) {
  if (skip_ > 0 || dropping_) return false;
  size_t head = 0, count = 0;
  if (ReadCount(bytes, &head, &count) == Counted::kYes) bytes.remove_prefix(head);
  return FrameOfDatagram(bytes, max_, frame);
}

bool FrameOfDatagram(std::string_view bytes, size_t max_message_bytes, SyslogFrame* frame) {
  bytes = Stripped(bytes);
  bytes.remove_prefix(std::min(bytes.find_first_not_of(kBlank), bytes.size()));
  frame->cut = bytes.size() > max_message_bytes;
  frame->text = Stripped(bytes.substr(0, max_message_bytes));
  return !frame->text.empty();
}

}  // namespace culprit
