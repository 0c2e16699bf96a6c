// log4j and logback patterns, and the systems that print them: Spring Boot, ZooKeeper, Hadoop,
// Kafka brokers, Elasticsearch.
#include "engine/parse/level.h"
#include "engine/parse/plain_log.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

void Fill(const TimedLine& line, FormatId format, Level level, std::string_view message,
          LineFields* out) {
  out->stamp = line.stamp;
  out->shape = Shape::kHead;
  out->format = format;
  out->level = level;
  out->message = message.empty() ? line.text : message;
}

// An upper-case level word.
Level TakeLevel(Cursor* cursor) {
  Cursor at = *cursor;
  const std::string_view text = at.rest();
  size_t n = 0;
  while (n < text.size() && IsUpper(text[n])) ++n;
  const Level level = LevelFromWord(text.substr(0, n));
  if (level == Level::kUnknown) return level;
  at.Skip(n);
  *cursor = at;
  return level;
}

// "org.apache.hadoop.ipc.Client", "dfs.DataNode$PacketResponder", "c.a.Foo#75"
std::string_view TakeLogger(Cursor* cursor) {
  const std::string_view text = cursor->rest();
  size_t n = 0;
  while (n < text.size() && n < 200 &&
         (IsNameChar(text[n]) || text[n] == '$' || text[n] == '#' || text[n] == '[' ||
          text[n] == ']' || text[n] == '/' || text[n] == '@')) {
    ++n;
  }
  if (n == 0 || !(IsAlpha(text[0]) || text[0] == '_' || text[0] == '$')) return {};
  cursor->Skip(n);
  return text.substr(0, n);
}

bool HasDot(std::string_view s) { return s.find('.') != std::string_view::npos; }

}  // namespace

// 2026-11-21 06:51:05.123  ERROR 1 --- [main] c.a.Foo : text
bool ReadSpring(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.TakeSpaces()) return false;
  const Level level = TakeLevel(&cursor);
  if (level == Level::kUnknown || !cursor.TakeSpaces()) return false;
  std::string_view group, service;
  if (cursor.peek() == '[' && cursor.TakeBracketed(&group)) {
    // "[app,trace,span]"
    const std::string_view app = group.substr(0, group.find(','));
    if (app.size() < group.size()) service = app;
    cursor.SkipSpaces();
  }
  if (cursor.TakeDigits().empty() || !cursor.Take(" --- ")) return false;
  std::string_view last;
  while (cursor.peek() == '[') {
    if (!cursor.TakeBracketed(&last)) return false;
    cursor.SkipSpaces();
  }
  const std::string_view logger = TakeLogger(&cursor);
  cursor.SkipSpaces();
  if (!cursor.Take(": ")) {
    if (!cursor.Take(':')) return false;
  }
  Fill(line, FormatId::kSpring, level, cursor.rest(), out);
  out->logger = logger;
  out->service = service;
  return true;
}

// 2026-11-21 06:51:05,123 - WARN  [SendWorker:1:QuorumCnxManager$SendWorker@679] - text
// 2026-11-21 06:51:05,123 [myid:1] - WARN  [...] - text
bool ReadZookeeper(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  std::string_view group;
  if (cursor.Take(" [myid:")) {
    if (!cursor.TakeUntil("]", &group, 32)) return false;
  }
  if (!cursor.Take(" - ")) return false;
  const Level level = TakeLevel(&cursor);
  if (level == Level::kUnknown || !cursor.TakeSpaces()) return false;
  if (!cursor.TakeBracketed(&group, 300) || !cursor.Take(" - ")) return false;
  Fill(line, FormatId::kZookeeper, level, cursor.rest(), out);
  out->logger = group;
  return true;
}

// 2015-10-18 18:05:27,570 WARN [thread] org.apache.hadoop.ipc.Client: text
// 081109 214043 2561 WARN dfs.DataNode$DataXceiver: text; 17/06/09 20:10:40 INFO a.B: text
bool ReadHadoop(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.TakeSpaces()) return false;
  if (line.stamp.format == TimeFormat::kHdfs && !cursor.TakeDigits().empty()) cursor.SkipSpaces();
  const Level level = TakeLevel(&cursor);
  if (level == Level::kUnknown || !cursor.TakeSpaces()) return false;
  std::string_view thread;
  if (cursor.peek() == '[') {
    if (!cursor.TakeBracketed(&thread, 400) || !cursor.TakeSpaces()) return false;
  }
  const std::string_view logger = TakeLogger(&cursor);
  if (!HasDot(logger) || !cursor.Take(':')) return false;
  // Others print the same pattern: that is ReadJava's.
  if (line.stamp.format != TimeFormat::kHdfs && line.stamp.format != TimeFormat::kShortYmd &&
      !logger.starts_with("org.apache.hadoop.")) {
    return false;
  }
  cursor.SkipSpaces();
  Fill(line, FormatId::kHadoop, level, cursor.rest(), out);
  out->logger = logger;
  return true;
}

