// Envelopes to lines: JSON documents that hold many events become one JSON line per event.
//
// Known are CloudWatch subscription records ({"messageType":"DATA_MESSAGE",...,"logEvents":[...]},
// also written one behind the other as Firehose does), what `aws logs get-log-events` and
// `filter-log-events` print ({"events":[...]}), and JSON arrays of objects; pretty-printed or not.
// Owned by ingest; one thread each. README.md says what the lines look like.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/counters.h"
#include "engine/ingest/byte_input.h"

namespace culprit {

// The unwrapping itself, fed with pieces of any size; what comes out does not depend on the pieces.
//
// JSON is followed, not validated: strings, brackets and what may stand next to what. Where that
// fails, the rest of the line is passed on as it is, what begins with '{' behind it is an object
// again, and broken() says where it was. Memory: one event, at most kMaxEventBytes.
class EnvelopeScanner {
 public:
  static constexpr size_t kMaxEventBytes = 1 << 20;
  static constexpr size_t kMaxDepth = 512;  // a bound for the stack; deeper is broken

  // Takes bytes of `in` until they or `most` bytes of *out are reached (one event more may be
  // written); returns how many it took. Whole lines are appended to *out.
  size_t Feed(std::string_view in, size_t most, std::string* out);
  // The input ends here; inside a document it is then broken.
  void Finish(std::string* out);

  bool broken() const { return breaks_ > 0; }
  uint64_t broken_at() const { return broken_at_; }  // the first one's offset in the input
  uint64_t breaks() const { return breaks_; }
  uint64_t control_messages() const { return control_messages_; }  // left out
  uint64_t long_events() const { return long_events_; }            // passed on raw
  bool saw_cloudwatch() const { return saw_cloudwatch_; }          // logEvents, or AWS's events
  bool saw_array() const { return saw_array_; }                    // an array of objects

 private:
  enum class At : uint8_t {
    kBetween,  // documents, or elements of an array
    kOpening,  // behind '[' of what may be an array or a line of text
    kDocument,
    kEvents,  // behind '[' of logEvents, or between its elements
    kEvent,
    kRest,  // of an envelope, behind its events
    kLine,  // to be passed on as it is
  };
  enum class Step : uint8_t { kMore, kDone, kBroken };

  void Start(At at);
  Step ScanValue(std::string_view in, size_t* at, std::string* out);
  bool TakeStructural(char c, Step* step);
  size_t TakeString(std::string_view in, size_t at, std::string* out);
  void Put(std::string_view bytes, std::string* out);
  void EndValue(std::string* out);
  void Break(uint64_t offset, std::string* out);
  bool OpensEvents() const;
  void ReadHeader();
  void WriteEvent(std::string* out);

  At at_ = At::kBetween;
  bool in_array_ = false;
  uint64_t offset_ = 0;  // of the input's next byte

  // The value under work: without blanks between its tokens.
  std::string text_;
  std::string stack_;  // open brackets
  char before_ = 0;    // the token before: a structural character, 'v' value, 'x' inside a scalar
  bool in_string_ = false, escaped_ = false;
  bool is_long_ = false;  // its begin was written already

  // The envelope under work.
  std::string group_, stream_;  // JSON string tokens
  bool control_ = false;

  uint64_t breaks_ = 0, broken_at_ = 0, control_messages_ = 0, long_events_ = 0;
  bool saw_cloudwatch_ = false, saw_array_ = false;
};

// `head`, the first bytes of a stream, is the begin of an envelope.
bool LooksLikeEnvelope(std::string_view head);

class EnvelopeInput : public ByteInput {
 public:
  // `inner` must outlive this; `name` is for messages.
  EnvelopeInput(ByteInput& inner, std::string name) : inner_(&inner), name_(std::move(name)) {}
  // Broken JSON is DataLoss behind the last byte, with its offset in `inner`.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
  void AddCounts(Counters* counters) const;

 private:
  ByteInput* inner_;
  std::string name_;
  EnvelopeScanner scanner_;
  std::unique_ptr<char[]> in_;
  size_t in_size_ = 0, in_taken_ = 0;
  std::string out_;
  size_t out_taken_ = 0;
  bool ended_ = false;
  absl::Status error_;
};

}  // namespace culprit
