#include "engine/parse/path_service.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/parse/text.h"

namespace culprit {
namespace {

std::string Lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = IsUpper(c) ? static_cast<char>(c + 32) : c;
  return out;
}

// Longer than `least` and nothing but hex digits.
bool IsHash(std::string_view s, size_t least) {
  return s.size() >= least && std::all_of(s.begin(), s.end(), IsHex);
}

bool IsUuid(std::string_view s) {
  return s.size() >= 32 &&
         std::all_of(s.begin(), s.end(), [](char c) { return IsHex(c) || c == '-'; });
}

// Digits and separators only: a date, a number, a version.
bool IsNumberish(std::string_view s) {
  return std::any_of(s.begin(), s.end(), IsDigit) && std::all_of(s.begin(), s.end(), [](char c) {
           return IsDigit(c) || c == '-' || c == '_' || c == '.' || c == ':' || c == 'T' ||
                  c == 'Z';
         });
}

bool IsGenericDirectory(std::string_view name) {
  static constexpr std::string_view kGeneric[] = {
      "",         ".",        "..",        "log",     "logs",  "var",     "current",    "archive",
      "archives", "archived", "data",      "tmp",     "temp",  "service", "services",   "output",
      "outputs",  "home",     "root",      "opt",     "usr",   "srv",     "mnt",        "media",
      "lib",      "old",      "backup",    "backups", "run",   "pods",    "containers", "docker",
      "journal",  "shared",   "files",     "file",    "input", "inputs",  "work",       "volume",
      "volumes",  "storage",  "etc",       "www",     "html",  "local",   "share",      "app",
      "apps",     "today",    "yesterday", "new",     "raw",   "all"};
  const std::string low = Lower(name);
  if (std::find(std::begin(kGeneric), std::end(kGeneric), low) != std::end(kGeneric)) return true;
  return IsNumberish(name) || IsHash(name, 8) || IsUuid(name);
}

bool IsGenericStem(std::string_view stem) {
  static constexpr std::string_view kGeneric[] = {
      "",          "stdout",      "stderr",  "error",
      "errors",    "error_log",   "access",  "access_log",
      "server",    "messages",    "syslog",  "all",
      "out",       "output",      "log",     "logs",
      "app",       "application", "main",    "console",
      "current",   "daemon",      "debug",   "info",
      "warn",      "warning",     "service", "default",
      "combined",  "system",      "general", "slow",
      "audit",     "trace",       "events",  "std",
      "container", "catalina",    "gc",      "fatal",
      "json",      "exceptions",  "latest",  "other_vhosts_access"};
  const std::string low = Lower(stem);
  if (std::find(std::begin(kGeneric), std::end(kGeneric), low) != std::end(kGeneric)) return true;
  return IsNumberish(stem) || IsHash(stem, 12) || IsUuid(stem);
}

bool IsLogRoot(std::string_view name) { return name == "log" || name == "logs"; }

// Letters and digits of Kubernetes' random names (and hex for old hashes).
bool IsKubeHash(std::string_view s, size_t least, size_t most) {
  if (s.size() < least || s.size() > most) return false;
  bool digit = false;
  for (char c : s) {
    if (!IsLower(c) && !IsDigit(c)) return false;
    if (c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u') {
      if (least < 8 || (c != 'a' && c != 'e')) return false;
    }
    digit = digit || IsDigit(c);
  }
  return digit;
}

// Five safe characters need not hold a digit: "bcdfg".
bool IsPodSuffix(std::string_view s) {
  static constexpr std::string_view kSafe = "bcdfghjklmnpqrstvwxz2456789";
  if (s.size() != 5) return false;
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return kSafe.find(c) != std::string_view::npos || IsDigit(c); });
}

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t i = 0; i <= path.size(); ++i) {
    if (i == path.size() || path[i] == '/' || path[i] == '\\') {
      if (i > begin) parts.push_back(path.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  return parts;
}

std::string_view PathOf(const StreamInfo& info) {
  return info.member.empty() ? std::string_view(info.path) : std::string_view(info.member);
}

std::string Quoted(std::string_view s) { return "'" + std::string(s) + "'"; }

// Removes a date or time suffix such as "-2026-11-21", ".2026-11-21-06", "_20261121",
// "-1479900000".
bool StripDate(std::string_view* s) {
  size_t i = s->size();
  size_t digits = 0;
  while (i > 0 &&
         (IsDigit((*s)[i - 1]) || (*s)[i - 1] == '-' || (*s)[i - 1] == '_' || (*s)[i - 1] == '.' ||
          (*s)[i - 1] == ':' || (*s)[i - 1] == 'T' || (*s)[i - 1] == 'Z')) {
    digits += IsDigit((*s)[i - 1]);
    --i;
  }
  if (digits < 6) return false;
  // Keep what belongs to the name: the separator must be there, and a year or an epoch behind it.
  while (i < s->size() && IsDigit((*s)[i])) ++i;
  if (i >= s->size()) return i == 0;
  const std::string_view tail = s->substr(i);
  size_t first = 0;
  while (first < tail.size() && !IsDigit(tail[first])) ++first;
  const std::string_view number = tail.substr(first);
  const bool year = number.starts_with("19") || number.starts_with("20");
  if (!year && !(AllDigits(number) && number.size() >= 9)) return false;
  *s = s->substr(0, i);
  return true;
}

bool StripSuffix(std::string_view* s, std::string_view suffix) {
  if (s->size() <= suffix.size() || !Lower(*s).ends_with(suffix)) return false;
  s->remove_suffix(suffix.size());
  return true;
}

bool StripOrdinal(std::string_view* s, bool dot_only) {
  size_t i = s->size();
  while (i > 0 && IsDigit((*s)[i - 1])) --i;
  if (i == s->size() || i < 2 || s->size() - i > 3) return false;
  const char c = (*s)[i - 1];
  if (c != '.' && (dot_only || (c != '-' && c != '_'))) return false;
  *s = s->substr(0, i - 1);
  return true;
}

// The file's name without extensions and rotation marks, ordinals of instances kept.
std::string_view FileBase(std::string_view s) {
  for (bool changed = true; changed && !s.empty();) {
    changed = false;
    for (std::string_view suffix :
         {".gz",      ".zst",    ".xz",   ".bz2",    ".lz4",    ".log", ".txt",
          ".jsonl",   ".ndjson", ".json", ".out",    ".err",    ".old", ".bak",
          ".current", ".csv",    "-json", ".stdout", ".stderr", ".part"}) {
      changed = StripSuffix(&s, suffix) || changed;
    }
    changed = StripOrdinal(&s, /*dot_only=*/true) || changed;
    changed = StripDate(&s) || changed;
  }
  return s;
}

PathService FromKubernetes(const std::vector<std::string_view>& parts) {
  PathService out;
  // .../<namespace>_<pod>_<uid>/<container>/0.log
  for (size_t i = 0; i + 2 < parts.size(); ++i) {
    const std::string_view dir = parts[i];
    const size_t a = dir.find('_');
    const size_t b = dir.rfind('_');
    if (a == std::string_view::npos || a == b || !IsUuid(dir.substr(b + 1))) continue;
    const std::string_view pod = dir.substr(a + 1, b - a - 1);
    const std::string_view container = parts[i + 1];
    out.service = DeploymentOfPod(pod);
    if (out.service.empty()) out.service = container;
    out.instance = pod;
    if (container != out.service) out.instance += "/" + std::string(container);
    out.rule = "the Kubernetes pod directory " + Quoted(dir);
    return out;
  }
  // <pod>_<namespace>_<container>-<64 hex>.log
  const std::string_view base = FileBase(parts.back());
  const size_t a = base.find('_');
  const size_t b = base.rfind('_');
  const size_t dash = base.rfind('-');
  if (a != std::string_view::npos && b > a && dash != std::string_view::npos && dash > b &&
      IsHash(base.substr(dash + 1), 32)) {
    const std::string_view pod = base.substr(0, a);
    const std::string_view container = base.substr(b + 1, dash - b - 1);
    out.service = DeploymentOfPod(pod);
    if (out.service.empty()) out.service = container;
    out.instance = pod;
    if (container != out.service) out.instance += "/" + std::string(container);
    out.rule = "the Kubernetes container file name";
  }
  return out;
}

PathService FromDocker(const std::vector<std::string_view>& parts) {
  PathService out;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i].size() == 64 && IsHash(parts[i], 64)) {
      out.service = parts[i].substr(0, 12);
      out.instance = out.service;
      out.rule = "the Docker container directory";
      return out;
    }
  }
  return out;
}

}  // namespace

