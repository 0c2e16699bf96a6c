// Whole lines from a compressed file: unpacked from its begin, up to the position unseen.
#include "engine/ingest/tail/packed_reader.h"

#include <algorithm>
#include <cstring>

#include "engine/ingest/archive/archive_reader.h"
#include "engine/ingest/archive/gunzip.h"
#include "engine/ingest/archive/unzstd.h"
#include "engine/ingest/content.h"
#include "engine/ingest/file_input.h"
#include "engine/ingest/utf16.h"

namespace culprit {
namespace {

constexpr uint64_t kSkipTurn = 8 * 1024 * 1024;  // text unpacked and not used in one turn

// Reads a descriptor that it does not own, from its begin, without moving its place.
class DescriptorInput : public ByteInput {
 public:
  DescriptorInput(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const ssize_t n = ReadAt(fd_, buffer, size, at_);
    if (n < 0) return FileError(errno, name_);
    at_ += static_cast<uint64_t>(n);
    return static_cast<size_t>(n);
  }

 private:
  int fd_;
  std::string name_;
  uint64_t at_ = 0;
};

}  // namespace

struct PackedReader::Chain {
  Chain(int fd, const std::string& name) : raw(fd, name), peeked(raw) {}
  DescriptorInput raw;
  PeekInput peeked;
  std::unique_ptr<ByteInput> decoder;
  std::unique_ptr<PeekInput> decoded;
  std::unique_ptr<ByteInput> utf8;
  std::unique_ptr<PeekInput> text;
};

PackedReader::PackedReader(int fd, const std::string& name)
    : chain_(std::make_unique<Chain>(fd, name)) {
  Chain& c = *chain_;
  const ContentInfo content = DetectContent(c.peeked.Peek(PeekInput::kHead));
  if (content.content == Content::kGzip) {
    c.decoder = std::make_unique<GunzipInput>(c.peeked, name);
  } else if (content.content == Content::kZstd) {
    c.decoder = std::make_unique<UnzstdInput>(c.peeked, name, UnzstdInput::kFileWindowLog);
  } else if (content.content == Content::kCompressed) {
    c.decoder = std::make_unique<ArchiveReader>(c.peeked, ArchiveReader::Mode::kDecompress, name,
                                                std::string(content.what));
  } else {
    status_ = absl::DataLossError(name + ": is not compressed any more");
    return;
  }
  c.decoded = std::make_unique<PeekInput>(*c.decoder);
  const Content inner = DetectContent(c.decoded->Peek(PeekInput::kHead)).content;
  is_text_ = inner == Content::kText || inner == Content::kUtf16 || inner == Content::kEmpty;
  if (inner == Content::kUtf16) {
    c.utf8 = std::make_unique<Utf16Input>(*c.decoded);
    c.text = std::make_unique<PeekInput>(*c.utf8);
  } else {
    c.text = std::move(c.decoded);
  }
}

PackedReader::~PackedReader() = default;

std::string_view PackedReader::Head() {
  return status_.ok() ? chain_->text->Peek(HeadPrint::kBytes) : std::string_view();
}

absl::Status PackedReader::head_error() const {
  return status_.ok() ? chain_->text->error() : status_;
}

absl::StatusOr<size_t> PackedReader::Read(char* buffer, size_t size) {
  if (!status_.ok()) return status_;
  return chain_->text->Read(buffer, size);
}

absl::StatusOr<bool> PackedReader::Skip(const TailPosition& to) {
  std::string buffer(64 * 1024, '\0');
  for (uint64_t turn = 0; skipped_ < to.text_offset && turn < kSkipTurn;) {
    const size_t want = std::min<uint64_t>(buffer.size(), to.text_offset - skipped_);
    absl::StatusOr<size_t> n = Read(buffer.data(), want);
    if (!n.ok()) return n.status();
    if (*n == 0) {  // shorter than what was read of the original: all of it is known
      ended_ = true;
      return true;
    }
    last_.append(buffer, 0, *n);
    last_.erase(0, last_.size() - std::min(last_.size(), Guard::kBytes));
    skipped_ += *n;
    turn += *n;
  }
  if (skipped_ < to.text_offset) return false;
  const std::string_view before = std::string_view(last_).substr(
      last_.size() - std::min<size_t>(last_.size(), to.guard.length));
  if (!to.guard.Holds(before)) {
    return absl::NotFoundError("other content than what was read before");
  }
  return true;
}

absl::StatusOr<ReadResult> ReadPacked(TailFile* file, const ReadLimits& limits, bool flush,
                                      LiveBatch* batch) {
  TailPosition& at = file->at;
  if (at.finished) return ReadResult{};
  if (file->packed == nullptr) {
    file->packed = std::make_unique<PackedReader>(file->fd, file->path);
    const std::string_view head = file->packed->Head();
    if (!file->packed->is_packed() || at.head.Common(head) < 0) {
      file->packed = nullptr;
      return ReadResult{ReadOutcome::kReplaced};
    }
  }
  PackedReader& reader = *file->packed;
  if (!reader.ready()) {
    absl::StatusOr<bool> there = reader.Skip(at);
    if (absl::IsNotFound(there.status())) return ReadResult{ReadOutcome::kReplaced};
    if (!there.ok()) return there.status();
    if (!*there) return ReadResult{ReadOutcome::kNothing, true};
    reader.set_ready();
  }
  if (at.head.length() < HeadPrint::kBytes && at.text_offset == 0) at.head.Set(reader.Head());
  std::string& bytes = batch->bytes;
  bytes = std::move(reader.carry);
  reader.carry.clear();
  absl::Status& error = reader.error;
  while (!reader.ended() && bytes.size() < limits.block_bytes) {
    const size_t had = bytes.size();
    bytes.reserve(limits.block_bytes + 1 + kLiveBatchPadding);
    bytes.resize(std::max(limits.block_bytes, had + 1));
    absl::StatusOr<size_t> n = reader.Read(bytes.data() + had, bytes.size() - had);
    bytes.resize(had + (n.ok() ? *n : 0));
    if (!n.ok()) error = n.status();
    if (!n.ok() || *n == 0) reader.set_ended();
  }
  // At damage the last line may be half a line: it is held back, as it may come whole later.
  const bool complete = reader.ended() && (error.ok() || flush);
  const auto drop_to = [&](size_t taken, bool newline) {
    reader.carry.assign(bytes, taken);
    bytes.resize(taken);
    reader.Passed(bytes);
    at.text_offset += taken;
    at.guard = Guard::Of(reader.last());
    if (newline && (bytes.empty() || bytes.back() != '\n')) bytes.push_back('\n');
  };
  if (at.dropping) {
    const size_t end = bytes.find('\n');
    const size_t cut = end == std::string::npos ? bytes.size() : end + 1;
    drop_to(cut, false);
    bytes.clear();
    at.dropping = end == std::string::npos;
    at.finished = complete && reader.carry.empty();
    if (!error.ok() && !flush) return error;
    return ReadResult{ReadOutcome::kNothing, !at.finished};
  }
  const uint64_t begin = at.text_offset;
  const size_t last = bytes.rfind('\n');
  size_t taken = last == std::string::npos ? 0 : last + 1;
  if (taken == 0 && bytes.size() > limits.max_line_bytes) {
    taken = limits.max_line_bytes;
    batch->counters.Count(Reason::kLineTruncated);
    at.dropping = true;
  } else if (taken == 0 && bytes.size() >= limits.block_bytes && !reader.ended()) {
    // A line longer than a block: more of it in one go.
    ReadLimits longer = limits;
    longer.block_bytes = limits.max_line_bytes + 1;
    reader.carry = std::move(bytes);
    bytes.clear();
    return ReadPacked(file, longer, flush, batch);
  } else if (complete && taken < bytes.size() && taken == 0) {
    taken = bytes.size();
  }
  drop_to(taken, taken > 0);
  batch->offset = begin;
  at.finished = complete && reader.carry.empty() && !at.dropping;
  if (taken > 0) return ReadResult{ReadOutcome::kData, !at.finished};
  bytes.clear();
  if (!error.ok() && !flush) return error;
  return ReadResult{ReadOutcome::kNothing, !at.finished};
}

}  // namespace culprit
