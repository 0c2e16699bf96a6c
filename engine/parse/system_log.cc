// Runtimes and systems: klog and glog, the kernel, Go, Ruby, .NET, Android, Windows CBS, clusters.
#include "engine/parse/level.h"
#include "engine/parse/plain_log.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
// E1121 06:51:05.123456    1 file.go:12] text
bool ReadKlog(std::string_view text, ReadContext& context, LineFields* out) {
  if (text.size() < 20) return false;
  const char letter = text[0];
  if (letter != 'I' && letter != 'W' && letter != 'E' && letter != 'F' && letter != 'D')
    return false;
  if (!IsDigit(text[1]) || !IsDigit(text[4])) return false;
  Stamp stamp;
  size_t n = context.stamps.ReadAs(TimeFormat::kKlog, text.substr(1), &stamp);
  if (n == 0) n = context.stamps.ReadAs(TimeFormat::kGlogYear, text.substr(1), &stamp);
  if (n == 0) return false;
  Cursor cursor(text.substr(1 + n));
  std::string_view place;
  if (!cursor.TakeSpaces() || !cursor.TakeUntil("] ", &place, 160)) {
    cursor = Cursor(text.substr(1 + n));
    cursor.SkipSpaces();
  }
  Fill(stamp, FormatId::kKlog, LevelFromLetter(letter), cursor.rest(), out);
  return true;
}

// [ 1052.080846][   T41] text; <4>[39261111.880124] text
bool ReadKernel(std::string_view text, ReadContext& context, LineFields* out) {
  Cursor cursor(text);
  Level level = Level::kUnknown;
  if (cursor.Take('<')) {
    const std::string_view digits = cursor.TakeDigits();
    if (digits.empty() || digits.size() > 3 || !cursor.Take('>')) return false;
    level = LevelFromSyslog(ParseDigits(digits) % 8);
  }
  Stamp stamp;
  const size_t n = context.stamps.ReadAs(TimeFormat::kKernel, cursor.rest(), &stamp);
  if (n == 0) return false;
  cursor.Skip(n);
  std::string_view caller;
  if (cursor.peek() == '[') cursor.TakeBracketed(&caller, 24);
  cursor.SkipSpaces();
  Fill(stamp, FormatId::kKernel, level, cursor.rest(), out);
  return true;
}

// 2026/11/21 06:51:05 text; 2026/11/21 06:51:05.123456 file.go:12: text
bool ReadGo(const TimedLine& line, LineFields* out) {
  if (line.bracketed || line.stamp.format != TimeFormat::kSlashYmd) return false;
  if (!line.rest.starts_with(' ')) return false;
  std::string_view message = line.rest.substr(1);
  Level level = Level::kUnknown;
  if (const size_t n = FindLevel(message.substr(0, 48), &level); n > 0) {
    message = TrimLeft(message.substr(n));
  } else if (message.starts_with("http: panic serving") || message.starts_with("panic: ")) {
    level = Level::kError;
  }
  Fill(line.stamp, FormatId::kGo, level, message, out);
  return true;
}

// E, [2026-11-21T06:51:05.123456 #1] ERROR -- prog: text
bool ReadRuby(std::string_view text, ReadContext& context, LineFields* out) {
  if (text.size() < 24 || text.substr(1, 3) != ", [") return false;
  const Level level = LevelFromLetter(text[0]);
  if (level == Level::kUnknown) return false;
  Stamp stamp;
  const size_t n = context.stamps.Read(text.substr(4), &stamp);
  if (n == 0) return false;
  Cursor cursor(text.substr(4 + n));
  std::string_view pid, word, program;
  if (!cursor.TakeUntil("]", &pid, 24)) return false;
  cursor.SkipSpaces();
  if (!cursor.TakeUntil(" -- ", &word, 16)) return false;
  if (!cursor.TakeUntil(": ", &program, 80)) {
    if (!cursor.Take(": ")) cursor.Take(':');
  }
  Fill(stamp, FormatId::kRuby, level, cursor.rest(), out);
  if (!program.empty() && program.find(' ') == std::string_view::npos) out->logger = program;
  return true;
}

// "fail: Microsoft.AspNetCore.Server.Kestrel[13]"; the text follows in indented lines.
bool ReadDotnet(std::string_view text, LineFields* out) {
  if (text.size() < 8 || text.substr(4, 2) != ": ") return false;
  const std::string_view word = text.substr(0, 4);
  if (word != "trce" && word != "dbug" && word != "info" && word != "warn" && word != "fail" &&
      word != "crit") {
    return false;
  }
  const std::string_view rest = text.substr(6);
  Fill(Stamp{}, FormatId::kDotnet, LevelFromWord(word), rest, out);
  const size_t open = rest.rfind('[');
  if (rest.ends_with(']') && open != std::string_view::npos) out->logger = rest.substr(0, open);
  return true;
}

