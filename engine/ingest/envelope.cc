#include "engine/ingest/envelope.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr size_t kChunk = 64 * 1024;
constexpr size_t kMaxNameBytes = 4096;  // of a log group's name; AWS allows 512
constexpr std::string_view kLogEvents = "\"logEvents\":[";
constexpr std::string_view kEvents = "\"events\":[";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsScalar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '+' || c == '.';
}

// The end of the JSON string that starts at `at`, behind its quote.
size_t StringEnd(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

// Calls use(key, value), both raw, with the fields of an object without blanks, which may end
// early.
template <typename Use>
void ForEachField(std::string_view object, const Use& use) {
  for (size_t at = 1; at < object.size() && object[at] == '"';) {
    const size_t key_end = StringEnd(object, at);
    const std::string_view key = object.substr(at + 1, key_end - at - 2);
    if (key_end >= object.size() || object[key_end] != ':') return;
    const size_t begin = key_end + 1;
    size_t end = begin;
    for (size_t depth = 0; end < object.size(); ++end) {
      const char c = object[end];
      if (c == '"') {
        end = StringEnd(object, end) - 1;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']' || c == ',') {
        if (depth == 0) break;
        depth -= c != ',';
      }
    }
    use(key, object.substr(begin, end - begin));
    at = end + 1;
  }
}

// Milliseconds since 1970, also as a string, to RFC 3339; anything else stays what it is.
void AppendTime(std::string_view value, std::string* out) {
  std::string_view digits = value;
  if (digits.size() > 2 && digits.front() == '"' && digits.back() == '"') {
    digits = digits.substr(1, digits.size() - 2);
  }
  if (digits.size() > 14 ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    out->append(value);
    return;
  }
  int64_t ms = 0;
  for (const char c : digits) ms = ms * 10 + (c - '0');
  const std::chrono::sys_days day(std::chrono::days(ms / 86'400'000));
  const std::chrono::year_month_day date(day);
  const int in_day = static_cast<int>(ms % 86'400'000);
  char buffer[48];
  const int n = std::snprintf(buffer, sizeof(buffer), "\"%04d-%02u-%02uT%02d:%02d:%02d.%03dZ\"",
                              static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                              static_cast<unsigned>(date.day()), in_day / 3'600'000,
                              in_day / 60'000 % 60, in_day / 1000 % 60, in_day % 1000);
  out->append(buffer, static_cast<size_t>(n));
}

bool IsName(std::string_view value) {
  return value.size() > 2 && value.size() <= kMaxNameBytes && value.front() == '"';
}

// What the AWS command line prints beside "events".
bool IsExportKey(std::string_view key) {
  constexpr std::string_view kKeys[] = {
      "searchedLogStreams", "nextForwardToken", "nextBackwardToken", "nextToken",
      "logGroupName",       "logGroup",         "logStreamName",     "logStream"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

}  // namespace

void EnvelopeScanner::Start(At at) {
  at_ = at;
  text_.clear();
  stack_.clear();
  before_ = 0;
  in_string_ = escaped_ = is_long_ = false;
}

void EnvelopeScanner::Put(std::string_view bytes, std::string* out) {
  if (at_ == At::kRest) return;
  text_.append(bytes);
  if (text_.size() <= kMaxEventBytes) return;
  out->append(text_);
  text_.clear();
  long_events_ += !is_long_;
  is_long_ = true;
}

// Inside a string: up to its end, or as far as `in` goes. A line break that should have been
// escaped is.
size_t EnvelopeScanner::TakeString(std::string_view in, size_t at, std::string* out) {
  size_t from = at;
  while (at < in.size()) {
    const char c = in[at];
    if (c == '\n' || c == '\r') {
      Put(in.substr(from, at - from), out);
      Put(escaped_ ? (c == '\n' ? "n" : "r") : (c == '\n' ? "\\n" : "\\r"), out);
      from = at + 1;
      escaped_ = false;
    } else if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      before_ = 'v';
      ++at;
      break;
    }
    ++at;
  }
  if (at > from) Put(in.substr(from, at - from), out);
  return at;
}

// False: c is not of the value, which ends before it.
bool EnvelopeScanner::TakeStructural(char c, Step* step) {
  const bool value_may_start = before_ == 0 || before_ == '[' || before_ == ',' || before_ == ':';
  const bool value_ended = before_ == 'v' || before_ == 'x';
  bool good = false;
  switch (c) {
    case '"':
      good = value_may_start || before_ == '{';
      in_string_ = good;
      break;
    case '{':
    case '[':
      good = value_may_start && stack_.size() < kMaxDepth;
      if (good) stack_.push_back(c);
      before_ = c;
      break;
    case '}':
    case ']':
      if (stack_.empty() && before_ != 0) return false;
      good = !stack_.empty() && stack_.back() == (c == '}' ? '{' : '[') &&
             (value_ended || before_ == stack_.back());
      if (good) stack_.pop_back();
      before_ = 'v';
      break;
    case ',':
      if (stack_.empty() && before_ != 0) return false;
      good = value_ended;
      before_ = ',';
      break;
    case ':':
      good = before_ == 'v' && !stack_.empty() && stack_.back() == '{';
      before_ = ':';
      break;
    default:
      good = IsScalar(c) && (value_may_start || before_ == 'x');
      before_ = 'x';
  }
  if (!good) *step = Step::kBroken;
  return true;
}

// Goes on with the value; *at is left behind its last byte, or at the byte that broke it. kDone
// with a stack of two: the events of an envelope begin here.
EnvelopeScanner::Step EnvelopeScanner::ScanValue(std::string_view in, size_t* at,
                                                 std::string* out) {
  while (*at < in.size()) {
    if (in_string_) {
      *at = TakeString(in, *at, out);
      if (!in_string_ && stack_.empty()) return Step::kDone;
      continue;
    }
    const char c = in[*at];
    if (IsSpace(c)) {
      if (before_ == 'x') before_ = 'v';
      if (before_ == 'v' && stack_.empty()) return Step::kDone;
      ++*at;
      continue;
    }
    Step step = Step::kMore;
    if (!TakeStructural(c, &step)) return Step::kDone;
    if (step == Step::kBroken) return step;
    Put(in.substr(*at, 1), out);
    ++*at;
    if (before_ == 'v' && stack_.empty()) return Step::kDone;
    if (c == '[' && stack_.size() == 2 && at_ == At::kDocument && OpensEvents()) {
      return Step::kDone;
    }
  }
  return Step::kMore;
}

bool EnvelopeScanner::OpensEvents() const {
  if (is_long_ || stack_ != "{[") return false;
  const std::string_view text = text_;
  const auto ends_with = [&](std::string_view key) {
    return text.ends_with(key) && text.size() > key.size() &&
           (text[text.size() - key.size() - 1] == '{' || text[text.size() - key.size() - 1] == ',');
  };
  if (ends_with(kLogEvents)) return true;
  // Only AWS's own document: an event may have "events" of its own.
  if (in_array_ || !ends_with(kEvents)) return false;
  bool aws = true;
  ForEachField(text.substr(0, text.size() - kEvents.size()),
               [&](std::string_view key, std::string_view) { aws = aws && IsExportKey(key); });
  return aws;
}

void EnvelopeScanner::ReadHeader() {
  group_.clear();
  stream_.clear();
  control_ = false;
  saw_cloudwatch_ = true;
  ForEachField(text_, [&](std::string_view key, std::string_view value) {
    if ((key == "logGroup" || key == "logGroupName") && IsName(value)) group_ = value;
    if ((key == "logStream" || key == "logStreamName") && IsName(value)) stream_ = value;
    if (key == "messageType" && value == "\"CONTROL_MESSAGE\"") control_ = true;
  });
}

void EnvelopeScanner::WriteEvent(std::string* out) {
  std::string_view time, message, group = group_, stream = stream_;
  if (text_.starts_with('{') && !is_long_) {
    ForEachField(text_, [&](std::string_view key, std::string_view value) {
      if (key == "timestamp") time = value;
      if (key == "message") message = value;
      if ((key == "logGroup" || key == "logGroupName") && IsName(value)) group = value;
      if ((key == "logStream" || key == "logStreamName") && IsName(value)) stream = value;
    });
  }
  if (message.empty()) {
    out->append(text_);
    out->push_back('\n');
    return;
  }
  char before = '{';
  const auto key = [&](std::string_view name) {
    out->push_back(before);
    before = ',';
    out->append(name);
  };
  if (!time.empty()) {
    key("\"@timestamp\":");
    AppendTime(time, out);
  }
  if (!group.empty()) {
    key("\"logGroup\":");
    out->append(group);
  }
  if (!stream.empty()) {
    key("\"logStream\":");
    out->append(stream);
  }
  key("\"message\":");
  out->append(message);
  out->append("}\n");
}

void EnvelopeScanner::EndValue(std::string* out) {
  if (at_ == At::kDocument && stack_.size() == 2) {
    ReadHeader();
    Start(At::kEvents);
  } else if (at_ == At::kDocument) {
    out->append(text_);
    out->push_back('\n');
    Start(At::kBetween);
  } else if (at_ == At::kEvent) {
    if (!control_) WriteEvent(out);
    Start(At::kEvents);
  } else {
    control_messages_ += control_;
    Start(At::kBetween);
  }
}

void EnvelopeScanner::Break(uint64_t offset, std::string* out) {
  if (breaks_++ == 0) broken_at_ = offset;
  if (at_ != At::kRest) out->append(text_);
  in_array_ = false;
  Start(At::kLine);
}

size_t EnvelopeScanner::Feed(std::string_view in, size_t most, std::string* out) {
  size_t at = 0;
  const uint64_t base = offset_;
  while (at < in.size() && out->size() < most) {
    const char c = in[at];
    switch (at_) {
      case At::kBetween:
        if (IsSpace(c) || c == ',' || (base + at < 3 && c == "\xef\xbb\xbf"[base + at])) {
          ++at;
        } else if (c == ']' || (c == '}' && !in_array_)) {
          in_array_ = false;
          ++at;
        } else if (c == '[' && !in_array_) {
          Start(At::kOpening);
          ++at;
        } else {
          Start(c == '{' || in_array_ ? At::kDocument : At::kLine);
        }
        break;
      case At::kOpening:
        if (c == '{' || c == '[' || c == ']') {
          in_array_ = true;
          saw_array_ = saw_array_ || c == '{';
          Start(At::kBetween);
        } else if (IsSpace(c)) {
          ++at;
        } else {
          out->push_back('[');
          Start(At::kLine);
        }
        break;
      case At::kEvents:
        if (IsSpace(c) || c == ',') {
          ++at;
        } else if (c == ']') {
          ++at;
          Start(At::kRest);
          stack_ = "{";
          before_ = 'v';
        } else {
          Start(At::kEvent);
        }
        break;
      case At::kLine: {
        // Not only up to `most`: a long line would be cut into lines.
        const size_t stop = std::min(in.find('\n', at), in.size() - 1) + 1;
        out->append(in.substr(at, stop - at));
        at = stop;
        if (in[at - 1] == '\n') Start(At::kBetween);
        break;
      }
      default:
        switch (ScanValue(in, &at, out)) {
          case Step::kDone:
            EndValue(out);
            break;
          case Step::kBroken:
            Break(base + at, out);
            break;
          case Step::kMore:
            break;
        }
    }
  }
  offset_ = base + at;
  return at;
}

void EnvelopeScanner::Finish(std::string* out) {
  const bool scalar = at_ == At::kDocument && stack_.empty() && before_ == 'x';
  if (scalar) EndValue(out);
  if (at_ == At::kLine || (at_ == At::kBetween && !in_array_)) return;
  Break(offset_, out);
}

bool LooksLikeEnvelope(std::string_view head) {
  EnvelopeScanner scanner;
  std::string out;
  size_t at = 0;
  if (head.starts_with("\xef\xbb\xbf")) at = 3;
  while (at < head.size() && IsSpace(head[at])) ++at;
  if (at == head.size() || (head[at] != '{' && head[at] != '[')) return false;
  const bool array = head[at] == '[';
  // Up to the first line that comes out.
  scanner.Feed(head, 1, &out);
  if (scanner.broken()) return false;
  if (array) return scanner.saw_array();
  if (!scanner.saw_cloudwatch()) return false;
  // "events" of something else have neither.
  const std::string_view begin = head.substr(at);
  return begin.find("\"logEvents\"") != std::string_view::npos ||
         begin.find("\"message\"") != std::string_view::npos ||
         begin.find("\"timestamp\"") != std::string_view::npos ||
         begin.find("\"nextForwardToken\"") != std::string_view::npos ||
         begin.find("\"searchedLogStreams\"") != std::string_view::npos;
}

absl::StatusOr<size_t> EnvelopeInput::Read(char* buffer, size_t size) {
  while (out_taken_ == out_.size()) {
    out_.clear();
    out_taken_ = 0;
    if (in_taken_ < in_size_) {
      in_taken_ += scanner_.Feed({in_.get() + in_taken_, in_size_ - in_taken_}, kChunk, &out_);
      continue;
    }
    if (ended_) {
      if (!error_.ok()) return error_;
      return 0;
    }
    if (in_ == nullptr) in_.reset(new char[kChunk]);
    const absl::StatusOr<size_t> n = inner_->Read(in_.get(), kChunk);
    in_taken_ = 0;
    in_size_ = n.ok() ? *n : 0;
    if (in_size_ > 0) continue;
    ended_ = true;
    scanner_.Finish(&out_);
    if (!n.ok()) {
      error_ = n.status();
    } else if (scanner_.broken()) {
      error_ = absl::DataLossError(absl::StrCat(
          name_, ": JSON is broken or cut off at byte ", scanner_.broken_at(),
          scanner_.breaks() > 1 ? absl::StrCat(" and ", scanner_.breaks() - 1, " more times") : "",
          "; everything else was read, the broken part as it stands"));
    }
  }
  const size_t n = std::min(size, out_.size() - out_taken_);
  std::memcpy(buffer, out_.data() + out_taken_, n);
  out_taken_ += n;
  return n;
}

void EnvelopeInput::AddCounts(Counters* counters) const {
  counters->Count(Reason::kControlMessage, scanner_.control_messages());
  counters->Count(Reason::kEventTooLong, scanner_.long_events());
}

}  // namespace culprit
