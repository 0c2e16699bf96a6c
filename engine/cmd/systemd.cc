#include "engine/cmd/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"

namespace culprit {

void NotifySystemd(std::string_view state) {
  const char* path = getenv("NOTIFY_SOCKET");
  sockaddr_un address{.sun_family = AF_UNIX};
  if (path == nullptr || (path[0] != '/' && path[0] != '@') ||
      strlen(path) >= sizeof(address.sun_path))
    return;
  memcpy(address.sun_path, path, strlen(path));
  if (path[0] == '@') address.sun_path[0] = '\0';  // abstract name
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + strlen(path)));
  close(fd);
}

DurationUs WatchdogPeriod() {
  const char* pid = getenv("WATCHDOG_PID");
  const char* period = getenv("WATCHDOG_USEC");
  int64_t number = 0;
  if (period == nullptr || !absl::SimpleAtoi(period, &number) || number <= 0) return 0;
  int64_t owner = 0;
  if (pid != nullptr && (!absl::SimpleAtoi(pid, &owner) || owner != getpid())) return 0;
  return number / 2;
}

}  // namespace culprit
