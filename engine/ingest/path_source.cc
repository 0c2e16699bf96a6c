#include "engine/ingest/path_source.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/ingest/archive/archive_reader.h"
#include "engine/ingest/archive/gunzip.h"
#include "engine/ingest/archive/unzstd.h"
#include "engine/ingest/content.h"
#include "engine/ingest/envelope.h"
#include "engine/ingest/file_input.h"
#include "engine/ingest/utf16.h"
#include "engine/ingest/walk.h"

namespace culprit {
namespace {

constexpr size_t kMaxJsonDocument = 1 << 20;

// Shared by a source and its units, which may outlive it.
class SkipList {
 public:
  // A file is looked at when the source is made and again when it is read: the first reason stays.
  void Add(SkippedInput skipped) {
    absl::MutexLock lock(&mutex_);
    std::string path = skipped.path;
    by_path_.emplace(std::move(path), std::move(skipped));
  }
  std::vector<SkippedInput> Sorted() const {
    absl::MutexLock lock(&mutex_);
    std::vector<SkippedInput> list;
    list.reserve(by_path_.size());
    for (const auto& [path, skipped] : by_path_) list.push_back(skipped);
    return list;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, SkippedInput> by_path_ ABSL_GUARDED_BY(mutex_);
};

bool EndsWith(std::string_view s, std::string_view suffix) {
  return s.size() >= suffix.size() && s.substr(s.size() - suffix.size()) == suffix;
}

// The reason why this stream is not for culprit; empty if it is, or if it must be unpacked to tell.
std::string SkipReason(PeekInput& input, const ContentInfo& content, const StreamInfo& info,
                       const IngestOptions& options) {
  if (content.content == Content::kBinary) {
    return absl::StrCat("binary file (",
                        absl::string_view(content.what.data(), content.what.size()), ")");
  }
  const std::string& name = info.member.empty() ? info.path : info.member;
  if (options.skip_json_documents && content.content == Content::kText && EndsWith(name, ".json") &&
      info.size_bytes < static_cast<int64_t>(kMaxJsonDocument)) {
    const std::string_view whole = input.Peek(kMaxJsonDocument);
    if (whole.size() < kMaxJsonDocument && IsNonLogJsonDocument(whole)) {
      return "one JSON document without log events";
    }
  }
  return "";
}

class InputStream : public ByteStream {
 public:
  // `envelope`: the same as `input`, or null.
  InputStream(StreamInfo info, ByteInput& input, const EnvelopeInput* envelope)
      : info_(std::move(info)), input_(&input), envelope_(envelope) {}
  const StreamInfo& info() const override { return info_; }
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    return input_->Read(buffer, size);
  }
  void AddCounts(Counters* counters) const override {
    if (envelope_ != nullptr) envelope_->AddCounts(counters);
  }

 private:
  StreamInfo info_;
  ByteInput* input_;
  const EnvelopeInput* envelope_;
};

// One pass over one input: unwraps what is wrapped and hands out the streams inside.
class Unwrapper {
 public:
  Unwrapper(const IngestOptions& options, SkipList& skipped,
            const std::function<absl::Status(ByteStream&)>& use)
      : options_(options), skipped_(skipped), use_(use) {}

  // False: stop (use_error). Damage is kept and does not stop what can still be read.
  bool Visit(ByteInput& raw, StreamInfo info, int depth) {
    PeekInput input(raw);
    const std::string_view head = input.Peek(PeekInput::kHead);
    if (head.empty() && !input.error().ok()) {
      Damage(input.error());
      return true;
    }
    const ContentInfo content = DetectContent(head);
    std::string reason = SkipReason(input, content, info, options_);
    const bool wrapped = content.content == Content::kGzip || content.content == Content::kZstd ||
                         content.content == Content::kCompressed ||
                         content.content == Content::kArchive;
    if (wrapped && depth >= options_.max_depth) {
      reason = absl::StrCat("packed more than ", options_.max_depth, " times");
    }
    const std::string what(content.what);
    if (content.needs_seek && !input.seekable()) {
      reason = absl::StrCat(what, " inside another archive or a pipe; unpack it first");
    }
    if (!reason.empty()) {
      skipped_.Add({info.DisplayName(), reason, content.content == Content::kBinary});
      return true;
    }
    switch (content.content) {
      case Content::kGzip: {
        info.size_bytes = -1;
        GunzipInput decoded(input, info.DisplayName());
        return Visit(decoded, std::move(info), depth + 1);
      }
      case Content::kZstd: {
        info.size_bytes = -1;
        UnzstdInput decoded(input, info.DisplayName(), UnzstdInput::kFileWindowLog);
        return Visit(decoded, std::move(info), depth + 1);
      }
      case Content::kCompressed: {
        info.size_bytes = -1;
        ArchiveReader decoded(input, ArchiveReader::Mode::kDecompress, info.DisplayName(), what);
        return Visit(decoded, std::move(info), depth + 1);
      }
      case Content::kArchive:
        return Members(input, info, what, depth);
      case Content::kUtf16: {
        info.size_bytes = -1;
        Utf16Input text(input);
        PeekInput decoded(text);
        return Use(decoded, std::move(info));
      }
      default:
        return Use(input, std::move(info));
    }
  }

