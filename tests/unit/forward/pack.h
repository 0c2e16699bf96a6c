// Short ways to write MessagePack in a test.
#pragma once
#include <msgpack.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace culprit {

// Pack(1, "two"): the values one behind the other.
template <class... Values>
std::string Pack(const Values&... values) {
  std::ostringstream out;
  msgpack::packer<std::ostringstream> packer(out);
  (packer.pack(values), ...);
  return out.str();
}

// The head of an array with `n` elements, and of a map with `n` pairs.
inline std::string ArrayOf(uint32_t n) {
  std::ostringstream out;
  msgpack::packer<std::ostringstream>(out).pack_array(n);
  return out.str();
}
inline std::string MapOf(uint32_t n) {
  std::ostringstream out;
  msgpack::packer<std::ostringstream>(out).pack_map(n);
  return out.str();
}
inline std::string Bin(std::string_view bytes) {
  std::ostringstream out;
  msgpack::packer<std::ostringstream> packer(out);
  packer.pack_bin(static_cast<uint32_t>(bytes.size()));
  packer.pack_bin_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
  return out.str();
}
inline std::string EventTime(uint32_t seconds, uint32_t nanos) {
  std::string out("\xd7\x00", 2);
  for (const uint32_t v : {seconds, nanos}) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xff);
  }
  return out;
}
// [time, {"message": text}]
inline std::string Entry(const std::string& time, std::string_view text) {
  return ArrayOf(2) + time + MapOf(1) + Pack(std::string("message"), std::string(text));
}
// {"chunk": id, "compressed": compression}; either may be empty.
inline std::string Option(std::string_view chunk, std::string_view compression = {}) {
  std::string pairs;
  uint32_t n = 0;
  if (!chunk.empty()) ++n, pairs += Pack(std::string("chunk"), std::string(chunk));
  if (!compression.empty()) ++n, pairs += Pack(std::string("compressed"), std::string(compression));
  return MapOf(n) + pairs;
}
// [tag, time, record, option]
inline std::string MessageMode(std::string_view tag, std::string_view text,
                               std::string_view chunk = {}) {
  return ArrayOf(4) + Pack(std::string(tag), 1795243865) + MapOf(1) +
         Pack(std::string("message"), std::string(text)) + Option(chunk);
}
// [tag, entries as bin, option]
inline std::string Packed(std::string_view tag, std::string_view entries,
                          std::string_view chunk = {}, std::string_view compression = {}) {
  return ArrayOf(3) + Pack(std::string(tag)) + Bin(entries) + Option(chunk, compression);
}

std::string Gzip(std::string_view bytes);
std::string Zstd(std::string_view bytes);

}  // namespace culprit
