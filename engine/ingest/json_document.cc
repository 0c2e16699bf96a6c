// IsNonLogJsonDocument: tells case.json and topology.json from a log in JSON.
#include <algorithm>
#include <cstddef>

#include "engine/ingest/content.h"

namespace culprit {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Keys of log events (any case) and of exports that wrap them.
bool IsLogKey(std::string_view key) {
  constexpr std::string_view kKeys[] = {"message",     "msg",
                                        "log",         "event",
                                        "events",      "logevents",
                                        "records",     "logs",
                                        "entries",     "resourcelogs",
                                        "hits",        "results",
                                        "@timestamp",  "@message",
                                        "level",       "severity",
                                        "textpayload", "jsonpayload",
                                        "_source",     "searchresult",
                                        "messages",    "__realtime_timestamp",
                                        "timestamp"};
  return std::any_of(std::begin(kKeys), std::end(kKeys), [key](std::string_view k) {
    return k.size() == key.size() &&
           std::equal(k.begin(), k.end(), key.begin(),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  });
}

}  // namespace

bool IsNonLogJsonDocument(std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  size_t i = 0;
  while (i < text.size() && IsSpace(text[i])) ++i;
  if (i == text.size() || (text[i] != '{' && text[i] != '[')) return false;
  const bool array = text[i] == '[';
  // Keys that count stand at depth 1 of an object, or at depth 2 of an array's first element.
  const int key_depth = array ? 2 : 1;
  int depth = 0;
  bool first_element = true;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) break;
    } else if (c == ',' && depth == 1) {
      first_element = false;
    } else if (c == '"') {
      const size_t begin = ++i;
      while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
      if (i >= text.size()) return false;
      if (depth == key_depth && (!array || first_element)) {
        size_t colon = i + 1;
        while (colon < text.size() && IsSpace(text[colon])) ++colon;
        if (colon < text.size() && text[colon] == ':' && IsLogKey(text.substr(begin, i - begin))) {
          return false;
        }
      }
    }
  }
  if (i >= text.size()) return false;  // never closed
  for (++i; i < text.size(); ++i) {
    if (!IsSpace(text[i])) return false;
  }
  return true;
}

}  // namespace culprit