std::string_view DeploymentOfPod(std::string_view pod) {
  const size_t last = pod.rfind('-');
  if (last == std::string_view::npos || last == 0) return {};
  const std::string_view suffix = pod.substr(last + 1);
  if (suffix.size() <= 3 && AllDigits(suffix)) return pod.substr(0, last);
  if (!IsPodSuffix(suffix)) return {};
  const std::string_view rest = pod.substr(0, last);
  const size_t middle = rest.rfind('-');
  if (middle != std::string_view::npos && middle > 0 &&
      IsKubeHash(rest.substr(middle + 1), 8, 10)) {
    return rest.substr(0, middle);
  }
  if (std::any_of(suffix.begin(), suffix.end(), IsDigit)) return rest;
  return {};
}

std::string FileStem(std::string_view file_name) {
  std::string_view s = FileBase(file_name);
  if (std::string_view deployment = DeploymentOfPod(s); !deployment.empty()) {
    return std::string(deployment);
  }
  StripOrdinal(&s, /*dot_only=*/false);
  return std::string(s);
}

PathService ServiceFromDirectory(const StreamInfo& info) {
  PathService out;
  const std::vector<std::string_view> parts = Split(PathOf(info));
  if (parts.empty()) return out;
  out.instance = FileBase(parts.back());
  for (size_t i = parts.size() - 1; i-- > 0;) {
    if (IsGenericDirectory(parts[i])) continue;
    out.service = parts[i];
    out.rule = "the directory " + Quoted(parts[i]);
    return out;
  }
  return out;
}

