#include "engine/base/checkpoint.h"
#include "engine/ingest/tail/tail_file.h"

namespace culprit {
namespace {
constexpr std::string_view kKind = "tail";
constexpr uint32_t kVersion = 1;

template <typename Archive, typename Position>
void Visit(Archive& ar, Position& p) {
  ar(Choice(p.form, FileForm::kPacked), p.id.device, p.id.inode, p.born_us, p.generation, p.offset,
     p.text_offset, p.head, p.guard.length, Hash(p.guard.hash), p.size, p.dropping, p.finished,
     p.real_path);
}
}  // namespace

template <typename Archive>
void HeadPrint::serialize(Archive& ar) {
  ar(length_, Hash(hash_));
  for (uint64_t& rung : rungs_) ar(Hash(rung));
}

std::string EncodeTailPosition(const TailPosition& position) {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) { Visit(ar, position); });
}

absl::StatusOr<TailPosition> DecodeTailPosition(std::string_view bytes) {
  TailPosition position;
  absl::Status status = ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) {
    Visit(ar, position);
    Require(position.head.length() <= HeadPrint::kBytes, "head too long");
    Require(position.guard.length <= Guard::kBytes, "guard too long");
    Require(position.offset <= (uint64_t{1} << 62) && position.text_offset <= (uint64_t{1} << 62) &&
                position.guard.length <=
                    (position.form == FileForm::kPacked ? position.text_offset : position.offset),
            "position out of range");
  });
  if (!status.ok()) return status;
  return position;
}

}  // namespace culprit