// [2026-11-21 06:51:05,123] ERROR text (kafka.server.ReplicaManager)
bool ReadKafka(const TimedLine& line, LineFields* out) {
  if (!line.bracketed) return false;
  Cursor cursor(line.rest);
  if (!cursor.Take(' ')) return false;
  const Level level = TakeLevel(&cursor);
  if (level == Level::kUnknown || !cursor.Take(' ')) return false;
  std::string_view message = cursor.rest();
  if (message.ends_with(')')) {
    const size_t open = message.rfind(" (");
    const std::string_view logger =
        open == std::string_view::npos ? "" : message.substr(open + 2, message.size() - open - 3);
    if (HasDot(logger) && logger.find(' ') == std::string_view::npos) {
      out->logger = logger;
      message = message.substr(0, open);
    }
  }
  Fill(line, FormatId::kKafka, level, message, out);
  return true;
}

// [2026-11-21T06:51:05,123][WARN ][o.e.c.r.a.DiskThreshold  ] [node-1] text
bool ReadElasticsearch(const TimedLine& line, LineFields* out) {
  if (!line.bracketed) return false;
  Cursor cursor(line.rest);
  std::string_view word, logger, node;
  if (!cursor.TakeBracketed(&word, 16)) return false;
  const Level level = LevelFromWord(Trim(word));
  if (level == Level::kUnknown || !cursor.TakeBracketed(&logger, 200)) return false;
  cursor.SkipSpaces();
  const Cursor saved = cursor;
  if (cursor.peek() == '[' && cursor.TakeBracketed(&node, 100)) {
    cursor.SkipSpaces();
  } else {
    cursor = saved;
  }
  Fill(line, FormatId::kElasticsearch, level, cursor.rest(), out);
  out->logger = TrimRight(logger);
  out->instance = node;
  return true;
}

// "[thread] LEVEL logger - text", "LEVEL [thread] logger - text", "LEVEL logger: text",
// "LEVEL  a.c.AssuranceController#75 TraceID: ... text", "LEVEL [logger] text"
bool ReadJava(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  if (!cursor.TakeSpaces()) return false;
  std::string_view group, logger;
  bool threaded = false;
  Level level = Level::kUnknown;
  if (cursor.peek() == '[') {
    if (!cursor.TakeBracketed(&group, 300) || !cursor.TakeSpaces()) return false;
    if (cursor.Take("- ")) cursor.SkipSpaces();
    threaded = true;
    level = TakeLevel(&cursor);
    // "[LEVEL] [thread] logger" and the like are for the plain reader.
    if (level == Level::kUnknown) return false;
  } else {
    level = TakeLevel(&cursor);
    if (level == Level::kUnknown) return false;
  }
  if (!cursor.TakeSpaces()) return false;
  if (cursor.peek() == '[') {
    const Cursor saved = cursor;
    if (cursor.TakeBracketed(&group, 300) && cursor.TakeSpaces()) {
      threaded = true;
    } else {
      cursor = saved;
    }
  }
  const Cursor before_logger = cursor;
  logger = TakeLogger(&cursor);
  if (cursor.peek() == ':' && IsDigit(cursor.peek(1))) {  // "Pool-logState:403"
    cursor.Skip(1);
    cursor.TakeDigits();
  }
  const bool class_like = HasDot(logger) || logger.find('#') != std::string_view::npos;
  if (logger.empty() || (!threaded && !class_like)) return false;
  cursor.SkipSpaces();
  if (cursor.Take("- ") || cursor.Take(": ") || cursor.Take(":")) {
    cursor.SkipSpaces();
  } else if (!class_like) {
    cursor = before_logger;
    logger = {};
    if (!threaded) return false;
  }
  Fill(line, FormatId::kJava, level, cursor.rest(), out);
  out->logger = logger;
  return true;
}

}  // namespace culprit
