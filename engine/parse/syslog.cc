// Syslog: RFC 3164 with and without <PRI>, RFC 5424, the ISO variant of rsyslog and journalctl.
#include <algorithm>

#include "engine/parse/level.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

bool TakePriority(Cursor* cursor, int64_t* severity) {
  Cursor at = *cursor;
  if (!at.Take('<')) return false;
  const std::string_view digits = at.TakeDigits();
  const int64_t priority = ParseDigits(digits);
  if (digits.size() > 3 || priority < 0 || priority > 191 || !at.Take('>')) return false;
  *severity = priority % 8;
  *cursor = at;
  return true;
}

struct Tag {
  std::string_view name;
  bool has_pid = false;
};

// "sshd[123]: ", "sshd(pam_unix)[123]: ", "postfix/smtpd[1]: ", "kernel: "
bool TakeTag(Cursor* cursor, Tag* tag) {
  Cursor at = *cursor;
  const std::string_view text = at.rest();
  size_t n = 0;
  while (n < text.size() && n < 100 && !EndsTag(text[n])) ++n;
  if (n == 0 || n >= text.size()) return false;
  tag->name = text.substr(0, n);
  at.Skip(n);
  std::string_view pid;
  tag->has_pid = false;
  if (at.peek() == '[') {
    if (!at.TakeBracketed(&pid, 32)) return false;
    tag->has_pid = true;
  }
  if (!at.Take(':')) return false;
  if (!at.empty() && !IsSpace(at.peek())) return false;
  at.Take(' ');
  *cursor = at;
  return true;
}

// "sshd(pam_unix)" -> "sshd"; "postfix/smtpd" -> "postfix"; "docker/api" -> "api"
std::string_view ServiceOfTag(std::string_view tag) {
  tag = tag.substr(0, tag.find('('));
  if (tag.starts_with('/')) return tag.substr(tag.rfind('/') + 1);
  const size_t slash = tag.find('/');
  if (slash == std::string_view::npos || slash == 0) return tag;
  const std::string_view first = tag.substr(0, slash);
  return first == "docker" || first == "container" ? tag.substr(slash + 1) : first;
}

std::string_view NilOr(std::string_view token) { return token == "-" ? std::string_view() : token; }

// One or more [id key="value" ...] or "-".
bool SkipStructuredData(Cursor* cursor) {
  if (cursor->Take('-')) return true;
  if (cursor->peek() != '[') return false;
  while (cursor->peek() == '[') {
    const std::string_view text = cursor->rest();
    bool quoted = false;
    size_t i = 1;
    for (; i < text.size(); ++i) {
      if (quoted && text[i] == '\\') {
        ++i;
      } else if (text[i] == '"') {
        quoted = !quoted;
      } else if (!quoted && text[i] == ']') {
        break;
      }
    }
    if (i >= text.size()) return false;
    cursor->Skip(i + 1);
  }
  return true;
}

bool Read5424(Cursor cursor, StampReader& stamps, LineFields* out, Wrapped* wrapped) {
  if (!cursor.Take("1 ")) return false;
  Stamp stamp;
  if (!cursor.Take('-')) {
    const size_t n = stamps.Read(cursor.rest(), &stamp);
    if (n == 0) return false;
    cursor.Skip(n);
  }
  if (!cursor.Take(' ')) return false;
  std::string_view fields[4];
  for (std::string_view& field : fields) {
    field = NilOr(cursor.TakeToken());
    if (!cursor.Take(' ')) return false;
  }
  if (!SkipStructuredData(&cursor)) return false;
  cursor.Take(' ');
  cursor.Take("\xEF\xBB\xBF");
  out->stamp = stamp;
  out->instance = fields[0];
  out->service = ServiceOfTag(fields[1]);
  out->group = fields[1];
  *wrapped = {.wrapper = FormatId::kSyslog, .inner = cursor.rest()};
  return true;
}

// Behind the time: "host tag[pid]: text", "tag[pid]: text" (local), "host text".
void ReadHostAndTag(Cursor cursor, LineFields* out, Wrapped* wrapped) {
  cursor.SkipSpaces();
  Tag tag;
  Cursor at = cursor;
  std::string_view host;
  if (!TakeTag(&at, &tag)) {
    at = cursor;
    host = at.TakeToken();
    at.SkipSpaces();
    const Cursor after_host = at;
    // Thunderbird: "dn228 dn228/dn228 crond[1]:" has the host twice.
    if (!TakeTag(&at, &tag)) {
      at.TakeToken();
      at.SkipSpaces();
      if (!(after_host.rest().starts_with(host) && TakeTag(&at, &tag))) {
        at = after_host;
        tag = {};
      }
    }
  }
  out->instance = host;
  out->service = ServiceOfTag(tag.name);
  out->group = tag.name;
  *wrapped = {.wrapper = FormatId::kSyslog, .inner = at.rest()};
}

}  // namespace

bool ReadSyslogPriority(std::string_view text, ReadContext& context, LineFields* out,
                        Wrapped* wrapped) {
  Cursor cursor(text);
  int64_t severity = 0;
  if (!TakePriority(&cursor, &severity)) return false;
  LineFields fields;
  if (!Read5424(cursor, context.stamps, &fields, wrapped)) {
    fields = LineFields{};
    const size_t n = context.stamps.Read(cursor.rest(), &fields.stamp);
    if (n == 0) return false;
    cursor.Skip(n);
    cursor.Take(':');
    ReadHostAndTag(cursor, &fields, wrapped);
  }
  fields.level = LevelFromSyslog(severity);
  *out = fields;
  return true;
}

bool ReadSyslog(const TimedLine& line, LineFields* out, Wrapped* wrapped) {
  if (line.bracketed || line.rest.empty() || line.rest[0] != ' ') return false;
  const TimeFormat format = line.stamp.format;
  Cursor cursor(line.rest);
  if (format == TimeFormat::kIso) {
    // Only where "host tag[pid]:" follows: many formats begin with an ISO time.
    if (!line.stamp.zoned) return false;
    cursor.Take(' ');
    const std::string_view host = cursor.TakeName();
    Tag tag;
    if (host.empty() || AllDigits(host) || !cursor.Take(' ') ||
        LevelFromWord(host) != Level::kUnknown || !TakeTag(&cursor, &tag)) {
      return false;
    }
    if (!tag.has_pid && tag.name != "kernel" && tag.name != "systemd" && tag.name != "sudo") {
      return false;
    }
    cursor = Cursor(line.rest);
  } else if (format != TimeFormat::kSyslog && format != TimeFormat::kSyslogYear &&
             format != TimeFormat::kYearSyslog) {
    return false;
  }
  out->stamp = line.stamp;
  ReadHostAndTag(cursor, out, wrapped);
  return true;
}

}  // namespace culprit
