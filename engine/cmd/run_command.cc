// culprit run: signals, systemd, log of its own; Daemon does the work.
#include <malloc.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "engine/cmd/commands.h"
#include "engine/cmd/daemon.h"
#include "engine/cmd/systemd.h"

namespace culprit {
namespace {

constexpr DurationUs kTickEvery = kSecondUs;

sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT}) sigaddset(&set, number);
  // All threads made later inherit it; the main thread waits for them.
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

void SetUpLog(const LogConfig& config) {
  auto logger = spdlog::stderr_color_mt("culprit");
  spdlog::set_default_logger(logger);
  if (config.format == "json") {
    spdlog::set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%v"})");
  } else {
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  }
  spdlog::set_level(spdlog::level::from_str(config.level));
}

int WaitForSignal(const sigset_t& set, DurationUs at_most) {
  const timespec wait{static_cast<time_t>(at_most / kSecondUs),
                      static_cast<long>(at_most % kSecondUs * 1000)};
  return sigtimedwait(&set, nullptr, &wait);
}

void Reload(Daemon* daemon) {
  NotifySystemd("RELOADING=1");
  if (const absl::Status status = daemon->Reload(); !status.ok())
    spdlog::error("reload refused, the old configuration goes on error={}",
                  std::string(status.message()));
  NotifySystemd("READY=1");
}

void ToggleDebug(const LogConfig& config) {
  const bool debug = spdlog::get_level() != spdlog::level::debug;
  spdlog::set_level(debug ? spdlog::level::debug : spdlog::level::from_str(config.level));
  spdlog::info("debug logging {}", debug ? "on" : "off");
}

void Dump(const Daemon& daemon) {
  const absl::StatusOr<std::string> path = daemon.Dump();
  if (path.ok()) {
    spdlog::info("state dumped file={}", *path);
  } else {
    spdlog::error("state not dumped error={}", std::string(path.status().message()));
  }
}

// A second signal ends it at once: everything that counts is committed.
void Drain(Daemon* daemon, const sigset_t& set, bool finish) {
  NotifySystemd("STOPPING=1");
  std::atomic<bool> done{false};
  std::thread impatient([&] {
    while (!done) {
      const int number = WaitForSignal(set, kSecondUs / 10);
      if (number == SIGTERM || number == SIGINT) {
        spdlog::warn("forced to end before all was committed");
        _exit(kExitFinding);
      }
      NotifySystemd("WATCHDOG=1");
    }
  });
  daemon->Stop(SteadyNow() + daemon->config().drain_timeout, finish);
  done = true;
  impatient.join();
}

}  // namespace

int RunLive(const RunFlags& flags) {
  // Checkpoints and batches are large and short-lived: what they took goes back to the system.
  mallopt(M_MMAP_THRESHOLD, 1 << 18);
  mallopt(M_TRIM_THRESHOLD, 1 << 18);
  absl::StatusOr<LiveConfig> config = LoadLiveConfig(flags.config, ProcessEnvironment());
  if (!config.ok()) {
    PrintError(std::string(config.status().message()));
    return kExitConfig;
  }
  if (!flags.format.empty()) config->stdout_format = flags.format;
  const sigset_t signals = BlockSignals();
  SetUpLog(config->log);
  Daemon daemon(*std::move(config));
  if (const absl::Status status = daemon.Start(); !status.ok()) {
    PrintError(std::string(status.message()));
    return ExitCodeFor(status);
  }
  spdlog::info("running state={} sources={} sinks={}", daemon.config().state.directory,
               daemon.config().sources.size(), daemon.config().sinks.size());
  NotifySystemd("READY=1");
  const DurationUs watchdog = WatchdogPeriod();
  const DurationUs wait = watchdog > 0 ? std::min(watchdog, kTickEvery) : kTickEvery;
  int64_t ticked = 0;
  bool ended = false;
  for (bool going = true; going && !ended;) {
    switch (WaitForSignal(signals, wait)) {
      case SIGHUP:
        Reload(&daemon);
        break;
      case SIGUSR1:
        ToggleDebug(daemon.config().log);
        break;
      case SIGUSR2:
        Dump(daemon);
        break;
      case SIGTERM:
      case SIGINT:
        going = false;
        break;
      default:
        break;
    }
    if (watchdog > 0) NotifySystemd("WATCHDOG=1");
    if (SteadyNow() - ticked >= kTickEvery) {
      daemon.Tick();
      ticked = SteadyNow();
    }
    ended = daemon.SourcesEnded();
    if (const absl::Status damage = daemon.damage(); !damage.ok()) {
      spdlog::error("the state is damaged; the next start sets it aside and goes on error={}",
                    std::string(damage.message()));
      daemon.Stop(SteadyNow(), /*finish=*/false);
      return kExitFinding;
    }
  }
  spdlog::info("stopping");
  Drain(&daemon, signals, ended);
  return kExitFine;
}

}  // namespace culprit
