#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/utf8.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/stream_range.h"
#include "engine/match/subject.h"
#include "engine/parse/stream_parser.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

struct Subject1 {
  StreamInfo info;
  std::string block;  // text around the line
  uint64_t block_offset = 0;
  size_t line_begin = 0;
  size_t line_end = 0;
};

// FILE:OFFSET: the line that holds the byte, with the text before it (a record may begin earlier).
enum class Place { kLine, kFound, kError };
Place FromFile(const std::string& what, Subject1* out) {
  const size_t colon = what.rfind(':');
  if (colon == std::string::npos || colon + 1 == what.size()) return Place::kLine;
  uint64_t offset = 0;
  const auto [stop, error] =
      std::from_chars(what.data() + colon + 1, what.data() + what.size(), offset);
  const std::string path = what.substr(0, colon);
  if (error != std::errc() || stop != what.data() + what.size() ||
      path.find(' ') != std::string::npos)
    return Place::kLine;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path.substr(0, path.find('!')), ignored)) {
    if (path.find('/') == std::string::npos && path.find('.') == std::string::npos)
      return Place::kLine;
    PrintError(absl::StrCat(
        path, ": no such file (read as FILE:OFFSET; give a line on standard input with -)"));
    return Place::kError;
  }
  constexpr uint64_t kAround = 256 << 10;
  const uint64_t start = offset > kAround ? offset - kAround : 0;
  absl::StatusOr<std::string> text = ReadStreamRange(path, start, 2 * kAround);
  if (!text.ok()) {
    PrintError(std::string(text.status().message()));
    return Place::kError;
  }
  out->block = *std::move(text);
  if (start > 0) {
    const size_t first = std::min(out->block.find('\n'), out->block.size() - 1) + 1;
    out->block.erase(0, first);
    out->block_offset = start + first;
  }
  if (offset - out->block_offset >= out->block.size()) {
    PrintError(absl::StrCat(path, ": ends before offset ", offset));
    return Place::kError;
  }
  const size_t at = offset - out->block_offset;
  const size_t before = at == 0 ? std::string::npos : out->block.rfind('\n', at - 1);
  out->line_begin = before == std::string::npos ? 0 : before + 1;
  out->line_end = std::min(out->block.find('\n', at), out->block.size());
  out->info.path = path.substr(0, path.find('!'));
  if (path.size() > out->info.path.size())
    out->info.member = path.substr(out->info.path.size() + 1);
  return Place::kFound;
}

struct Verdict {
  SignatureIndex signature;
  bool matched;
  std::string why;
};

// What signature `i` says of the record, and the one condition that was missing.
bool Judge(const Engine& engine, SignatureIndex i, bool regex, const Record& record,
           const std::string& component, std::string_view subject, Verdict* out) {
  const SignatureSpec& spec = engine.knowledge->signatures[i];
  out->signature = i;
  out->matched = false;
  const auto allows = [](const auto& list, const auto& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  std::vector<std::string> missing;
  if (!allows(spec.where_services, component) &&
      !allows(spec.where_services, std::string(record.service)))
    missing.push_back(absl::StrCat("service is ", component, ", needs ",
                                   absl::StrJoin(spec.where_services, " or ")));
  if (!allows(spec.where_levels, record.level)) {
    std::vector<std::string> names;
    for (Level l : spec.where_levels) names.emplace_back(LevelName(l));
    missing.push_back(absl::StrCat("level is ", std::string(LevelName(record.level)), ", needs ",
                                   absl::StrJoin(names, " or ")));
  }
  if (!regex) {
    // Near: a trigger is there, the rest of the expression is not, and all else holds.
    if (!missing.empty()) return false;
    for (const std::string& trigger : engine.signatures->info(i).triggers) {
      const auto found = std::search(subject.begin(), subject.end(), trigger.begin(), trigger.end(),
                                     [](char a, char b) {
                                       return std::tolower(static_cast<unsigned char>(a)) ==
                                              std::tolower(static_cast<unsigned char>(b));
                                     });
      if (found == subject.end()) continue;
      out->why = absl::StrCat("has '", trigger, "', but the regex does not match: ", spec.regex);
      return true;
    }
    return false;
  }
  if (missing.empty()) {
    out->matched = true;
    out->why = "regex matches";
    if (!spec.where_services.empty() || !spec.where_levels.empty()) out->why += ", conditions hold";
    return true;
  }
  out->why = absl::StrCat("regex matches, but ", absl::StrJoin(missing, " and "));
  return true;
}

Json Explain(const Engine& engine, const Subject1& at, const ParseOptions& options) {
  Counters counters;
  StreamParser parser(at.info, options, &counters);
  parser.Sniff(std::string_view(at.block).substr(0, 64 << 10));
  Record record;
  const std::string_view line =
      std::string_view(at.block).substr(at.line_begin, at.line_end - at.line_begin);
  parser.Parse(at.block, at.block_offset, line, &record);
  parser.ReadText(&record);

  MatchScratch scratch;
  std::vector<Hit> hits;
  engine.signatures->ScanSlow(line, scratch, &hits);
  std::string decoded;
  const std::string_view subject = Subject(line, &decoded);
  const std::string component = engine.names->Service(record.service);

  std::vector<Verdict> verdicts;
  bool strong = false;
  for (SignatureIndex i = 0; i < engine.signatures->size(); ++i) {
    const bool regex =
        std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.signature == i; });
    Verdict verdict;
    if (!Judge(engine, i, regex, record, component, subject, &verdict)) continue;
    strong |= verdict.matched && !engine.knowledge->signatures[i].weak;
    verdicts.push_back(std::move(verdict));
  }
  Json matches = Json::array();
  Json near = Json::array();
  for (Verdict& v : verdicts) {
    const SignatureSpec& spec = engine.knowledge->signatures[v.signature];
    if (v.matched && spec.weak && strong) {
      v.matched = false;
      v.why = "regex matches, but it is weak and a stronger signature recognised the line";
    }
    Json item = {{"signature", spec.id},
                 {"title", spec.title},
                 {"class", SymptomClassName(spec.cls)},
                 {"why", v.why},
                 {"defined", absl::StrCat(spec.where.file, ":", spec.where.line)}};
    if (v.matched) {
      SignatureSet::CaptureList captures;
      engine.signatures->Captures(v.signature, line, scratch, &captures);
      Json named = Json::object();
      for (const auto& [name, text] : captures) named[std::string(name)] = ToValidUtf8(text, 1000);
      item["captures"] = named;
    }
    (v.matched ? matches : near).push_back(std::move(item));
  }
  constexpr std::string_view kOrigins[] = {"parsed", "inherited", "assumed"};
  return {{"line", ToValidUtf8(line, 4000)},
          {"format", parser.format_name()},
          {"format_why", parser.ExplainFormat()},
          {"time", record.time_origin == TimeOrigin::kAssumed ? "" : FormatTime(record.time)},
          {"time_origin", kOrigins[static_cast<size_t>(record.time_origin)]},
          {"level", LevelName(record.level)},
          {"service", ToValidUtf8(record.service, 1000)},
          {"service_why", parser.ExplainService()},
          {"component", component},
          {"instance", ToValidUtf8(record.instance, 1000)},
          {"message", ToValidUtf8(record.message, 4000)},
          {"matches", matches},
          {"near", near}};
}

