#include "engine/ingest/http/body.h"

#include <simdjson.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/views.h"
#include "engine/ingest/archive/gunzip.h"
#include "engine/ingest/archive/unzstd.h"
#include "engine/ingest/http/aws.h"
#include "engine/ingest/http/inflate.h"
#include "engine/ingest/net/json_scanner.h"
#include "engine/ingest/net/unpack_limit.h"

namespace culprit {
namespace {

constexpr size_t kUnpackBytes = 256 * 1024;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The end of the JSON string at the front of `text`, behind its quote; npos: it has none.
size_t StringEnd(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

class JsonBody {
 public:
  JsonBody(const HttpConfig& config, std::string_view body, HttpLines* lines)
      : config_(config), rest_(body), lines_(lines) {}

  absl::Status Read() {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
    for (;;) {
      SkipBlanks();
      if (rest_.empty()) return in_array_ ? Wrong("the array has no end") : absl::OkStatus();
      const char c = rest_[0];
      if (c == '[' && !in_array_) {
        in_array_ = true;
        first_ = true;
        rest_.remove_prefix(1);
        continue;
      }
      if (in_array_ && c == ']') {
        in_array_ = false;
        rest_.remove_prefix(1);
        continue;
      }
      if (in_array_ && !first_) {
        if (c != ',') return Wrong("expected ',' or ']' before it");
        rest_.remove_prefix(1);
        SkipBlanks();
      }
      first_ = false;
      if (absl::Status s = TakeRecord(); !s.ok()) return s;
      ++index_;
    }
  }

 private:
  void SkipBlanks() {
    while (!rest_.empty() && IsBlank(rest_[0])) rest_.remove_prefix(1);
  }
  absl::Status Wrong(std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("record ", index_, ": ", ToAbsl(what)));
  }

  absl::Status TakeRecord() {
    const char c = rest_.empty() ? '\0' : rest_[0];
    size_t end = 0;
    if (c == '{') {
      JsonScanner scanner;
      const JsonScanner::State state = scanner.Scan(rest_);
      if (state == JsonScanner::State::kInvalid) return Wrong("nested too deep");
      if (state == JsonScanner::State::kMore) return Wrong("the object has no end");
      end = scanner.end();
    } else if (c == '"') {
      end = StringEnd(rest_);
      if (end == std::string_view::npos) return Wrong("the string has no end");
    } else {
      return Wrong("expected a JSON object or string");
    }
    const std::string_view raw = rest_.substr(0, end);
    if (raw.size() > config_.max_record_bytes) return Wrong("longer than max_record_bytes");
    simdjson::dom::element element;
    if (const auto error = parser_.parse(raw.data(), raw.size()).get(element)) {
      return Wrong(simdjson::error_message(error));
    }
    const size_t begin = lines_->bytes.size();
    lines_->begins.push_back(static_cast<uint32_t>(begin));
    if (c == '"') {
      std::string_view text;
      if (element.get(text) != simdjson::SUCCESS) return Wrong("no string");
      lines_->bytes += text;
    } else {
      lines_->bytes.resize(begin + raw.size() + simdjson::SIMDJSON_PADDING);
      size_t size = 0;
      if (simdjson::minify(raw.data(), raw.size(), lines_->bytes.data() + begin, size) !=
          simdjson::SUCCESS) {
        return Wrong("no JSON");
      }
      lines_->bytes.resize(begin + size);
    }
    lines_->bytes += '\n';
    rest_.remove_prefix(end);
    return absl::OkStatus();
  }

  const HttpConfig& config_;
  std::string_view rest_;
  HttpLines* lines_;
  simdjson::dom::parser parser_;
  uint64_t index_ = 0;
  bool in_array_ = false, first_ = true;
};

}  // namespace

absl::StatusOr<std::string> UnpackBody(const HttpConfig& config, std::string_view encoding,
                                       std::string body) {
  if (encoding.empty() || absl::EqualsIgnoreCase(ToAbsl(encoding), "identity")) return body;
  MemoryInput packed(body);
  std::unique_ptr<ByteInput> input;
  if (absl::EqualsIgnoreCase(ToAbsl(encoding), "gzip") ||
      absl::EqualsIgnoreCase(ToAbsl(encoding), "x-gzip")) {
    if (!body.empty() && !body.starts_with("\x1f\x8b")) return absl::DataLossError("no gzip");
    input = std::make_unique<GunzipInput>(packed, "body");
  } else if (absl::EqualsIgnoreCase(ToAbsl(encoding), "zstd")) {
    input = std::make_unique<UnzstdInput>(packed, "body", UnzstdInput::kSenderWindowLog);
  } else if (absl::EqualsIgnoreCase(ToAbsl(encoding), "deflate")) {
    input = std::make_unique<InflateInput>(packed);
  } else {
    return absl::UnimplementedError("Content-Encoding: expected gzip, zstd, deflate or identity");
  }
  const uint64_t most =
      UnpackLimit(body.size(), config.max_decompression_ratio, config.max_decompressed_bytes);
  std::string out;
  for (;;) {
    const size_t held = out.size();
    out.resize(held + std::max(kUnpackBytes, held / 2));
    const absl::StatusOr<size_t> n = input->Read(out.data() + held, out.size() - held);
    out.resize(held + (n.ok() ? *n : 0));
    if (!n.ok()) return n.status();
    if (*n == 0) return out;
    if (out.size() > most) {
      return absl::ResourceExhaustedError(
          absl::StrCat("unpacks to more than ", most,
                       " bytes (max_decompressed_bytes, max_decompression_ratio)"));
    }
  }
}

BodyKind KindOfBody(std::string_view content_type) {
  const std::string type = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(ToAbsl(content_type.substr(0, content_type.find(';')))));
  if (type == "application/x-protobuf" || type == "application/protobuf") {
    return BodyKind::kProtobuf;
  }
  if (type.ends_with("json") || type.ends_with("jsonl") || type.ends_with("json-lines")) {
    return BodyKind::kJson;
  }
  return type.starts_with("text/") ? BodyKind::kText : BodyKind::kUnknown;
}

