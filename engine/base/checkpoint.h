// State as bytes and back: a cereal archive into memory, and the envelope around it. Integers are
// varints, names that repeat are written once, and reading believes nothing: every size is checked
// against the bytes that are left, every number against its type. Include in .cc files only
// (heavy). A writer or reader belongs to one thread.
//
// A class takes part by a private template `save(Archive&) const` and `load(Archive&)`, or one
// `serialize(Archive&)`, and `friend class cereal::access`; the bodies stand in a .cc file.
// A load function throws CheckpointDamage (by Require) at what cannot be; ReadCheckpoint turns it
// into a Status, so no exception leaves the folder.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "cereal/cereal.hpp"

namespace culprit {

// What a load function throws; never leaves ReadCheckpoint.
class CheckpointDamage : public cereal::Exception {
 public:
  using cereal::Exception::Exception;
};

// Throws unless `ok`. `what`: what does not hold, for the message.
inline void Require(bool ok, const char* what) {
  if (!ok) throw CheckpointDamage(what);
}
// A time in microseconds, or INT64_MIN for none; far from where sums and differences wrap.
inline void RequireTime(int64_t t) {
  constexpr int64_t kMost = int64_t{1} << 57;
  Require(t == INT64_MIN || (t >= -kMost && t <= kMost), "time out of range");
}

class CheckpointWriter
    : public cereal::OutputArchive<CheckpointWriter, cereal::AllowEmptyClassElision> {
 public:
  CheckpointWriter() : OutputArchive(this) {}
  void Varint(uint64_t value);
  void Signed(int64_t value) {
    Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void Fixed64(uint64_t value);  // for hashes, which a varint would lengthen
  void Text(std::string_view text);
  void Word(std::string_view word);  // a name that is likely to come again
  void Time(int64_t time);           // likely near the one written before; INT64_MIN: none
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  int64_t last_time_ = 0;
  absl::flat_hash_map<std::string, uint64_t> words_;
};

class CheckpointReader
    : public cereal::InputArchive<CheckpointReader, cereal::AllowEmptyClassElision> {
 public:
  // `bytes` must outlive the reader.
  explicit CheckpointReader(std::string_view bytes) : InputArchive(this), rest_(bytes) {}
  // All throw CheckpointDamage when the bytes are too few or make no sense.
  uint64_t Varint();
  int64_t Signed() {
    const uint64_t v = Varint();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }
  uint64_t Fixed64();
  std::string_view Text();  // view into the bytes given to the constructor
  std::string_view Word();
  int64_t Time();
  // A number of things of which each takes at least one byte.
  size_t Count();
  size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  std::vector<std::string_view> words_;
  int64_t last_time_ = 0;
};

// Envelope: magic, checksum, kind of content, version of its layout, content.
std::string SealCheckpoint(std::string_view kind, uint32_t version, std::string_view content);
// The content, a view into `bytes`. DataLoss: not a whole checkpoint; InvalidArgument: of another
// kind; FailedPrecondition: written in another version.
absl::Status OpenCheckpoint(std::string_view bytes, std::string_view kind, uint32_t version,
                            std::string_view* content);

// write(CheckpointWriter&)
template <typename F>
std::string WriteCheckpoint(std::string_view kind, uint32_t version, F write) {
  CheckpointWriter ar;
  write(ar);
  return SealCheckpoint(kind, version, ar.bytes());
}

// read(CheckpointReader&), which may throw CheckpointDamage: DataLoss then, or when it leaves bytes
// over; otherwise the errors of OpenCheckpoint. What was read into is to be thrown away on an
// error.
template <typename F>
absl::Status ReadCheckpoint(std::string_view bytes, std::string_view kind, uint32_t version,
                            F read) {
  std::string_view content;
  if (absl::Status s = OpenCheckpoint(bytes, kind, version, &content); !s.ok()) return s;
  try {
    CheckpointReader ar(content);
    read(ar);
    Require(ar.left() == 0, "bytes after its end");
  } catch (const cereal::Exception& e) {
    return absl::DataLossError(std::string(kind) + " checkpoint: " + e.what());
  }
  return absl::OkStatus();
}

// ---- How to write a member: ar(Word(name), Time(last), Choice(level, Level::kFatal));

// A name from a small set of names: the text once, then its number.
struct AsWord {
  std::string& text;
};
inline AsWord Word(std::string& text) { return {text}; }
inline AsWord Word(const std::string& text) { return {const_cast<std::string&>(text)}; }

// A number that is near another one: the difference (which may wrap). The base must have been read
// by an earlier call of ar(...).
struct AsRelative {
  int64_t& value;
  int64_t base;
};
inline AsRelative Relative(int64_t& value, int64_t base) { return {value, base}; }
inline AsRelative Relative(const int64_t& value, int64_t base) {
  return {const_cast<int64_t&>(value), base};
}

// A moment in microseconds: the difference to the one before. INT64_MIN stands for none.
struct AsTime {
  int64_t& value;
};
inline AsTime Time(int64_t& value) { return {value}; }
inline AsTime Time(const int64_t& value) { return {const_cast<int64_t&>(value)}; }

// A hash: eight bytes.
struct AsHash {
  uint64_t& value;
};
inline AsHash Hash(uint64_t& value) { return {value}; }
inline AsHash Hash(const uint64_t& value) { return {const_cast<uint64_t&>(value)}; }

// An enum whose largest enumerator is `last`.
template <typename E>
struct AsChoice {
  E& value;
  E last;
};
template <typename E>
AsChoice<E> Choice(E& value, E last) {
  return {value, last};
}
template <typename E>
AsChoice<E> Choice(const E& value, E last) {
  return {const_cast<E&>(value), last};
}

// ---- What cereal calls.
// NOLINTBEGIN(readability-identifier-naming): cereal's names

template <std::integral T>
void save(CheckpointWriter& ar, const T& value) {
  if constexpr (std::is_signed_v<T>) {
    ar.Signed(value);
  } else {
    ar.Varint(value);
  }
}
template <std::integral T>
void load(CheckpointReader& ar, T& value) {
  if constexpr (std::is_signed_v<T>) {
    const int64_t wide = ar.Signed();
    Require(std::in_range<T>(wide), "number out of range");
    value = static_cast<T>(wide);
  } else {
    const uint64_t wide = ar.Varint();
    Require(wide <= std::numeric_limits<T>::max(), "number out of range");
    value = static_cast<T>(wide);
  }
}
// Never infinite, never NaN.
inline void save(CheckpointWriter& ar, const double& value) {
  ar.Fixed64(std::bit_cast<uint64_t>(value));
}
inline void load(CheckpointReader& ar, double& value) {
  value = std::bit_cast<double>(ar.Fixed64());
  Require(std::isfinite(value), "not a number");
}
inline void save(CheckpointWriter& ar, const std::string& text) { ar.Text(text); }
inline void load(CheckpointReader& ar, std::string& text) { text = ar.Text(); }
inline void save(CheckpointWriter& ar, const AsWord& w) { ar.Word(w.text); }
inline void load(CheckpointReader& ar, AsWord& w) { w.text = ar.Word(); }
inline void save(CheckpointWriter& ar, const AsRelative& r) {
  ar.Signed(static_cast<int64_t>(static_cast<uint64_t>(r.value) - static_cast<uint64_t>(r.base)));
}
inline void load(CheckpointReader& ar, AsRelative& r) {
  r.value =
      static_cast<int64_t>(static_cast<uint64_t>(ar.Signed()) + static_cast<uint64_t>(r.base));
}
inline void save(CheckpointWriter& ar, const AsTime& t) { ar.Time(t.value); }
inline void load(CheckpointReader& ar, AsTime& t) { t.value = ar.Time(); }
inline void save(CheckpointWriter& ar, const AsHash& h) { ar.Fixed64(h.value); }
inline void load(CheckpointReader& ar, AsHash& h) { h.value = ar.Fixed64(); }
template <typename E>
void save(CheckpointWriter& ar, const AsChoice<E>& c) {
  ar.Varint(static_cast<uint64_t>(c.value));
}
template <typename E>
void load(CheckpointReader& ar, AsChoice<E>& c) {
  const uint64_t v = ar.Varint();
  Require(v <= static_cast<uint64_t>(c.last), "unknown choice");
  c.value = static_cast<E>(v);
}

template <typename A, typename B>
void save(CheckpointWriter& ar, const std::pair<A, B>& p) {
  ar(p.first, p.second);
}
template <typename A, typename B>
void load(CheckpointReader& ar, std::pair<A, B>& p) {
  ar(p.first, p.second);
}
template <typename T, size_t n>
void save(CheckpointWriter& ar, const std::array<T, n>& all) {
  for (const T& t : all) ar(t);
}
template <typename T, size_t n>
void load(CheckpointReader& ar, std::array<T, n>& all) {
  for (T& t : all) ar(t);
}
template <typename T>
void save(CheckpointWriter& ar, const std::optional<T>& value) {
  ar(value.has_value());
  if (value.has_value()) ar(*value);
}
template <typename T>
void load(CheckpointReader& ar, std::optional<T>& value) {
  bool there = false;
  ar(there);
  value.reset();
  if (there) ar(value.emplace());
}
template <typename T>
void save(CheckpointWriter& ar, const std::vector<T>& all) {
  ar.Varint(all.size());
  for (const T& t : all) ar(t);
}
// Memory grows with what was really read, not with the size that is claimed.
template <typename T>
void load(CheckpointReader& ar, std::vector<T>& all) {
  const size_t n = ar.Count();
  all.clear();
  all.reserve(std::min(n, 1 + ar.left() / sizeof(T)));
  for (size_t i = 0; i < n; ++i) {
    T t{};
    ar(t);
    all.push_back(std::move(t));
  }
}

// Maps and sets are written in order of their keys, whatever the order of their tables.
template <typename Map>
void SaveMap(CheckpointWriter& ar, const Map& map) {
  std::vector<const typename Map::value_type*> order;
  order.reserve(map.size());
  for (const auto& e : map) order.push_back(&e);
  if (!std::is_sorted(order.begin(), order.end(),
                      [](const auto* a, const auto* b) { return a->first < b->first; })) {
    std::sort(order.begin(), order.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
  }
  ar.Varint(order.size());
  for (const auto* e : order) ar(e->first, e->second);
}
template <typename Map>
void LoadMap(CheckpointReader& ar, Map* map) {
  map->clear();
  for (size_t n = ar.Count(); n > 0; --n) {
    typename Map::key_type key{};
    typename Map::mapped_type value{};
    ar(key, value);
    Require(map->try_emplace(std::move(key), std::move(value)).second, "key twice");
  }
}
template <typename K, typename V, typename... More>
void save(CheckpointWriter& ar, const absl::flat_hash_map<K, V, More...>& map) {
  SaveMap(ar, map);
}
template <typename K, typename V, typename... More>
void load(CheckpointReader& ar, absl::flat_hash_map<K, V, More...>& map) {
  LoadMap(ar, &map);
}
template <typename K, typename V, typename... More>
void save(CheckpointWriter& ar, const std::map<K, V, More...>& map) {
  SaveMap(ar, map);
}
template <typename K, typename V, typename... More>
void load(CheckpointReader& ar, std::map<K, V, More...>& map) {
  LoadMap(ar, &map);
}
template <typename T, typename... More>
void save(CheckpointWriter& ar, const absl::flat_hash_set<T, More...>& set) {
  std::vector<T> order(set.begin(), set.end());
  std::sort(order.begin(), order.end());
  ar(order);
}
template <typename T, typename... More>
void load(CheckpointReader& ar, absl::flat_hash_set<T, More...>& set) {
  std::vector<T> all;
  ar(all);
  set.clear();
  set.insert(all.begin(), all.end());
  Require(set.size() == all.size(), "key twice");
}
// NOLINTEND(readability-identifier-naming)

}  // namespace culprit
