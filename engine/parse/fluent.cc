// What fluentd and Fluent Bit write around a record: time and tag, then the record as JSON (or as
// msgpack is printed).
#include <algorithm>

#include "engine/parse/path_service.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr size_t kMaxTagBytes = 256;
constexpr size_t kMaxKeyBytes = 128;
constexpr size_t kMaxMetaBytes = 4096;

bool IsTag(std::string_view tag) {
  bool letter = false;
  for (const char c : tag) {
    letter = letter || IsAlpha(c);
    if (!IsNameChar(c) && c != '/' && c != '*' && c != '@') return false;
  }
  return letter && tag.size() <= kMaxTagBytes;
}

// Inputs and kinds of files, not services.
bool IsGenericPart(std::string_view part) {
  constexpr std::string_view kGeneric[] = {
      "",       "log",     "logs",   "stdout",  "stderr",  "access",  "error", "kube",
      "docker", "tail",    "syslog", "systemd", "forward", "host",    "var",   "containers",
      "fluent", "fluentd", "raw",    "app",     "in",      "service", "input", "kubernetes"};
  if (std::find(std::begin(kGeneric), std::end(kGeneric), part) != std::end(kGeneric)) return true;
  return std::all_of(part.begin(), part.end(), IsDigit) ||
         (part.size() >= 12 && std::all_of(part.begin(), part.end(), IsHex));
}

void ReadTag(std::string_view tag, LineFields* out) {
  // kube.var.log.containers.<pod>_<namespace>_<container>-<id>.log
  constexpr std::string_view kContainers = "containers.";
  if (const size_t at = tag.find(kContainers); at != std::string_view::npos) {
    std::string_view file = tag.substr(at + kContainers.size());
    if (file.ends_with(".log")) file.remove_suffix(4);
    const size_t pod_end = file.find('_');
    const size_t container = file.rfind('_');
    const size_t id = file.rfind('-');
    if (pod_end != std::string_view::npos && container > pod_end && id != std::string_view::npos &&
        id > container) {
      out->instance = file.substr(0, pod_end);
      out->service = DeploymentOfPod(out->instance);
      if (out->service.empty()) out->service = file.substr(container + 1, id - container - 1);
      return;
    }
  }
  for (size_t end = tag.size(); end > 0;) {
    const size_t dot = tag.substr(0, end).rfind('.');
    const size_t begin = dot == std::string_view::npos ? 0 : dot + 1;
    const std::string_view part = tag.substr(begin, end - begin);
    if (!IsGenericPart(part)) {
      out->service = part.substr(part.rfind('/') + 1);
      return;
    }
    end = begin == 0 ? 0 : begin - 1;
  }
}

// What follows a string in a printed map: brackets, then the end or the next key.
bool EndsValue(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == '}' || text[at] == ']')) ++at;
  if (at == text.size()) return true;
  const std::string_view rest = text.substr(at, kMaxKeyBytes);
  if (!rest.starts_with(", \"")) return false;
  const size_t quote = rest.find('"', 3);
  return quote != std::string_view::npos && rest.substr(quote).starts_with("\"=>");
}

bool IsEscaped(std::string_view content) {
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '"') return false;
    if (content[i] != '\\') continue;
    ++i;
    if (i == content.size() || !Contains("\"\\/bfnrtu", content.substr(i, 1))) return false;
  }
  return true;
}