absl::Status ReadJsonBody(const HttpConfig& config, std::string_view body, HttpLines* lines) {
  return JsonBody(config, body, lines).Read();
}

void ReadTextBody(const HttpConfig& config, std::string_view body, HttpLines* lines) {
  lines->text = true;
  while (!body.empty()) {
    const size_t newline = body.find('\n');
    std::string_view line = body.substr(0, newline);
    body.remove_prefix(newline == std::string_view::npos ? body.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > config.max_record_bytes) {
      line = line.substr(0, config.max_record_bytes);
      lines->counters.Count(Reason::kLineTruncated);
    }
    lines->begins.push_back(static_cast<uint32_t>(lines->bytes.size()));
    lines->bytes += line;
    lines->bytes += '\n';
  }
}

absl::Status ReadBody(const HttpConfig& config, BodyKind kind, std::string_view body,
                      HttpLines* lines) {
  if (kind == BodyKind::kJson) {
    return IsCloudWatch(body) ? ReadCloudWatch(config, body, lines)
                              : ReadJsonBody(config, body, lines);
  }
  if (kind == BodyKind::kProtobuf) {
    return absl::UnimplementedError("protobuf is understood at /v1/logs alone");
  }
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (kind == BodyKind::kUnknown && first != std::string_view::npos &&
      (body[first] == '{' || body[first] == '[')) {
    HttpLines read;
    if (ReadBody(config, BodyKind::kJson, body, &read).ok()) {
      read.service = std::move(lines->service);
      *lines = std::move(read);
      return absl::OkStatus();
    }
  }
  ReadTextBody(config, body, lines);
  return absl::OkStatus();
}

}  // namespace culprit
