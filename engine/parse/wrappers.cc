// Container runtimes and their tools: CRI, docker compose, kubectl --prefix. (Docker's JSON is read
// by json_record.)
#include "engine/parse/level.h"
#include "engine/parse/path_service.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {

// 2026-11-21T06:51:05.123456789Z stderr F text; P: the text goes on in the next line.
bool ReadCri(const TimedLine& line, LineFields* out, Wrapped* wrapped) {
  Cursor cursor(line.rest);
  if (!cursor.Take(" stdout ") && !cursor.Take(" stderr ")) return false;
  const char tag = cursor.peek();
  if (tag != 'F' && tag != 'P') return false;
  cursor.TakeToken();
  if (!cursor.empty() && !cursor.Take(' ')) return false;
  out->stamp = line.stamp;
  out->partial = tag == 'P';
  *wrapped = {.wrapper = FormatId::kCri, .inner = cursor.rest()};
  return true;
}

// "api-1  | text", "api_1  | text", "api | text"
bool ReadCompose(std::string_view text, LineFields* out, Wrapped* wrapped) {
  Cursor cursor(text);
  const std::string_view name = cursor.TakeName();
  if (name.empty() || name.size() > 64 || !cursor.TakeSpaces() || !cursor.Take('|')) return false;
  if (!IsAlpha(name[0]) || LevelFromWord(name) != Level::kUnknown) return false;
  if (!cursor.empty() && !cursor.Take(' ')) return false;
  std::string_view service = name;
  size_t end = service.size();
  while (end > 0 && IsDigit(service[end - 1])) --end;
  if (end < service.size() && end > 1 && (service[end - 1] == '-' || service[end - 1] == '_')) {
    service = service.substr(0, end - 1);
  }
  out->service = service;
  out->instance = name;
  out->group = name;
  *wrapped = {.wrapper = FormatId::kCompose, .inner = cursor.rest()};
  return true;
}

// "[pod/api-5d4cf56db6-abz2x/api] text"
bool ReadKubectl(std::string_view text, LineFields* out, Wrapped* wrapped) {
  Cursor cursor(text);
  std::string_view pod, container;
  if (!cursor.Take("[pod/") || !cursor.TakeUntil("/", &pod, 256)) return false;
  if (!cursor.TakeUntil("]", &container, 256)) return false;
  cursor.Take(' ');
  out->service = DeploymentOfPod(pod);
  if (out->service.empty()) out->service = container;
  out->instance = pod;
  out->group = text.substr(0, text.size() - cursor.rest().size());
  *wrapped = {.wrapper = FormatId::kKubectl, .inner = cursor.rest()};
  return true;
}

// 2026-11-21T06:51:05.123456789Z text: nanoseconds and a zone.
bool MayBeTimestamped(const TimedLine& line) {
  const size_t time_size = line.text.size() - line.rest.size();
  return !line.bracketed && line.stamp.format == TimeFormat::kIso && line.stamp.zoned &&
         time_size >= 30 && line.text[10] == 'T' && IsDigit(line.text[28]) &&
         line.rest.starts_with(' ');
}

}  // namespace culprit
