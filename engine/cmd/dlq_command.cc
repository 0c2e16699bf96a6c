// culprit dlq: what a live run could not use, kept with its position and raw bytes.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/cmd/commands.h"
#include "engine/state/sqlite_store.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kPage = 16;  // letters in memory at once; one may be a MiB
constexpr size_t kShownBytes = 4096;

// Text without control characters; what is not UTF-8 shows as U+FFFD.
std::string Printable(std::string_view bytes, size_t most) {
  std::string out;
  for (const char c : ToValidUtf8(bytes, most)) {
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      absl::StrAppend(&out, "\\x", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
    else
      out.push_back(c);
  }
  return out;
}

// The letters that the flags choose, ascending by id. Stops at the first error.
absl::Status ForEach(LiveStore* store, const DlqFlags& flags, bool replayed,
                     const std::function<absl::Status(const StoredLetter&)>& use) {
  if (!flags.ids.empty()) {
    for (const int64_t id : flags.ids) {
      CULPRIT_ASSIGN_OR_RETURN(const std::optional<StoredLetter> letter, store->FindDeadLetter(id));
      if (!letter.has_value())
        return absl::NotFoundError(
            absl::StrCat("no dead letter ", id, "; see: culprit dlq list --state ", flags.state));
      CULPRIT_RETURN_IF_ERROR(use(*letter));
    }
    return absl::OkStatus();
  }
  LetterQuery query{flags.source, flags.reason, replayed, 0, kPage};
  for (;;) {
    CULPRIT_ASSIGN_OR_RETURN(const std::vector<StoredLetter> letters, store->DeadLetters(query));
    for (const StoredLetter& letter : letters) CULPRIT_RETURN_IF_ERROR(use(letter));
    if (letters.size() < kPage) return absl::OkStatus();
    query.after_id = letters.back().id;
  }
}

Json ToJson(const StoredLetter& stored, bool with_bytes) {
  const DeadLetter& letter = stored.letter;
  const auto text = [](const std::string& s) { return ToValidUtf8(s, s.size()); };
  Json out = {{"id", stored.id},
              {"time", FormatTime(stored.time)},
              {"source", text(letter.source)},
              {"stream", text(letter.stream)},
              {"position", text(letter.position)},
              {"reason", text(letter.reason)},
              {"detail", text(letter.detail)},
              {"size", letter.bytes.size()}};
  out["replayed"] = stored.replayed == kNoTime ? Json() : Json(FormatTime(stored.replayed));
  if (!with_bytes) return out;
  bool changed = false;
  const std::string shown = ToValidUtf8(letter.bytes, letter.bytes.size(), &changed);
  if (changed)
    out["base64"] = absl::Base64Escape(letter.bytes);
  else
    out["text"] = shown;
  return out;
}

absl::Status List(LiveStore* store, const DlqFlags& flags) {
  Json list = Json::array();
  size_t shown = 0;
  bool more = false;
  const absl::Status status =
      ForEach(store, flags, !flags.pending, [&](const StoredLetter& stored) {
        if (shown == flags.limit) {
          more = true;
          return absl::CancelledError();
        }
        ++shown;
        if (flags.format == "json") {
          list.push_back(ToJson(stored, false));
          return absl::OkStatus();
        }
        const DeadLetter& letter = stored.letter;
        if (shown == 1)
          printf("%6s  %-24s  %-12s  %-20s  %8s  %s\n", "ID", "TIME", "SOURCE", "REASON", "BYTES",
                 "WHERE");
        printf("%6lld  %-24s  %-12s  %-20s  %8zu  %s %s%s\n", static_cast<long long>(stored.id),
               FormatTime(stored.time).c_str(), Printable(letter.source, 60).c_str(),
               Printable(letter.reason, 60).c_str(), letter.bytes.size(),
               Printable(letter.stream, 200).c_str(), Printable(letter.position, 80).c_str(),
               stored.replayed == kNoTime ? "" : "  (replayed)");
        return absl::OkStatus();
      });
  if (!more) CULPRIT_RETURN_IF_ERROR(status);
  CULPRIT_ASSIGN_OR_RETURN(const StoreTotals totals, store->Totals());
  if (flags.format == "json") {
    printf("%s\n", Json{{"letters", list},
                        {"more", more},
                        {"total", totals.dead_letters},
                        {"evicted", totals.dead_letters_evicted}}
                       .dump(2)
                       .c_str());
    return absl::OkStatus();
  }
  if (shown == 0) printf("No dead letters%s.\n", flags.pending ? " that were not replayed" : "");
  if (more) printf("... there are more: --limit\n");
  if (totals.dead_letters_evicted > 0)
    printf("%llu older ones went out by the bounds of size and age.\n",
           static_cast<unsigned long long>(totals.dead_letters_evicted));
  return absl::OkStatus();
}

absl::Status Show(LiveStore* store, const DlqFlags& flags) {
  Json list = Json::array();
  CULPRIT_RETURN_IF_ERROR(ForEach(store, flags, true, [&](const StoredLetter& stored) {
    if (flags.format == "json") {
      list.push_back(ToJson(stored, true));
      return absl::OkStatus();
    }
    const DeadLetter& letter = stored.letter;
    const std::pair<const char*, std::string> rows[] = {
        {"time", FormatTime(stored.time)},
        {"source", Printable(letter.source, 200)},
        {"stream", Printable(letter.stream, 1000)},
        {"position", Printable(letter.position, 200)},
        {"reason", Printable(letter.reason, 200)},
        {"detail", Printable(letter.detail, 2000)},
        {"replayed", stored.replayed == kNoTime ? "never" : FormatTime(stored.replayed)}};
    printf("dead letter %lld\n", static_cast<long long>(stored.id));
    for (const auto& [name, value] : rows) printf("  %-9s %s\n", name, value.c_str());
    printf("  %-9s %zu%s\n  %s\n", "bytes", letter.bytes.size(),
           letter.bytes.size() > kShownBytes ? " (the first 4096 are shown)" : "",
           Printable(letter.bytes, kShownBytes).c_str());
    return absl::OkStatus();
  }));
  if (flags.format == "json") printf("%s\n", list.dump(2).c_str());
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Marked only when all of it was written: cut half-way, it is given out once more.
absl::Status ReplayLetters(LiveStore* store, const DlqFlags& flags) {
  const bool to_file = !flags.output.empty() && flags.output != "-";
  const std::string name = to_file ? flags.output : "standard output";
  const int fd = to_file
                     ? open(flags.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                     : STDOUT_FILENO;
  if (fd < 0) return absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
  std::vector<int64_t> written;
  absl::Status status = ForEach(store, flags, flags.again, [&](const StoredLetter& stored) {
    std::string line = stored.letter.bytes;
    if (line.empty() || line.back() != '\n') line.push_back('\n');
    written.push_back(stored.id);
    return WriteAll(fd, line, name);
  });
  if (status.ok() && to_file && fsync(fd) != 0)
    status = absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
  if (to_file) close(fd);
  CULPRIT_RETURN_IF_ERROR(status);
  CULPRIT_ASSIGN_OR_RETURN(const int64_t marked,
                           store->MarkReplayed(written, absl::ToUnixMicros(absl::Now())));
  fprintf(stderr, "culprit: %lld dead letters written to %s\n", static_cast<long long>(marked),
          name.c_str());
  return absl::OkStatus();
}

absl::Status Drop(LiveStore* store, const DlqFlags& flags) {
  std::vector<int64_t> ids;
  CULPRIT_RETURN_IF_ERROR(ForEach(store, flags, true, [&](const StoredLetter& stored) {
    ids.push_back(stored.id);
    return absl::OkStatus();
  }));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t dropped, store->DropDeadLetters(ids));
  fprintf(stderr, "culprit: %lld dead letters dropped\n", static_cast<long long>(dropped));
  return absl::OkStatus();
}

}  // namespace

int RunDlq(const DlqFlags& flags) {
  const bool chosen = !flags.ids.empty() || !flags.source.empty() || !flags.reason.empty();
  if (flags.action == "show" && flags.ids.empty()) {
    PrintError("name the letters to show: culprit dlq show ID...; culprit dlq list has them");
    return kExitUsage;
  }
  if (flags.action == "drop" && !chosen && !flags.all) {
    PrintError("say which letters to drop: ids, --source, --reason, or --all");
    return kExitUsage;
  }
  StoreOptions options;
  options.directory = flags.state;
  options.mode =
      flags.action == "list" || flags.action == "show" ? StoreMode::kRead : StoreMode::kEdit;
  absl::StatusOr<std::unique_ptr<LiveStore>> store = OpenSqliteStore(options, nullptr);
  const absl::Status status = !store.ok()                ? store.status()
                              : flags.action == "list"   ? List(store->get(), flags)
                              : flags.action == "show"   ? Show(store->get(), flags)
                              : flags.action == "replay" ? ReplayLetters(store->get(), flags)
                                                         : Drop(store->get(), flags);
  if (status.ok()) return kExitFine;
  PrintError(std::string(status.message()));
  return kExitFinding;
}

}  // namespace culprit
