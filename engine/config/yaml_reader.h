// Strict reading of YAML: every key must be known, every value of its type; a mistake is one error
// with file:line, what was found, what was expected. Used only inside engine/config (yaml-cpp stays
// here). Not thread-safe.
#pragma once
#include <yaml-cpp/yaml.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/secret.h"
#include "engine/core/duration.h"
#include "engine/core/knowledge.h"

namespace culprit {

// Collects errors; the first kMaxShown are kept and printed, the rest counted.
class ConfigErrors {
 public:
  void Add(const FileLine& where, std::string_view message);
  bool empty() const { return count_ == 0; }
  // Further messages are only counted: what costs time to word need not be worded.
  bool full() const { return errors_.size() == kMaxShown; }
  // InvalidArgument, one "file:line: message" per line; OK when empty.
  absl::Status ToStatus() const;

 private:
  static constexpr size_t kMaxShown = 20;
  static constexpr size_t kMaxMessageBytes = 2000;
  std::vector<std::string> errors_;
  size_t count_ = 0;
};

// The known word nearest to `word` (edit distance at most a third of it), or empty. Words longer
// than any name are near to none.
std::string Nearest(std::string_view word, const std::vector<std::string_view>& known);

inline constexpr size_t kMaxYamlBytes = 2 << 20;          // of one file
inline constexpr size_t kMaxExpandedBytes = 8 << 20;      // with every alias written out
inline constexpr size_t kNodeBytes = 64;                  // what a node counts besides its text
inline constexpr int kMaxYamlDepth = 64;                  // with every alias written out
inline constexpr DurationUs kMaxDuration = 366 * kDayUs;  // of a value in a file

// Parses one YAML document. Errors (with line), also of what exceeds the limits above, go to
// *errors; then the result is Null. What comes back is a finite tree, however its aliases point.
YAML::Node ParseYaml(const std::string& text, const std::string& file, ConfigErrors* errors);

// "64MiB", "500KB", "1GiB", "512B": a number without a unit is an error.
std::optional<uint64_t> ParseSize(std::string_view text);

// One mapping being read. Finish() reports the keys nobody asked for and keys given twice.
class YamlMap {
 public:
  // `what` names it in errors: "signature etcd/no-leader". A null node reads as an empty mapping.
  YamlMap(const YAML::Node& node, std::string file, std::string_view what, ConfigErrors* errors);

  FileLine where() const { return {file_, line_}; }
  FileLine At(const YAML::Node& node) const;
  const std::string& what() const { return what_; }
  void set_what(std::string_view what) { what_ = what.substr(0, kMaxWhatBytes); }

  YAML::Node Get(std::string_view key);  // undefined node when absent
  bool Has(std::string_view key) { return Get(key).IsDefined(); }
  std::string String(std::string_view key, std::string_view fallback = "");
  std::string RequiredString(std::string_view key);
  bool Bool(std::string_view key, bool fallback);
  int Int(std::string_view key, int fallback, int low, int high);
  DurationUs Duration(std::string_view key, DurationUs fallback);
  // The same, but 0 is allowed ("0" without a unit too).
  DurationUs DurationOrZero(std::string_view key, DurationUs fallback);
  uint64_t Size(std::string_view key, uint64_t fallback, uint64_t low, uint64_t high);
  // `key`, or the first line of the file that `<key>_file` names. Never repeated in errors.
  Secret SecretText(std::string_view key);
  // A scalar or a sequence of scalars.
  std::vector<std::string> Strings(std::string_view key);
  // Value must be one of `names`; returns its index.
  template <typename Names>
  size_t OneOf(std::string_view key, const Names& names, size_t fallback) {
    std::vector<std::string_view> known(std::begin(names), std::end(names));
    return OneOfImpl(key, known, fallback);
  }
  YamlMap Map(std::string_view key, std::string_view what) { return Child(Get(key), what); }
  // Each element of a sequence; an error if it is something else.
  std::vector<YAML::Node> Sequence(std::string_view key);
  YamlMap Child(const YAML::Node& node, std::string_view what) const {
    return YamlMap(node, file_, what, errors_);
  }
  void Error(const YAML::Node& node, std::string_view message) const;
  void Finish();

 private:
  static constexpr size_t kMaxWhatBytes = 200;
  size_t OneOfImpl(std::string_view key, const std::vector<std::string_view>& known,
                   size_t fallback);
  std::string Scalar(const YAML::Node& node, std::string_view key);

  YAML::Node node_;
  std::string file_;
  std::string what_;
  int line_ = 0;
  ConfigErrors* errors_;
  std::vector<std::string_view> asked_;
  std::vector<std::unique_ptr<std::string>> file_keys_;
};

}  // namespace culprit
