#include "engine/pipeline/live_scan.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/ingest/line_blocks.h"
#include "engine/match/lines.h"
#include "engine/pipeline/live_scan_state.h"
#include "engine/state/entry_codec.h"

namespace culprit {
namespace {

constexpr size_t kHeadBytes = 64 * 1024;  // as StreamParser::Sniff looks at
constexpr size_t kHeadLines = 1000;
constexpr DurationUs kProgressStep = kSecondUs;
constexpr DurationUs kReferenceSlack = kDayUs;  // clocks differ, and so do zones

uint64_t Window() {
  static const uint64_t bytes = LineBlockOptions().block_bytes;
  return bytes;
}

}  // namespace

// Entries go into the newest piece of the current output; a second OpenWriter is a cut.
class LiveScan::Log : public SignalLog {
 public:
  std::unique_ptr<PartitionWriter> OpenWriter(PartitionId /*partition*/) override {
    if (std::exchange(opened_, true)) cut_ = true;
    return std::make_unique<Writer>(this);
  }
  std::unique_ptr<PartitionReader> OpenReader(PartitionId /*partition*/) const override {
    return nullptr;  // written only
  }

  // Entries go to `out` from here on. Pieces decode on their own.
  void Begin(ScanOutput* out) {
    out_ = out;
    fresh_ = true;
  }
  void Progress(TimeUs time) { encoder_.Encode(MarkView{time, {}}, &Piece().entries); }

 private:
  class Writer : public PartitionWriter {
   public:
    explicit Writer(Log* log) : log_(log) {}
    absl::Status Append(const SignalView& signal) override {
      ScanOutput::Piece& piece = log_->Piece();
      log_->encoder_.Encode(signal, &piece.entries);
      ++piece.signals;
      ScanOutput& out = *log_->out_;
      ++out.signals;
      if (out.hits.size() <= signal.signature) out.hits.resize(signal.signature + 1);
      ++out.hits[signal.signature];
      return absl::OkStatus();
    }
    absl::Status Append(const MarkView& mark) override {
      log_->encoder_.Encode(mark, &log_->Piece().entries);
      return absl::OkStatus();
    }
    absl::Status Close() override { return absl::OkStatus(); }

   private:
    Log* const log_;
  };

  ScanOutput::Piece& Piece() {
    if (cut_ || fresh_) {
      out_->pieces.emplace_back().cut_before = cut_;
      encoder_.Reset();
      cut_ = fresh_ = false;
    }
    return out_->pieces.back();
  }

