#include "sinks/exec/exec_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "sinks/common/message.h"
#include "sinks/common/outcome.h"

extern char** environ;

namespace culprit {
namespace {

constexpr size_t kKeptOutputBytes = 4096;
constexpr size_t kShownOutputBytes = 300;

// Closes itself; moved from: empty.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  void Set(int fd) {
    Close();
    fd_ = fd;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// A command that runs, as leader of its own process group, which dies with this object.
struct Child {
  ~Child() {
    if (pid < 0) return;
    kill(-pid, SIGKILL);
    if (!reaped) waitpid(pid, nullptr, 0);
  }
  pid_t pid = -1;
  bool reaped = false;
  Fd input;   // a socket: writing to one that was closed makes an error, not a signal
  Fd output;  // standard output and error
  Fd exited;  // readable when it is over
};

int Spawn(const std::vector<std::string>& command, const std::vector<std::string>& variables,
          Child* child) {
  int in[2];
  int out[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, in) != 0) return errno;
  child->input.Set(in[1]);
  const Fd child_in(in[0]);
  if (pipe2(out, O_CLOEXEC) != 0) return errno;
  child->output.Set(out[0]);
  const Fd child_out(out[1]);
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  fcntl(in[0], F_SETFL, 0);  // the command reads as from any pipe

  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> env;
  for (char** one = environ; *one != nullptr; ++one) env.push_back(*one);
  for (const std::string& one : variables) env.push_back(const_cast<char*>(one.c_str()));
  env.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_in.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_out.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error =
      posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv.data(), env.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    child->pid = -1;
    return error;
  }
  // glibc 2.36 declares pidfd_open() for C alone.
  child->exited.Set(static_cast<int>(syscall(SYS_pidfd_open, child->pid, 0)));
  return child->exited.get() < 0 ? errno : 0;
}

class ExecSink : public Sink {
 public:
  explicit ExecSink(const ExecSinkConfig& config) : config_(config) {}
  std::string_view type() const override { return "exec"; }
  std::string Preview(const Notification& n) const override { return NotificationJson(n); }

  DeliveryResult Deliver(const Notification& n) override {
    Child child;
    const int error = Spawn(config_.command,
                            {absl::StrCat("CULPRIT_EVENT=", std::string(NotifyEventName(n.event))),
                             "CULPRIT_INCIDENT=" + n.incident.id, "CULPRIT_NOTIFICATION=" + n.id},
                            &child);
    const std::string& program = config_.command[0];
    if (error == ENOENT || error == EACCES || error == ENOEXEC)
      return Rejected("not_found", absl::StrCat("cannot run ", program, ": ",
                                                std::generic_category().message(error)));
    if (error != 0)
      return RetryLater("other", absl::StrCat("cannot start ", program, ": ",
                                              std::generic_category().message(error)));
    std::string said;
    if (!Talk(NotificationJson(n) + "\n", &child, &said))
      return RetryLater("timeout", absl::StrCat(program, " did not end in time and was killed"));
    int status = 0;
    waitpid(child.pid, &status, 0);
    child.reaped = true;
    return OutcomeOf(status, SecretFilter().Clean(said, kShownOutputBytes));
  }

 private:
  // Feeds the input and keeps the end of the output until the command is over; false: it took too
  // long. Who stays behind in the background is not waited for.
  bool Talk(const std::string& input, Child* child, std::string* said) const {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::microseconds(config_.timeout);
    size_t sent = 0;
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return false;
      std::array<pollfd, 3> wait = {pollfd{child->exited.get(), POLLIN, 0},
                                    pollfd{child->output.get(), POLLIN, 0},
                                    pollfd{child->input.get(), POLLOUT, 0}};
      poll(wait.data(), wait.size(), static_cast<int>(left));
      if (wait[2].revents != 0) {
        const ssize_t n = send(child->input.get(), input.data() + sent, input.size() - sent,
                               MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) sent += static_cast<size_t>(n);
        // All said, or it does not listen; its exit code tells what that means.
        if (sent == input.size() || (n < 0 && errno != EAGAIN && errno != EINTR))
          child->input.Close();
      }
      if (wait[1].revents != 0 && !Read(child->output.get(), said)) child->output.Close();
      if (wait[0].revents != 0) {
        if (child->output.get() >= 0) Read(child->output.get(), said);
        return true;
      }
    }
  }

  // False: end of the output.
  static bool Read(int fd, std::string* said) {
    std::array<char, 4096> buffer{};
    ssize_t n = 0;
    while ((n = read(fd, buffer.data(), buffer.size())) > 0) {
      said->append(buffer.data(), static_cast<size_t>(n));
      if (said->size() > kKeptOutputBytes) said->erase(0, said->size() - kKeptOutputBytes);
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
  }

  DeliveryResult OutcomeOf(int status, const std::string& said) const {
    const std::string& program = config_.command[0];
    const std::string words = said.empty() ? "" : ": " + said;
    if (WIFSIGNALED(status))
      return RetryLater("other",
                        absl::StrCat(program, " was ended by signal ", WTERMSIG(status), words));
    const int code = WEXITSTATUS(status);
    if (code == 0) return Delivered("", said);
    const std::string error = absl::StrCat(program, " ended with code ", code, words);
    if (code == 126 || code == 127) return Rejected("not_found", error);
    if (code == 65 || code == 77 || code == 78) return Rejected("client_error", error);
    return RetryLater("other", error);
  }

  const ExecSinkConfig config_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeExecSink(const ExecSinkConfig& config) {
  if (config.command.empty() || config.command[0].empty())
    return absl::InvalidArgumentError("exec: 'command' is required: [program, argument]");
  return std::make_unique<ExecSink>(config);
}

}  // namespace culprit