PathService ServiceFromFile(const StreamInfo& info) {
  PathService out;
  const std::vector<std::string_view> parts = Split(PathOf(info));
  if (parts.empty()) return out;
  out.service = FileStem(parts.back());
  out.instance = FileBase(parts.back());
  out.rule = "the file name " + Quoted(parts.back());
  return out;
}

PathService ServiceFromPath(const StreamInfo& info) {
  const std::vector<std::string_view> parts = Split(PathOf(info));
  if (parts.empty()) return {};
  if (PathService kube = FromKubernetes(parts); !kube.service.empty()) return kube;
  if (PathService docker = FromDocker(parts); !docker.service.empty()) return docker;
  // logs/<service>/.../<file>: the nearest directory below the log directory.
  size_t root = parts.size();
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (IsLogRoot(Lower(parts[i]))) root = i;
  }
  if (root < parts.size()) {
    for (size_t i = parts.size() - 1; i-- > root + 1;) {
      if (IsGenericDirectory(parts[i])) continue;
      PathService out;
      out.service = parts[i];
      out.instance = FileBase(parts.back());
      out.rule = "the directory " + Quoted(parts[i]) + " under " + Quoted(parts[root]);
      return out;
    }
  }
  PathService file = ServiceFromFile(info);
  if (!IsGenericStem(file.service)) return file;
  if (PathService dir = ServiceFromDirectory(info); !dir.service.empty()) {
    dir.rule += " (the file name says nothing)";
    return dir;
  }
  return file;
}

}  // namespace culprit
