// The format readers, one family per .cc file. Each looks at the text of one line (wrappers
// removed), returns false and leaves *out alone if it is not of its format, else fills *out with
// shape kHead. They keep no state and allocate only in the arena.
#pragma once
#include <string_view>

#include "engine/parse/fields.h"
#include "engine/parse/stamp.h"

namespace culprit {

struct ReadContext {
  StampReader& stamps;
  Arena& arena;
};

// A line with its time in front, already read.
struct TimedLine {
  std::string_view text;  // the whole line
  Stamp stamp;
  std::string_view rest;   // behind the time (and its bracket)
  bool bracketed = false;  // "[time]"
};

// "time ..." or "[time] ...", of any format; false: *line is not changed beyond its text.
bool ReadTime(std::string_view text, StampReader& stamps, TimedLine* line);

// A whole head line: what most readers end with.
inline void Fill(const Stamp& stamp, FormatId format, Level level, std::string_view message,
                 LineFields* out) {
  out->stamp = stamp;
  out->shape = Shape::kHead;
  out->format = format;
  out->level = level;
  out->message = message;
}

// What a wrapper carries; its own fields go to *out.
struct Wrapped {
  FormatId wrapper = FormatId::kPlain;
  std::string_view inner;
};

// wrappers.cc, syslog.cc, cloud.cc
bool ReadCri(const TimedLine& line, LineFields* out, Wrapped* wrapped);
bool ReadCompose(std::string_view text, LineFields* out, Wrapped* wrapped);
bool ReadKubectl(std::string_view text, LineFields* out, Wrapped* wrapped);
bool ReadSyslogPriority(std::string_view text, ReadContext& context, LineFields* out,
                        Wrapped* wrapped);                                  // <34>...
bool ReadSyslog(const TimedLine& line, LineFields* out, Wrapped* wrapped);  // Nov 21 ... host tag:
bool ReadCloudWatchText(const TimedLine& line, LineFields* out, Wrapped* wrapped);
// fluent.cc: wrapped->inner is a JSON record
bool ReadFluentd(const TimedLine& line, LineFields* out, Wrapped* wrapped);
bool ReadFluentBit(std::string_view text, ReadContext& context, LineFields* out, Wrapped* wrapped);

// True if the time may have been put in front by kubectl logs --timestamps or docker logs -t.
bool MayBeTimestamped(const TimedLine& line);

// cloud.cc
bool ReadLambda(std::string_view text, ReadContext& context, LineFields* out);  // no time in front
bool ReadLambdaTimed(const TimedLine& line, LineFields* out);
// logfmt.cc
bool ReadLogfmt(std::string_view text, ReadContext& context, LineFields* out);
bool ReadCrystal(std::string_view text, ReadContext& context, LineFields* out);
// access_log.cc
bool ReadAccess(std::string_view text, ReadContext& context, LineFields* out);
bool ReadHaproxy(std::string_view text, ReadContext& context, LineFields* out);
bool ReadEnvoy(const TimedLine& line, LineFields* out);
bool ReadNginxError(const TimedLine& line, LineFields* out);
bool ReadApacheError(const TimedLine& line, LineFields* out);
// java_log.cc
bool ReadSpring(const TimedLine& line, LineFields* out);
bool ReadZookeeper(const TimedLine& line, LineFields* out);
bool ReadHadoop(const TimedLine& line, LineFields* out);
bool ReadKafka(const TimedLine& line, LineFields* out);
bool ReadElasticsearch(const TimedLine& line, LineFields* out);
bool ReadJava(const TimedLine& line, LineFields* out);
// python_log.cc
bool ReadOslo(const TimedLine& line, LineFields* out);
bool ReadPython(const TimedLine& line, LineFields* out);
bool ReadPythonBasic(std::string_view text, LineFields* out);  // ERROR:name:text, no time
// databases.cc
bool ReadPostgres(const TimedLine& line, LineFields* out);
bool ReadPostgresBare(std::string_view text, LineFields* out);  // "FATAL:  text", no time
bool ReadPgCsv(const TimedLine& line, LineFields* out);
bool ReadPgbouncer(const TimedLine& line, LineFields* out);
bool ReadMysql(const TimedLine& line, LineFields* out);
bool ReadRedis(std::string_view text, ReadContext& context, LineFields* out);
bool ReadCapnslog(const TimedLine& line, LineFields* out);
bool ReadRethinkdb(const TimedLine& line, LineFields* out);
bool ReadRabbitmq(const TimedLine& line, LineFields* out);
// system_log.cc
bool ReadKlog(std::string_view text, ReadContext& context, LineFields* out);
bool ReadKernel(std::string_view text, ReadContext& context, LineFields* out);
bool ReadGo(const TimedLine& line, LineFields* out);
bool ReadRuby(std::string_view text, ReadContext& context, LineFields* out);
bool ReadDotnet(std::string_view text, LineFields* out);
bool ReadAndroid(const TimedLine& line, LineFields* out);
bool ReadWindowsCbs(const TimedLine& line, LineFields* out);
bool ReadCluster(std::string_view text, ReadContext& context, LineFields* out);

}  // namespace culprit
