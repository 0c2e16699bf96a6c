#include "engine/ingest/forward/streams.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"
#include "engine/ingest/forward/message.h"

namespace culprit {
namespace {

// Of "<dir>.<rest>" where the tag holds `directory` with dots for slashes.
bool PathBehind(std::string_view tag, std::string_view directory, std::string* path) {
  std::string dotted(directory);
  std::replace(dotted.begin(), dotted.end(), '/', '.');
  const size_t at = tag.find(dotted.substr(1));
  if (at == std::string_view::npos || (at > 0 && tag[at - 1] != '.')) return false;
  *path = std::string(directory) + std::string(tag.substr(at + dotted.size() - 1));
  return true;
}

}  // namespace

std::string PathOfTag(std::string_view tag) {
  std::string path;
  // Names of container files hold dots of their own; the directories of pods do not.
  if (PathBehind(tag, "/var/log/containers/", &path)) return path;
  if (PathBehind(tag, "/var/log/pods/", &path)) {
    // /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log
    const size_t log = path.rfind(".log");
    const size_t number = log == std::string::npos || log == 0 ? log : path.rfind('.', log - 1);
    const size_t container =
        number == std::string::npos || number == 0 ? number : path.rfind('.', number - 1);
    if (container != std::string::npos) path[container] = path[number] = '/';
    return path;
  }
  path = tag;
  std::replace(path.begin(), path.end(), '.', '/');
  return path;
}

StreamLook LookOf(std::string_view source, std::string_view tag, std::string_view host) {
  const std::string shown = ToValidUtf8(tag, kMaxTagBytes);
  return {.name = absl::StrCat(ToAbsl(host), " ", shown),
          .display = absl::StrCat(ToAbsl(source), ":", shown, "@", ToAbsl(host)),
          .path = PathOfTag(shown)};
}

}  // namespace culprit