void PrintText(const Json& e) {
  const auto text = [&](const char* key) { return e[key].get<std::string>(); };
  printf("line       %s\nformat     %s\n           %s\ntime       %s (%s)\nlevel      %s\n",
         text("line").c_str(), text("format").c_str(), text("format_why").c_str(),
         text("time").c_str(), text("time_origin").c_str(), text("level").c_str());
  printf("service    %s -> component %s\n           %s\nmessage    %s\n", text("service").c_str(),
         text("component").c_str(), text("service_why").c_str(), text("message").c_str());
  const auto list = [&](const char* title, const Json& items, size_t most) {
    printf("%s\n", title);
    if (items.empty()) printf("  none\n");
    size_t shown = 0;
    for (const Json& m : items) {
      if (shown++ == most) {
        printf("  and %zu more (--format json)\n", items.size() - most);
        break;
      }
      printf("  %-44s %-10s %s\n", m["signature"].get<std::string>().c_str(),
             m["class"].get<std::string>().c_str(), m["why"].get<std::string>().c_str());
      if (!m.contains("captures")) continue;
      for (const auto& [name, value] : m["captures"].items())
        printf("    %s = %s\n", name.c_str(), value.get<std::string>().c_str());
    }
  };
  list("matches", e["matches"], 100);
  list("nearly", e["near"], 3);
}

}  // namespace

int RunExplain(const ExplainFlags& flags) {
  const absl::StatusOr<ParseOptions> parse = ToParseOptions(flags.input);
  if (!parse.ok()) {
    PrintError(std::string(parse.status().message()));
    return kExitUsage;
  }
  const absl::StatusOr<Engine> engine = BuildEngine(flags.knowledge);
  if (!engine.ok()) {
    PrintError(std::string(engine.status().message()));
    return ExitCodeFor(engine.status());
  }
  std::vector<Subject1> subjects;
  Subject1 one;
  if (flags.what == "-") {
    const std::string text((std::istreambuf_iterator<char>(std::cin)), {});
    size_t begin = 0;
    while (begin < text.size()) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      if (end > begin) {
        one.block = text.substr(0, end);
        one.line_begin = begin;
        one.line_end = end;
        subjects.push_back(one);
      }
      begin = end + 1;
    }
  } else {
    const Place place = FromFile(flags.what, &one);
    if (place == Place::kError) return kExitUsage;
    if (place == Place::kLine) {
      one.block = flags.what;
      one.line_end = one.block.size();
    }
    subjects.push_back(one);
  }
  for (const Subject1& subject : subjects) {
    const Json explained = Explain(*engine, subject, *parse);
    if (flags.format == "json")
      printf("%s\n", explained.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
    else
      PrintText(explained);
  }
  return kExitFine;
}

}  // namespace culprit
