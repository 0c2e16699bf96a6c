// What a tail source is told. The configuration file's keys are the names of these fields.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/live.h"
#include "engine/core/time.h"

namespace culprit {

struct TailConfig {
  enum class StartAt : uint8_t { kBeginning, kEnd };
  enum class Watch : uint8_t { kInotify, kPoll };

  std::string name = "tail";  // of the source: in positions, metrics, dead letters

  // Paths, directories and globs; at least one. As in `culprit replay`: `*`, `?`, `[...]` within
  // one name, `**` for any number of directories, a directory means everything below it. Links are
  // followed. What matches nothing yet is waited for.
  std::vector<std::string> include;
  // Globs of what is left out. Without a slash: compared with the file's name; with one: with the
  // whole path as matched, and `*` then spans directories too. Default: nothing.
  std::vector<std::string> exclude;

  // Where to begin in files that are there when the source runs for the very first time (no
  // position of it is stored). Files that appear later are always read from their beginning.
  // Default: beginning, because an incident is explained by what led to it and nothing may be
  // missing; so do Vector, Promtail and Filebeat. `end` is what Fluent Bit and fluentd do.
  StartAt start_at = StartAt::kBeginning;
  // Files last written longer ago than this when they are first seen are followed from their end.
  // 0, the default: no file is too old.
  DurationUs ignore_older = 0;

  // How often the globs are evaluated again, besides when inotify reports a change. Default 5 s.
  DurationUs rescan_interval = 5 * kSecondUs;
  // inotify (default), or poll. Directories on network file systems, and those beyond the kernel's
  // limit of watches, are polled in either case.
  Watch watch = Watch::kInotify;
  // How often polled files are looked at. Default 1 s.
  DurationUs poll_interval = kSecondUs;
  // How long small writes are gathered into one batch; the delay that a line has at most. 50 ms.
  DurationUs batch_wait = 50'000;

  // How long a file that was renamed out of the globs, deleted or truncated is still looked after
  // once nothing comes from it: for writers that keep the old descriptor, and to find where
  // rotation put what was not read yet. Its disk space stays in use that long. Default 30 s.
  DurationUs rotate_wait = 30 * kSecondUs;
  // A last line without newline is held until its newline comes; in a file that was rotated it is
  // taken as it is after this time without growth. Default 5 s.
  DurationUs partial_line_wait = 5 * kSecondUs;
  // Nothing for this long: the source's state is "quiet". 0: never. Default 10 min.
  DurationUs quiet_after = 10 * kMinuteUs;

  // Longer lines are cut, and counted as line_truncated. At most 1 MiB less one byte, the default.
  size_t max_line_bytes = 4 * kLiveBatchBytes - 1;
  // Descriptors held open at a time; the least recently read file is closed first and opened again
  // when it grows. A file that is deleted while it is closed and not read to its end is lost, so
  // more is better. Default 4096; never more than half of the process's limit (ulimit -n).
  size_t max_open_files = 4096;
};

}  // namespace culprit