// {"key"=>"value", "other"=>{"n"=>1}} to JSON. Older Fluent Bits print strings as they are, with
// their quotes: a string ends where the next key or the end follows.
std::string_view JsonOfPrintedMap(std::string_view text, Arena& arena) {
  char* const begin = arena.Alloc(2 * text.size() + 8);
  char* out = begin;
  bool key = true;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c != '"') {
      if (text.substr(i, 2) == "=>") {
        *out++ = ':';
        key = false;
        i += 2;
      } else if (text.substr(i, 3) == "nil") {
        out = std::copy_n("null", 4, out);
        i += 3;
      } else {
        if (c == '{' || c == ',') key = true;
        *out++ = c;
        ++i;
      }
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && !(text[end] == '"' && (key ? text.substr(end + 1, 2) == "=>"
                                                           : EndsValue(text, end + 1)))) {
      ++end;
    }
    const std::string_view content = text.substr(i + 1, end - i - 1);
    const bool escaped = IsEscaped(content);
    *out++ = '"';
    for (const char s : content) {
      if (!escaped && (s == '"' || s == '\\')) *out++ = '\\';
      *out++ = static_cast<unsigned char>(s) < 0x20 ? ' ' : s;
    }
    if (end < text.size()) *out++ = '"';
    i = end + 1;
  }
  return {begin, static_cast<size_t>(out - begin)};
}

// 1795243865.123456789
bool TakeEpoch(Cursor* cursor, Stamp* stamp) {
  const std::string_view seconds = cursor->TakeDigits();
  if (seconds.size() > 11 || !StampReader::FromInteger(ParseDigits(seconds), stamp)) return false;
  stamp->format = TimeFormat::kEpoch;
  if (!cursor->Take('.')) return true;
  std::string_view fraction = cursor->TakeDigits().substr(0, 6);
  if (fraction.empty()) return false;
  int64_t us = ParseDigits(fraction);
  for (size_t i = fraction.size(); i < 6; ++i) us *= 10;
  stamp->time += us;
  return true;
}

}  // namespace

// out_file: "TIME\tTAG\t{...}"; out_stdout: "2026-11-21 06:51:05.000000000 +0000 TAG: {...}".
// match/subject.cc decodes the same lines.
bool ReadFluentd(const TimedLine& line, LineFields* out, Wrapped* wrapped) {
  if (line.bracketed || !line.stamp.zoned || line.stamp.format != TimeFormat::kIso) return false;
  Cursor cursor(line.rest);
  std::string_view tag;
  if (cursor.Take('\t')) {
    if (!cursor.TakeUntil("\t", &tag, kMaxTagBytes)) return false;
  } else {
    if (line.text[10] != ' ' || !cursor.Take(' ')) return false;
    if (!cursor.TakeUntil(": ", &tag, kMaxTagBytes)) return false;
  }
  if (cursor.peek() != '{' || !IsTag(tag)) return false;
  out->stamp = line.stamp;
  ReadTag(tag, out);
  *wrapped = {.wrapper = FormatId::kFluent, .inner = cursor.rest()};
  return true;
}

// Fluent Bit's stdout: "[0] TAG: [[TIME, {META}], {...}]", before 2.1 "[0] TAG: [TIME, {...}]"; its
// file output: "TAG: [TIME, {...}]".
bool ReadFluentBit(std::string_view text, ReadContext& context, LineFields* out, Wrapped* wrapped) {
  Cursor cursor(text);
  if (cursor.Take('[') && (cursor.TakeDigits().empty() || !cursor.Take("] "))) return false;
  std::string_view tag;
  if (!cursor.TakeUntil(": [", &tag, kMaxTagBytes) || !IsTag(tag)) return false;
  const bool meta = cursor.Take('[');
  LineFields fields;
  if (!TakeEpoch(&cursor, &fields.stamp) || !cursor.Take(", ") || cursor.peek() != '{')
    return false;
  if (meta) {
    std::string_view ignored;
    if (!cursor.TakeUntil("], ", &ignored, kMaxMetaBytes) || cursor.peek() != '{') {
      return false;
    }
  }
  std::string_view record = TrimRight(cursor.rest());
  if (record.ends_with(']')) record.remove_suffix(1);
  ReadTag(tag, &fields);
  *out = fields;
  const bool printed = Contains(record.substr(0, kMaxKeyBytes + 8), "\"=>");
  *wrapped = {.wrapper = FormatId::kFluent,
              .inner = printed ? JsonOfPrintedMap(record, context.arena) : record};
  return true;
}

}  // namespace culprit
