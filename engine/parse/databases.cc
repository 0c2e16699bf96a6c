// Databases, stores and brokers: PostgreSQL, pgbouncer, MySQL, Redis, etcd's capnslog, RethinkDB,
// RabbitMQ.
#include <cstring>

#include "engine/parse/level.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

struct PostgresSeverity {
  Level level = Level::kUnknown;
  bool detail = false;  // belongs to the line before it
};

PostgresSeverity SeverityOf(std::string_view word) {
  if (word == "DETAIL" || word == "HINT" || word == "STATEMENT" || word == "CONTEXT" ||
      word == "QUERY" || word == "LOCATION") {
    return {.level = Level::kInfo, .detail = true};
  }
  // Only PostgreSQL's own words, in capitals.
  if (word == "LOG" || word == "ERROR" || word == "FATAL" || word == "PANIC" || word == "WARNING" ||
      word == "NOTICE" || word == "INFO" || (word.starts_with("DEBUG") && word.size() <= 6)) {
    return {.level = LevelFromWord(word), .detail = false};
  }
  return {};
}

// "[123]" anywhere in the line's prefix.
std::string_view ProcessIn(std::string_view prefix) {
  for (size_t open = prefix.find('['); open != std::string_view::npos;
       open = prefix.find('[', open + 1)) {
    Cursor cursor(prefix.substr(open + 1));
    const std::string_view digits = cursor.TakeDigits();
    if (!digits.empty() && cursor.peek() == ']') return digits;
  }
  return {};
}

// PostgreSQL writes its severity as "ERROR:  " with two spaces, behind any log_line_prefix.
bool FindSeverity(std::string_view text, PostgresSeverity* severity, size_t* begin, size_t* end) {
  const std::string_view head = text.substr(0, 300);
  for (size_t at = head.find(":  "); at != std::string_view::npos; at = head.find(":  ", at + 1)) {
    size_t first = at;
    while (first > 0 && (IsUpper(head[first - 1]) || IsDigit(head[first - 1]))) --first;
    *severity = SeverityOf(head.substr(first, at - first));
    if (severity->level == Level::kUnknown) continue;
    *begin = first;
    *end = at + 3;
    return true;
  }
  return false;
}

// Rest of a CSV line: one field, unquoted; doubled quotes stay as they are.
std::string_view TakeCsv(Cursor* cursor) {
  const std::string_view text = cursor->rest();
  size_t end = 0;
  std::string_view field;
  if (text.starts_with('"')) {
    for (end = 1; end < text.size(); ++end) {
      if (text[end] != '"') continue;
      if (end + 1 < text.size() && text[end + 1] == '"') {
        ++end;
      } else {
        break;
      }
    }
    end = end < text.size() ? end : text.size();
    field = text.substr(1, end - 1);
    ++end;
  } else {
    end = text.find(',');
    if (end == std::string_view::npos) end = text.size();
    field = text.substr(0, end);
  }
  cursor->Skip(end);
  cursor->Take(',');
  return field;
}

}  // namespace

// 2026-11-21 06:51:05.123 UTC [123] user@db ERROR:  text
bool ReadPostgres(const TimedLine& line, LineFields* out) {
  PostgresSeverity severity;
  size_t begin = 0, end = 0;
  if (!FindSeverity(line.rest, &severity, &begin, &end)) return false;
  const std::string_view prefix = line.rest.substr(0, begin);
  Fill(line.stamp, FormatId::kPostgres, severity.level, line.rest.substr(end), out);
  out->repeat = ProcessIn(prefix);
  out->repeats = severity.detail;
  if (severity.detail) out->message = line.rest.substr(begin);
  return true;
}

// "FATAL:  text", "[123]: [4-1] db=,user= LOG:  text" (behind syslog)
bool ReadPostgresBare(std::string_view text, LineFields* out) {
  PostgresSeverity severity;
  size_t begin = 0, end = 0;
  if (!FindSeverity(text, &severity, &begin, &end)) return false;
  if (begin > 0 && !text.starts_with('[')) return false;
  Fill(Stamp{}, FormatId::kPostgres, severity.level, text.substr(severity.detail ? begin : end),
       out);
  out->repeat = ProcessIn(text.substr(0, begin));
  out->repeats = severity.detail;
  return true;
}

// csvlog: time,user,db,pid,from,session,line,tag,start,vxid,xid,severity,state,message,...
bool ReadPgCsv(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.Take(',') && !(cursor.Take(" UTC,") || cursor.Take(" GMT,"))) return false;
  std::string_view fields[13];
  for (std::string_view& field : fields) {
    if (cursor.empty()) return false;
    field = TakeCsv(&cursor);
  }
  const PostgresSeverity severity = SeverityOf(fields[10]);
  if (severity.level == Level::kUnknown || fields[11].size() != 5) return false;
  Fill(line.stamp, FormatId::kPgCsv, severity.level, fields[12], out);
  return true;
}

// 2018-09-12 16:08:54.775 3392 LOG text; 2023-12-19 03:06:13.586 CET [10384] LOG text
bool ReadPgbouncer(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.Take(' ')) return false;
  if (IsUpper(cursor.peek())) {
    if (cursor.TakeName().size() > 5 || !cursor.Take(' ')) return false;
  }
  const bool bracket = cursor.Take('[');
  if (cursor.TakeDigits().empty()) return false;
  if (bracket && !cursor.Take(']')) return false;
  if (!cursor.Take(' ')) return false;
  const std::string_view word = cursor.TakeToken();
  Level level = Level::kUnknown;
  if (word == "LOG" || word == "WARNING" || word == "ERROR" || word == "FATAL" || word == "DEBUG") {
    level = LevelFromWord(word);
  } else if (word == "NOISE") {
    level = Level::kTrace;
  }
  if (level == Level::kUnknown || !cursor.Take(' ')) return false;
  Fill(line.stamp, FormatId::kPgbouncer, level, cursor.rest(), out);
  return true;
}

