// Messages in a TCP stream of syslog (RFC 6587): octet counting ("57 <34>1 ...") or an end by
// newline or NUL, told apart message by message. Whatever the bytes are, there are messages in
// them. Owned by a connection; one thread.
#pragma once
#include <cstddef>
#include <string_view>

namespace culprit {

struct SyslogFrame {
  std::string_view text;  // without what ends it; never empty
  bool cut = false;       // longer than allowed: its head
};

class SyslogFraming {
 public:
  explicit SyslogFraming(size_t max_message_bytes) : max_(max_message_bytes) {}
  // `bytes`: all that came and was not taken. True: *frame is the next message. False: more is
  // needed; then at most max_message_bytes and a head of 11 bytes stay untaken. The first *taken
  // bytes are used up in either case.
  bool Next(std::string_view bytes, size_t* taken, SyslogFrame* frame);
  // The connection ends with `bytes` untaken: a message without its end, if that is one.
  bool Finish(std::string_view bytes, SyslogFrame* frame);

 private:
  size_t max_;
  size_t skip_ = 0;        // bytes still to come of a counted message that was cut
  bool dropping_ = false;  // up to the next end: the rest of a line that was cut
};

// The message in a datagram.
bool FrameOfDatagram(std::string_view bytes, size_t max_message_bytes, SyslogFrame* frame);

}  // namespace culprit