  absl::Status Result() const {
    if (!use_error_.ok() || more_damage_ == 0) return use_error_.ok() ? damage_ : use_error_;
    return absl::Status(damage_.code(), absl::StrCat(damage_.message(), " (and ", more_damage_,
                                                     " more in the same input)"));
  }
  void Damage(const absl::Status& status) {
    if (damage_.ok()) {
      damage_ = status;
    } else {
      ++more_damage_;
    }
  }

 private:
  bool Use(PeekInput& input, StreamInfo info) {
    info.partition = place_++;
    if (LooksLikeEnvelope(input.Peek(PeekInput::kHead))) {
      info.size_bytes = -1;
      EnvelopeInput lines(input, info.DisplayName());
      InputStream stream(std::move(info), lines, &lines);
      use_error_ = use_(stream);
    } else {
      InputStream stream(std::move(info), input, nullptr);
      use_error_ = use_(stream);
    }
    return use_error_.ok();
  }

  bool Members(PeekInput& input, const StreamInfo& outer, const std::string& what, int depth) {
    ArchiveReader archive(input, ArchiveReader::Mode::kMembers, outer.DisplayName(), what);
    ArchiveReader::Member member;
    for (;;) {
      absl::StatusOr<bool> any = archive.Next(&member);
      if (!any.ok()) Damage(any.status());
      if (!any.ok() || !*any) return true;
      if (member.is_directory) continue;
      StreamInfo info = outer;
      std::string name = member.name;
      if (name.rfind("./", 0) == 0) name.erase(0, 2);
      info.member = outer.member.empty() ? name : absl::StrCat(outer.member, "!", name);
      info.size_bytes = member.size_bytes;
      if (member.modified != kNoTime) info.modified = member.modified;
      const std::string reason = MemberReason(name, member.is_file);
      if (!reason.empty()) {
        skipped_.Add({info.DisplayName(), reason});
      } else if (!Visit(archive, std::move(info), depth + 1)) {
        return false;
      }
    }
  }

  static std::string MemberReason(const std::string& name, bool is_file) {
    if (!is_file) return "link or device in an archive";
    for (size_t i = 0; i < name.size();) {
      const size_t slash = std::min(name.find('/', i), name.size());
      const std::string_view reason =
          IgnoredNameReason(std::string_view(name).substr(i, slash - i));
      if (!reason.empty()) return std::string(reason);
      i = slash + 1;
    }
    return "";
  }

  const IngestOptions& options_;
  SkipList& skipped_;
  const std::function<absl::Status(ByteStream&)>& use_;
  PartitionId place_ = 0;
  absl::Status use_error_;
  absl::Status damage_;
  int more_damage_ = 0;
};

class PathUnit : public SourceUnit {
 public:
  PathUnit(std::string path, int64_t size, const IngestOptions& options,
           std::shared_ptr<SkipList> skipped)
      : path_(std::move(path)), size_(size), options_(options), skipped_(std::move(skipped)) {}

  absl::Status ForEachStream(const std::function<absl::Status(ByteStream&)>& use) override {
    consumed_ = 0;
    absl::StatusOr<std::unique_ptr<FileInput>> input = FileInput::Open(path_, &consumed_);
    if (!input.ok()) return input.status();
    StreamInfo info;
    info.path = path_;
    info.size_bytes = (*input)->size_bytes();
    info.modified = (*input)->modified();
    Unwrapper unwrapper(options_, *skipped_, use);
    unwrapper.Visit(**input, std::move(info), 0);
    return unwrapper.Result();
  }
  int64_t size_bytes() const override { return size_; }
  int64_t consumed_bytes() const override {
    const int64_t consumed = consumed_.load(std::memory_order_relaxed);
    // A zip's directory is read once more.
    return size_ < 0 ? consumed : std::min(consumed, size_);
  }
  std::string name() const override { return path_; }

