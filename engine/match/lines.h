// Physical lines of a block. Stateless; any thread may call.
#pragma once
#include <cstddef>
#include <cstring>
#include <string_view>

namespace culprit {

// Bytes that must be readable behind the end of a block given to SignatureSet::Scan; their content
// does not matter.
constexpr size_t kBlockPadding = 128;

// Number of '\n' in `block`. At memory speed (AVX2 where the processor has it).
size_t CountLines(std::string_view block);

// The end of the line that ends at `stop` (a newline or the end of the block): one '\r' is not part
// of it.
inline const char* TrimReturn(const char* begin, const char* stop) {
  return stop > begin && stop[-1] == '\r' ? stop - 1 : stop;
}

// Calls use(begin, end) for each line: without "\n" and without one trailing "\r". The last line
// may lack its newline; an empty block has no line, "\n" has one empty line.
template <typename Use>
void ForEachLine(std::string_view block, Use use) {
  const char* p = block.data();
  const char* const end = p + block.size();
  while (p < end) {
    const auto* newline = static_cast<const char*>(std::memchr(p, '\n', end - p));
    const char* stop = newline == nullptr ? end : newline;
    use(p, TrimReturn(p, stop));
    p = stop + 1;
  }
}

}  // namespace culprit
