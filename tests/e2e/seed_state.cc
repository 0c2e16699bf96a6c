// Makes a state directory with dead letters in it, as a live run would leave it: seed_state DIR.
#include <cstdio>
#include <string>

#include "engine/state/sqlite_store.h"

int main(int argc, char** argv) {
  using namespace culprit;
  if (argc != 2) return 2;
  StoreOptions options;
  options.directory = argv[1];
  options.dead_letter_bytes = 20'000;
  auto store = OpenSqliteStore(options, nullptr);
  if (!store.ok()) {
    fprintf(stderr, "%s\n", std::string(store.status().message()).c_str());
    return 1;
  }
  ScanCommit commit;
  commit.now = 1'795'243'865'123'000;  // 2026-11-21T06:51:05.123Z
  commit.dead_letters.push_back({"old", "", "", "too_big", "", std::string(30'000, 'x')});
  commit.dead_letters.push_back({"kafka-main", "kafka:logs[3]", "offset 4711", "bad_json",
                                 "expected an object, found a number", "4711"});
  commit.dead_letters.push_back({"fluent", "10.0.0.7:5140", "entry 3 of chunk Yw==", "bad_msgpack",
                                 "cut short", std::string("\x93\xa3tag\x00\xff\n", 8)});
  for (int i = 0; i < 30; ++i)
    commit.dead_letters.push_back({"web", "POST /logs", "record " + std::to_string(i), "bad_json",
                                   "", "{\"message\": \"line " + std::to_string(i) + "\"}\n"});
  return (*store)->Commit(commit).ok() ? 0 : 1;
}
