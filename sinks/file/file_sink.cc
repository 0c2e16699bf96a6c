#include "sinks/file/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "sinks/common/message.h"
#include "sinks/common/outcome.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLookedBackBytes = 1 << 20;

class FileSink : public Sink {
 public:
  explicit FileSink(const FileSinkConfig& config) : config_(config) {}
  ~FileSink() override { Close(); }
  std::string_view type() const override { return "file"; }

  std::string Preview(const Notification& n) const override {
    if (config_.line.empty()) return NotificationJson(n);
    return OneLine(FillJsonTemplate(config_.line, n));
  }

  DeliveryResult Deliver(const Notification& n) override {
    const std::string line = Preview(n) + "\n";
    if (n.maybe_sent && (Holds(config_.path, line) || Holds(config_.path + ".1", line)))
      return Delivered("", "the line is there");
    if (!Open()) return Failed("open");
    // Somebody else may have moved it away.
    struct stat here {};
    struct stat there {};
    if (fstat(file_, &here) != 0) return Failed("look at");
    if (stat(config_.path.c_str(), &there) != 0 || here.st_ino != there.st_ino ||
        here.st_dev != there.st_dev) {
      Close();
      if (!Open() || fstat(file_, &here) != 0) return Failed("open");
    }
    const auto size = static_cast<uint64_t>(here.st_size);
    if (size > 0 && size + line.size() > config_.max_bytes) {
      if (const std::error_code error = Rotate(); error)
        return RetryLater("disk",
                          absl::StrCat("cannot rotate ", config_.path, ": ", error.message()));
      if (!Open() || fstat(file_, &here) != 0) return Failed("open");
    }
    return Append(line, here.st_size);
  }

 private:
  bool Open() {
    if (file_ < 0)
      file_ = open(config_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    return file_ >= 0;
  }
  void Close() {
    if (file_ >= 0) close(file_);
    file_ = -1;
  }

  // Near its end.
  static bool Holds(const std::string& path, const std::string& line) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) return false;
    const auto looked_at = static_cast<std::streamoff>(kLookedBackBytes + line.size());
    const std::streamoff from = std::max<std::streamoff>(0, std::streamoff(in.tellg()) - looked_at);
    in.seekg(from);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    return (from == 0 && text.compare(0, line.size(), line) == 0) ||
           text.find("\n" + line) != std::string::npos;
  }

  // All of the line or nothing of it: half a line would be glued to the next one.
  DeliveryResult Append(const std::string& line, off_t size_before) {
    size_t done = 0;
    while (done < line.size()) {
      const ssize_t n = write(file_, line.data() + done, line.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        const int error = errno;
        if (done > 0 && ftruncate(file_, size_before) != 0) Close();
        errno = error;
        return Failed("write");
      }
      done += static_cast<size_t>(n);
    }
    if (config_.sync && fdatasync(file_) != 0) return Failed("sync");
    return Delivered("", absl::StrCat(line.size(), " bytes in ", config_.path));
  }

  std::error_code Rotate() {
    Close();
    std::error_code error;
    const auto numbered = [&](int n) { return absl::StrCat(config_.path, ".", n); };
    if (config_.keep == 0) {
      fs::remove(config_.path, error);
      return error;
    }
    for (int n = config_.keep - 1; n >= 1; --n)
      if (fs::exists(numbered(n), error)) {
        fs::rename(numbered(n), numbered(n + 1), error);
        if (error) return error;
      }
    fs::rename(config_.path, numbered(1), error);
    return error;
  }

  DeliveryResult Failed(const char* what) {
    const int error = errno;
    Close();
    return RetryLater("disk",
                      absl::StrCat("cannot ", what, " ", config_.path, ": ",
                                   std::error_code(error, std::generic_category()).message()));
  }

  const FileSinkConfig config_;
  int file_ = -1;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeFileSink(const FileSinkConfig& config) {
  if (config.path.empty()) return absl::InvalidArgumentError("file: 'path' is required");
  return std::make_unique<FileSink>(config);
}

}  // namespace culprit