// 2026-11-21T06:51:05.123456Z 0 [ERROR] [MY-010123] [Server] text; 161121  6:51:05 [ERROR] text
bool ReadMysql(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.TakeSpaces()) return false;
  const bool thread = !cursor.TakeDigits().empty();
  if (thread && !cursor.TakeSpaces()) return false;
  if (!thread && line.stamp.format != TimeFormat::kMySql5) return false;
  std::string_view word, group;
  if (!cursor.TakeBracketed(&word, 16)) return false;
  const Level level = LevelFromWord(word);
  if (level == Level::kUnknown || !cursor.TakeSpaces()) return false;
  for (int i = 0; i < 2 && cursor.peek() == '['; ++i) {
    const Cursor saved = cursor;
    if (!cursor.TakeBracketed(&group, 32) || !cursor.TakeSpaces()) {
      cursor = saved;
      break;
    }
  }
  Fill(line.stamp, FormatId::kMysql, level, cursor.rest(), out);
  return true;
}

// 1:M 21 Nov 2026 06:51:05.123 # text; [1234] 21 Nov 06:51:05.123 # text (2.x)
bool ReadRedis(std::string_view text, ReadContext& context, LineFields* out) {
  Cursor cursor(text);
  const bool old = cursor.Take('[');
  const std::string_view pid = cursor.TakeDigits();
  if (pid.empty() || pid.size() > 8) return false;
  if (old) {
    if (!cursor.Take("] ")) return false;
  } else {
    if (!cursor.Take(':')) return false;
    const char role = cursor.peek();
    if (role != 'M' && role != 'S' && role != 'C' && role != 'X') return false;
    cursor.Skip(1);
    if (!cursor.Take(' ')) return false;
  }
  Stamp stamp;
  size_t n = context.stamps.ReadAs(TimeFormat::kDayMonYear, cursor.rest(), &stamp);
  if (n == 0) {
    // Without a year: "21 Nov 06:51:05.123" reads as "Nov 21 06:51:05.123".
    const std::string_view rest = cursor.rest();
    char swapped[24];
    if (rest.size() < 20 || rest[2] != ' ' || rest[6] != ' ') return false;
    std::memcpy(swapped, rest.data() + 3, 3);
    swapped[3] = ' ';
    std::memcpy(swapped + 4, rest.data(), 2);
    const size_t tail = rest.find(' ', 7) - 6;
    if (tail > sizeof(swapped) - 6) return false;
    std::memcpy(swapped + 6, rest.data() + 6, tail);
    n = context.stamps.ReadAs(TimeFormat::kSyslog, {swapped, 6 + tail}, &stamp);
    if (n == 0) return false;
  }
  cursor.Skip(n);
  if (!cursor.Take(' ')) return false;
  Level level = Level::kUnknown;
  switch (cursor.peek()) {
    case '#':
      level = Level::kWarn;
      break;
    case '*':
      level = Level::kNotice;
      break;
    case '-':
    case '.':
      level = Level::kDebug;
      break;
    default:
      return false;
  }
  cursor.Skip(1);
  cursor.Take(' ');
  Fill(stamp, FormatId::kRedis, level, cursor.rest(), out);
  return true;
}

// 2026-11-21 06:51:05.123456 W | etcdserver: text
bool ReadCapnslog(const TimedLine& line, LineFields* out) {
  const std::string_view rest = line.rest;
  if (rest.size() < 5 || rest[0] != ' ' || rest.substr(2, 3) != " | ") return false;
  const Level level = LevelFromLetter(rest[1]);
  if (level == Level::kUnknown) return false;
  Fill(line.stamp, FormatId::kCapnslog, level, rest.substr(5), out);
  return true;
}

// 2026-11-21T06:51:05.123456789 12.345678s error: text
bool ReadRethinkdb(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.Take(' ') || cursor.TakeDigits().empty() || !cursor.Take('.')) return false;
  if (cursor.TakeDigits().empty() || !cursor.Take("s ")) return false;
  std::string_view word;
  if (!cursor.TakeUntil(": ", &word, 16)) return false;
  Level level = LevelFromWord(word);
  if (word == "warn") level = Level::kWarn;
  if (level == Level::kUnknown) return false;
  Fill(line.stamp, FormatId::kRethinkdb, level, cursor.rest(), out);
  return true;
}

// 2026-11-21 06:51:05.123456+00:00 [error] <0.1.0> text
bool ReadRabbitmq(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  std::string_view word, process;
  if (!cursor.Take(' ') || !cursor.TakeBracketed(&word, 16)) return false;
  const Level level = LevelFromWord(word);
  if (level == Level::kUnknown || !cursor.Take(" <")) return false;
  if (!cursor.TakeUntil(">", &process, 24)) return false;
  cursor.Take(' ');
  Fill(line.stamp, FormatId::kRabbitmq, level, cursor.rest(), out);
  out->logger = process;
  return true;
}

}  // namespace culprit
