#include "sinks/stdout/stdout_sink.h"

#include <unistd.h>

#include <cerrno>

#include "sinks/common/message.h"
#include "sinks/common/outcome.h"
#include "sinks/common/plain_text.h"

namespace culprit {
namespace {

class StdoutSink : public Sink {
 public:
  explicit StdoutSink(const StdoutSinkConfig& config) : config_(config) {}
  std::string_view type() const override { return "stdout"; }

  std::string Preview(const Notification& n) const override {
    return config_.format == "jsonl" ? NotificationJson(n) : PlainText(n, config_.text);
  }

  DeliveryResult Deliver(const Notification& n) override {
    const std::string text = Preview(n) + "\n";
    for (size_t done = 0; done < text.size();) {
      const ssize_t wrote = write(STDOUT_FILENO, text.data() + done, text.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0 && (errno == EPIPE || errno == EBADF))
        return Rejected("closed", "nobody reads standard output");
      if (wrote <= 0) return RetryLater("disk", "standard output takes nothing now");
      done += static_cast<size_t>(wrote);
    }
    return Delivered("", "written to standard output");
  }

 private:
  const StdoutSinkConfig config_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeStdoutSink(const StdoutSinkConfig& config) {
  if (config.format != "text" && config.format != "jsonl")
    return absl::InvalidArgumentError("stdout: 'format' must be text or jsonl");
  return std::make_unique<StdoutSink>(config);
}

}  // namespace culprit
