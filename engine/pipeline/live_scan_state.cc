#include "engine/pipeline/live_scan_state.h"

#include <cstring>
#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/base/status.h"
#include "engine/state/entry_codec.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "scan";
constexpr uint32_t kVersion = 1;
constexpr SignatureIndex kGone = UINT32_MAX;

using Text = PendingRecord::Text;

template <typename Archive, typename State>
void Parser(Archive& ar, State& s) {
  ar(s.sniffed, s.format_name, s.guess, s.floating_time, s.epoch_time, s.joins_text, s.untimed,
     s.kernel_clock, s.boot, s.first_time, s.carry.bytes, s.carry.offset, s.carry.whole,
     s.carry.last_time, s.carry.before_head);
}

template <typename Archive, typename T>
void Piece(Archive& ar, T& text) {
  ar(text.begin, text.size);
}

template <typename Archive, typename T>
void Fields(Archive& ar, T& item) {
  ar(item.offset, item.length, item.time, Choice(item.time_origin, TimeOrigin::kAssumed),
     Choice(item.level, Level::kFatal));
  for (auto* text :
       {&item.component, &item.target, &item.service, &item.instance, &item.line, &item.message})
    Piece(ar, *text);
  ar(item.first_capture, item.captures);
}

SignatureIndex IndexOf(const LiveKnowledge& knowledge, const std::string& id) {
  const auto& by_id = knowledge.engine.knowledge->signature_by_id;
  const auto found = by_id.find(id);
  return found == by_id.end() ? kGone : found->second;
}

void RequireText(const PendingRecord& record, Text text) {
  Require(text.begin <= record.bytes.size() && text.size <= record.bytes.size() - text.begin,
          "text outside its record");
}

void WritePending(CheckpointWriter& ar, const PendingRecord& pending,
                  const LiveKnowledge& knowledge) {
  ar(pending.head, static_cast<uint64_t>(pending.written), pending.bytes.substr(0, pending.used));
  ar.Varint(pending.captures.size());
  for (const auto& [name, text] : pending.captures) {
    Piece(ar, name);
    Piece(ar, text);
  }
  ar.Varint(pending.items.size());
  for (const PendingRecord::Item& item : pending.items) {
    ar.Word(knowledge.signatures[item.signature]);
    Fields(ar, item);
  }
}

void ReadPending(CheckpointReader& ar, const LiveKnowledge& knowledge, PendingRecord* pending,
                 Counters* counters) {
  uint64_t written = 0;
  ar(pending->head, written, pending->bytes);
  pending->used = pending->bytes.size();
  for (size_t n = ar.Count(); n > 0; --n) {
    auto& [name, text] = pending->captures.emplace_back();
    Piece(ar, name);
    Piece(ar, text);
    RequireText(*pending, name);
    RequireText(*pending, text);
  }
  const size_t items = ar.Count();
  Require(written <= items, "more written than there is");
  for (size_t i = 0; i < items; ++i) {
    PendingRecord::Item item;
    const std::string id(ar.Word());
    Fields(ar, item);
    RequireTime(item.time);
    for (Text text :
         {item.component, item.target, item.service, item.instance, item.line, item.message})
      RequireText(*pending, text);
    Require(item.first_capture <= pending->captures.size() &&
                item.captures <= pending->captures.size() - item.first_capture,
            "captures outside their record");
    item.signature = IndexOf(knowledge, id);
    if (item.signature == kGone) {
      if (i >= written) counters->Count(Reason::kSignatureGone);
      continue;
    }
    pending->items.push_back(item);
    pending->written += i < written;
  }
}

// Entries that wait: encoded as in the log, with the ids of their signatures before them.
void WriteHeld(CheckpointWriter& ar, const SegmentWriter::State& segment,
               const LiveKnowledge& knowledge) {
  ar(segment.reach, segment.beyond);
  ar.Varint(segment.held.size());
  for (const LogEntry& entry : segment.held) {
    EntryEncoder encoder;
    std::string bytes;
    std::vector<CaptureView> captures;
    const Signal* signal = std::get_if<Signal>(&entry);
    ar.Word(signal == nullptr ? "" : knowledge.signatures[signal->signature]);
    if (signal == nullptr) {
      encoder.Encode(ViewOf(std::get<Mark>(entry)), &bytes);
    } else {
      encoder.Encode(ViewOf(*signal, &captures), &bytes);
    }
    ar.Text(bytes);
  }
}

void ReadHeld(CheckpointReader& ar, const LiveKnowledge& knowledge, SegmentWriter::State* segment,
              Counters* counters) {
  ar(segment->reach, segment->beyond);
  RequireTime(segment->reach);
  for (const TimeUs time : segment->beyond) RequireTime(time);
  for (size_t n = ar.Count(); n > 0; --n) {
    const std::string id(ar.Word());
    std::string_view bytes = ar.Text();
    EntryView entry;
    EntryDecoder decoder;
    Require(decoder.Decode(&bytes, &entry) && bytes.empty(), "damaged entry");
    RequireTime(std::visit([](const auto& e) { return e.time; }, entry));
    if (SignalView* signal = std::get_if<SignalView>(&entry)) {
      signal->signature = IndexOf(knowledge, id);
      if (signal->signature == kGone) {
        counters->Count(Reason::kSignatureGone);
        continue;
      }
    }
    segment->held.push_back(CopyOf(entry));
  }
}

// Keys of text budgets begin with a signature's index, which is only good for the same table.
void WriteTexts(CheckpointWriter& ar, const SignalMakerState& maker) {
  ar.Varint(maker.texts.size());
  for (const auto& [key, budget] : maker.texts) ar(key, budget.second, budget.used);
}

void ReadTexts(CheckpointReader& ar, bool same, SignalMakerState* maker) {
  for (size_t n = ar.Count(); n > 0; --n) {
    std::pair<std::string, TextBudget> text;
    ar(text.first, text.second.second, text.second.used);
    if (same) maker->texts.push_back(std::move(text));
  }
}

}  // namespace

std::string EncodeScanState(const LiveScanState& state, const LiveKnowledge& knowledge) {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) {
    ar(knowledge.fingerprint);
    Parser(ar, state.parser);
    WritePending(ar, state.maker.pending, knowledge);
    WriteTexts(ar, state.maker);
    WriteHeld(ar, state.segment, knowledge);
    ar(state.due, state.held, state.held_offset, state.sniffed, state.messages);
  });
}

absl::StatusOr<LiveScanState> DecodeScanState(std::string_view bytes,
                                              const LiveKnowledge& knowledge, Counters* counters) {
  LiveScanState state;
  CULPRIT_RETURN_IF_ERROR(ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) {
    std::string fingerprint;
    ar(fingerprint);
    Parser(ar, state.parser);
    for (const TimeUs time :
         {state.parser.boot, state.parser.first_time, state.parser.carry.last_time})
      RequireTime(time);
    ReadPending(ar, knowledge, &state.maker.pending, counters);
    ReadTexts(ar, fingerprint == knowledge.fingerprint, &state.maker);
    ReadHeld(ar, knowledge, &state.segment, counters);
    ar(state.due, state.held, state.held_offset, state.sniffed, state.messages);
  }));
  return state;
}

}  // namespace culprit