// 03-17 16:13:38.811  1702  2395 D WindowManager: text
bool ReadAndroid(const TimedLine& line, LineFields* out) {
  if (line.stamp.format != TimeFormat::kMonthDay) return false;
  Cursor cursor(line.rest);
  cursor.SkipSpaces();
  if (cursor.TakeDigits().empty() || !cursor.TakeSpaces()) return false;
  if (cursor.TakeDigits().empty() || !cursor.TakeSpaces()) return false;
  const Level level = LevelFromLetter(cursor.peek());
  if (level == Level::kUnknown || cursor.peek(1) != ' ') return false;
  cursor.Skip(2);
  std::string_view tag;
  const Cursor saved = cursor;
  if (!cursor.TakeUntil(": ", &tag, 80)) cursor = saved;
  Fill(line.stamp, FormatId::kAndroid, level, cursor.rest(), out);
  out->logger = TrimRight(tag);
  return true;
}

// 2016-09-28 04:30:30, Info                  CBS    text
bool ReadWindowsCbs(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.Take(", ")) return false;
  const Level level = LevelFromWord(cursor.TakeToken());
  if (level == Level::kUnknown || !cursor.TakeSpaces()) return false;
  const std::string_view part = cursor.TakeName();
  if (part.empty() || !cursor.TakeSpaces()) return false;
  Fill(line.stamp, FormatId::kWindowsCbs, level, cursor.rest(), out);
  out->logger = part;
  return true;
}

// Blue Gene and Thunderbird: "- 1117838570 2005.06.03 NODE 2005-06-03-15.42.50.675872 NODE RAS
// KERNEL INFO text"; HPC: "134681 node-246 unix.hw state_change.unavailable 1077804742 1 text"
bool ReadCluster(std::string_view text, ReadContext& context, LineFields* out) {
  Cursor cursor(text);
  const std::string_view first = cursor.TakeToken();
  if (first.empty() || first.size() > 16 || !cursor.Take(' ')) return false;
  if (!IsDigit(first[0]) && !IsDigit(cursor.peek())) return false;
  Stamp stamp;
  std::string_view second = cursor.TakeToken();
  if (!cursor.Take(' ')) return false;
  if (second.size() == 10 && AllDigits(second)) {
    const std::string_view date = cursor.TakeToken();
    if (date.size() != 10 || date[4] != '.' || date[7] != '.' || !cursor.Take(' ')) return false;
    const std::string_view node = cursor.TakeToken();
    cursor.SkipSpaces();
    StampReader::FromInteger(ParseDigits(second), &stamp);
    Stamp finer;
    const size_t n = context.stamps.Read(cursor.rest(), &finer);
    Level level = Level::kUnknown;
    std::string_view message = cursor.rest();
    std::string_view service;
    if (n > 0) {
      Cursor at(cursor.rest().substr(n));
      at.SkipSpaces();
      at.TakeToken();
      at.SkipSpaces();
      message = at.rest();
      // "crond(pam_unix)[2915]: text" or "RAS KERNEL FATAL text".
      const std::string_view tag = Cursor(message).TakeToken();
      if (tag.ends_with(':')) {
        service = tag.substr(0, tag.find_first_of("([:"));
        service = service.substr(service.rfind('/') + 1);
        at.TakeToken();
        at.SkipSpaces();
        message = at.rest();
      } else if (const size_t k = FindLevel(message.substr(0, 48), &level); k > 0) {
        message = TrimLeft(message.substr(k));
      }
      if (finer.format == TimeFormat::kBgl)
        stamp.time += (finer.time % kSecondUs + kSecondUs) % kSecondUs;
    }
    if (level == Level::kUnknown && first != "-") level = Level::kError;
    Fill(stamp, FormatId::kCluster, level, message, out);
    out->instance = node;
    out->service = service;
    out->self_contained = true;
    return true;
  }
  if (!AllDigits(first) || second.empty() || !IsAlpha(second[0])) return false;
  const std::string_view part = cursor.TakeToken();
  if (part.empty() || !cursor.Take(' ')) return false;
  cursor.TakeToken();
  if (!cursor.Take(' ')) return false;
  const std::string_view epoch = cursor.TakeToken();
  if (epoch.size() != 10 || !AllDigits(epoch) || !cursor.Take(' ')) return false;
  if (cursor.TakeDigits().empty() || !cursor.Take(' ')) return false;
  StampReader::FromInteger(ParseDigits(epoch), &stamp);
  Fill(stamp, FormatId::kCluster, Level::kUnknown, cursor.rest(), out);
  out->instance = second;
  out->self_contained = true;
  return true;
}

}  // namespace culprit