 private:
  std::string path_;
  int64_t size_;
  IngestOptions options_;
  std::shared_ptr<SkipList> skipped_;
  std::atomic<int64_t> consumed_{0};
};

class PathSourceImpl : public PathSource {
 public:
  explicit PathSourceImpl(const IngestOptions& options)
      : options_(options), skipped_(std::make_shared<SkipList>()) {}

  void Add(const std::vector<std::string>& inputs) {
    WalkResult walk = WalkInputs(inputs);
    problems_ = std::move(walk.problems);
    struct Tally {
      size_t files = 0, problems = 0, skipped = 0;
      std::string first_skipped;
    };
    std::vector<Tally> tallies(inputs.size());
    const auto skip = [&](size_t input, SkippedInput skipped) {
      Tally& tally = tallies[input];
      if (tally.skipped++ == 0)
        tally.first_skipped = absl::StrCat(skipped.path, ": ", skipped.reason);
      skipped_->Add(std::move(skipped));
    };
    for (const FoundFile& file : walk.files) {
      Tally& tally = tallies[file.input];
      std::atomic<int64_t> consumed{0};
      int64_t size = -1;
      if (file.regular) {  // pipes can be looked at only once: when they are read
        absl::StatusOr<std::unique_ptr<FileInput>> input = FileInput::Open(file.path, &consumed);
        if (!input.ok()) {
          problems_.push_back(input.status());
          ++tally.problems;
          continue;
        }
        StreamInfo info;
        info.path = file.path;
        info.size_bytes = size = (*input)->size_bytes();
        PeekInput peek(**input);
        const ContentInfo content = DetectContent(peek.Peek(PeekInput::kHead));
        std::string reason = SkipReason(peek, content, info, options_);
        if (!reason.empty()) {
          skip(file.input, {file.path, std::move(reason), content.content == Content::kBinary});
          continue;
        }
      }
      ++tally.files;
      files_.emplace_back(file.path, size);
    }
    for (const LeftOut& left : walk.left_out) skip(left.input, {left.path, left.reason});
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tally& tally = tallies[i];
      if (tally.files > 0 || tally.problems > 0 || walk.settled.count(i) > 0) continue;
      problems_.push_back(absl::NotFoundError(
          tally.skipped == 0
              ? absl::StrCat(inputs[i],
                             ": no log files in it; name a file or a directory with logs")
              : absl::StrCat(inputs[i], ": nothing to read in it; ", tally.skipped,
                             tally.skipped == 1 ? " file" : " files", " left out (",
                             tally.first_skipped, tally.skipped == 1 ? ")" : ", ...)")));
    }
  }

  std::vector<std::unique_ptr<SourceUnit>> Units() override {
    std::vector<std::unique_ptr<SourceUnit>> units;
    for (const auto& [path, size] : files_) {
      units.push_back(std::make_unique<PathUnit>(path, size, options_, skipped_));
    }
    return units;
  }
  std::vector<SkippedInput> skipped() const override { return skipped_->Sorted(); }
  std::vector<absl::Status> problems() const override { return problems_; }
  bool empty() const { return files_.empty(); }

 private:
  IngestOptions options_;
  std::shared_ptr<SkipList> skipped_;
  std::vector<absl::Status> problems_;
  std::vector<std::pair<std::string, int64_t>> files_;  // sorted
};

}  // namespace

absl::StatusOr<std::unique_ptr<PathSource>> MakePathSource(const std::vector<std::string>& inputs,
                                                           const IngestOptions& options) {
  auto source = std::make_unique<PathSourceImpl>(options);
  source->Add(inputs);
  if (!source->empty()) return source;
  const std::vector<absl::Status> problems = source->problems();
  if (problems.empty()) {
    return absl::InvalidArgumentError("no input given; name files, directories, archives, or -");
  }
  if (problems.size() == 1) return problems[0];
  return absl::Status(problems[0].code(), absl::StrCat(problems[0].message(), " (and ",
                                                       problems.size() - 1, " more problems)"));
}

}  // namespace culprit