  ScanOutput* out_ = nullptr;
  EntryEncoder encoder_;
  bool opened_ = false;
  bool cut_ = false;
  bool fresh_ = true;
};

LiveScan::LiveScan(std::shared_ptr<const LiveKnowledge> knowledge, const LiveScanOptions& options,
                   const LiveStream& stream, TimeUs now)
    : knowledge_(std::move(knowledge)),
      options_(options),
      log_(std::make_unique<Log>()),
      writer_(log_.get(), &pieces_) {
  info_.path = stream.path.empty() ? stream.display : stream.path;
  MakeParser(options_.use_clock ? now + kReferenceSlack : kNoTime);
}

LiveScan::~LiveScan() = default;

void LiveScan::MakeParser(TimeUs reference) {
  reference_ = reference;
  info_.modified = reference;
  auto parser = std::make_unique<StreamParser>(info_, options_.parse, &counters_);
  SignalOptions signals = options_.signals;
  signals.mark_assumed = options_.use_clock;
  signals.redactor = knowledge_->engine.redactor.get();
  auto maker =
      std::make_unique<SignalMaker>(knowledge_->rules, signals, parser.get(), &writer_, &counters_);
  if (parser_ != nullptr) {
    parser->Restore(parser_->Save());
    maker->Restore(maker_->Save());
  }
  maker_ = std::move(maker);
  parser_ = std::move(parser);
}

// A stream may live for years; what bounds its inferred years goes with it.
void LiveScan::SetClock(TimeUs now) {
  if (!options_.use_clock) return;
  if (now > reference_) MakeParser(now + kReferenceSlack);
  clock_ = now;
  parser_->set_assumed_time(now);
}

void LiveScan::OnBatch(LiveBatch* batch, TimeUs now, MatchScratch* scratch, ScanOutput* out) {
  SetClock(now);
  log_->Begin(out);
  out->lines += batch->messages.empty() ? CountLines(batch->bytes) : batch->messages.size();
  if (batch->messages.empty()) {
    OnBytes(*batch, scratch);
  } else {
    OnMessages(batch, scratch);
  }
}

void LiveScan::OnBytes(const LiveBatch& batch, MatchScratch* scratch) {
  if (batch.bytes.empty()) return;
  if (batch.offset != held_offset_ + held_.size()) {
    // The rest of a line that was too long is left out, or the stream starts elsewhere: nothing is
    // joined across that place.
    if (sniffed_ || !held_.empty()) Flush(kNoTime, scratch, nullptr);
    if (batch.offset < held_offset_) schedule_ = SampleSchedule();
    held_.clear();
    held_offset_ = batch.offset;
  }
  held_.append(batch.bytes);
  if (!sniffed_) {
    if (!HeadIsComplete()) return;
    Sniff();
  }
  Advance(false, scratch);
}

bool LiveScan::HeadIsComplete() const {
  if (held_.size() > kHeadBytes) return true;
  size_t lines = 0;
  ForEachLine(held_, [&](const char* begin, const char* end) { lines += begin < end; });
  return lines >= kHeadLines;
}

void LiveScan::Sniff() {
  parser_->Sniff(std::string_view(held_).substr(0, Window()));
  sniffed_ = true;
}

void LiveScan::Advance(bool all, MatchScratch* scratch) {
  held_.reserve(held_.size() + kBlockPadding);  // readable behind every block
  size_t begin = 0;
  while (begin < held_.size()) {
    const std::string_view rest = std::string_view(held_).substr(begin);
    const uint64_t offset = held_offset_ + begin;
    const size_t newline = rest.find('\n');
    size_t stop = rest.size();
    bool at_border = false;
    if (newline != std::string_view::npos) {
      // As LineBlocks: the lines whose newlines lie in one window.
      const uint64_t window_end = ((offset + newline) / Window() + 1) * Window();
      const size_t limit = std::min<uint64_t>(window_end - offset, rest.size());
      stop = rest.rfind('\n', limit - 1) + 1;
      at_border = offset + rest.size() >= window_end;
      if (!at_border && !all) stop = parser_->TailBegin(rest.substr(0, stop), offset);
    } else if (!all) {
      break;
    }
    if (stop == 0) break;
    ScanBlock(rest.substr(0, stop), offset, scratch);
    // At a border the record may still go on.
    if (!at_border) maker_->Flush().IgnoreError();
    begin += stop;
    if (!at_border && !all) break;
  }
  held_.erase(0, begin);
  held_offset_ += begin;
}

void LiveScan::ScanBlock(std::string_view block, uint64_t offset, MatchScratch* scratch) {
  hits_.clear();
  samples_.clear();
  knowledge_->engine.signatures->Scan(block, *scratch, &hits_);
  schedule_.Take(block, offset, &samples_);
  // The writer never fails.
  maker_->OnBlock(block, offset, hits_, samples_, scratch).IgnoreError();
  parser_->EndBlock(block, offset);
  NoteProgress(parser_->last_time());
}

void LiveScan::OnMessages(LiveBatch* batch, MatchScratch* scratch) {
  batch->bytes.reserve(batch->bytes.size() + kBlockPadding);
  const std::string_view bytes = batch->bytes;
  hits_.clear();
  knowledge_->engine.signatures->Scan(bytes, *scratch, &hits_);
  size_t hit = 0;
  Record record;
  for (size_t i = 0; i < batch->messages.size(); ++i) {
    const LiveMessage& message = batch->messages[i];
    const size_t end = i + 1 < batch->messages.size() ? batch->messages[i + 1].begin : bytes.size();
    const size_t first = hit;
    while (hit < hits_.size() && hits_[hit].line_begin < end) ++hit;
    const bool sampled = SampleSchedule::TakesMessage(message.position, messages_++);
    const bool last = i + 1 == batch->messages.size();
    const bool wanted = first != hit || sampled;
    if (!wanted && !last) continue;
    const std::string_view service =
        message.service == 0 || message.service > batch->services.size()
            ? std::string_view()
            : std::string_view(batch->services[message.service - 1]);
    const Counters before = counters_;
    parser_->ParseMessage(bytes.substr(message.begin, end - message.begin), message.time, service,
                          &record);
    if (last) NoteProgress(record.time_origin == TimeOrigin::kParsed ? record.time : kNoTime);
    if (!wanted) {
      counters_ = before;  // only looked at for its time: where batches are cut counts nothing
      continue;
    }
    maker_
        ->OnMessage(bytes, record, message.position, hits_.data() + first, hits_.data() + hit,
                    sampled, scratch)
        .IgnoreError();
  }
}

// `time`: of the newest line, kNoTime if it has none: then it came just now.
void LiveScan::NoteProgress(TimeUs time) {
  if (time == kNoTime) time = clock_;
  if (time == kNoTime) return;
  newest_ = std::max(newest_, time);
  if (progress_ != kNoTime && time < progress_ + kProgressStep) return;
  progress_ = time;
  log_->Progress(time);
}

bool LiveScan::holds() const { return !held_.empty() || maker_->holds(); }

void LiveScan::Flush(TimeUs now, MatchScratch* scratch, ScanOutput* out) {
  if (now != kNoTime) SetClock(now);
  if (out != nullptr) log_->Begin(out);
  if (!sniffed_ && !held_.empty()) Sniff();
  Advance(true, scratch);
  maker_->Flush().IgnoreError();
}

void LiveScan::End(TimeUs now, MatchScratch* scratch, ScanOutput* out) {
  Flush(now, scratch, out);
  maker_->End().IgnoreError();
  writer_.Close().IgnoreError();
}

Counters LiveScan::TakeCounters() { return std::exchange(counters_, Counters()); }

std::string LiveScan::Save() const {
  StreamParserState parser = parser_->Save();
  std::string held = held_;
  if (const Redactor* redactor = knowledge_->engine.redactor.get(); redactor != nullptr) {
    redactor->Mask(&parser.carry.bytes);
    redactor->Mask(&held);
  }
  return EncodeScanState({.parser = std::move(parser),
                          .maker = maker_->Save(),
                          .segment = writer_.state(),
                          .due = schedule_.due(),
                          .held = std::move(held),
                          .held_offset = held_offset_,
                          .sniffed = sniffed_,
                          .messages = messages_},
                         *knowledge_);
}

absl::Status LiveScan::Restore(std::string_view bytes) {
  absl::StatusOr<LiveScanState> state = DecodeScanState(bytes, *knowledge_, &counters_);
  if (!state.ok()) return state.status();
  parser_->Restore(state->parser);
  maker_->Restore(std::move(state->maker));
  writer_.set_state(std::move(state->segment));
  schedule_.set_due(state->due);
  held_ = std::move(state->held);
  held_offset_ = state->held_offset;
  sniffed_ = state->sniffed;
  messages_ = state->messages;
  return absl::OkStatus();
}

}  // namespace culprit
