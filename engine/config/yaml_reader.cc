#include "engine/config/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/views.h"

namespace culprit {

void ConfigErrors::Add(const FileLine& where, std::string_view message) {
  ++count_;
  if (full()) return;
  const std::string_view shown = message.substr(0, kMaxMessageBytes);
  errors_.push_back(absl::StrCat(where.file, ":", where.line, ": ", ToAbsl(shown),
                                 shown.size() < message.size() ? "..." : ""));
}

absl::Status ConfigErrors::ToStatus() const {
  if (empty()) return absl::OkStatus();
  std::string text = absl::StrJoin(errors_, "\n");
  if (errors_.size() < count_)
    absl::StrAppend(&text, "\n(", count_ - errors_.size(), " further errors)");
  return absl::InvalidArgumentError(text);
}

namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

constexpr size_t kMaxNameBytes = 100;

// How deep and how large a document is once every alias is written out; stops where it exceeds a
// limit, so that it ends on aliases that point at themselves.
bool Bounded(const YAML::Node& node, int depth, size_t* bytes) {
  *bytes += kNodeBytes;
  if (depth > kMaxYamlDepth || *bytes > kMaxExpandedBytes) return false;
  if (node.IsScalar()) {
    *bytes += node.Scalar().size();
  } else if (node.IsSequence()) {
    for (const YAML::Node& item : node)
      if (!Bounded(item, depth + 1, bytes)) return false;
  } else if (node.IsMap()) {
    for (const auto& entry : node)
      if (!Bounded(entry.first, depth + 1, bytes) || !Bounded(entry.second, depth + 1, bytes))
        return false;
  }
  return *bytes <= kMaxExpandedBytes;
}

std::string Quoted(std::string_view text) {
  return absl::StrCat("'", ToAbsl(text.substr(0, 60)), text.size() > 60 ? "..." : "", "'");
}

std::string Joined(const std::vector<std::string_view>& words) {
  return absl::StrJoin(std::vector<std::string>(words.begin(), words.end()), ", ");
}

}  // namespace

std::string Nearest(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > kMaxNameBytes) return "";
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    if (candidate.size() > word.size() + best_distance) continue;
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

YAML::Node ParseYaml(const std::string& text, const std::string& file, ConfigErrors* errors) {
  if (text.size() > kMaxYamlBytes) {
    errors->Add({file, 1}, absl::StrCat("larger than ", kMaxYamlBytes >> 20, " MiB; split it"));
    return YAML::Node(YAML::NodeType::Null);
  }
  try {
    YAML::Node node = YAML::Load(text);
    size_t bytes = 0;
    if (Bounded(node, 0, &bytes)) return node;
    errors->Add({file, 1}, absl::StrCat("nested deeper than ", kMaxYamlDepth, " levels or, with ",
                                        "its aliases written out, larger than ",
                                        kMaxExpandedBytes >> 20, " MiB"));
  } catch (const YAML::Exception& e) {
    errors->Add({file, e.mark.line + 1}, absl::StrCat("not valid YAML: ", e.msg));
  }
  return YAML::Node(YAML::NodeType::Null);
}

std::optional<uint64_t> ParseSize(std::string_view text) {
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string_view unit = text.substr(static_cast<size_t>(stop - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  constexpr std::pair<std::string_view, uint64_t> kUnits[] = {{"B", 1},
                                                              {"KB", 1000},
                                                              {"MB", 1000 * 1000},
                                                              {"GB", 1000 * 1000 * 1000},
                                                              {"KiB", uint64_t{1} << 10},
                                                              {"MiB", uint64_t{1} << 20},
                                                              {"GiB", uint64_t{1} << 30},
                                                              {"TiB", uint64_t{1} << 40}};
  for (const auto& [name, factor] : kUnits) {
    if (unit != name) continue;
    if (number > UINT64_MAX / factor) return std::nullopt;
    return number * factor;
  }
  return std::nullopt;
}

// An undefined node cannot be assigned to, so each case builds its own.
YamlMap::YamlMap(const YAML::Node& node, std::string file, std::string_view what,
                 ConfigErrors* errors)
    : node_(node.IsDefined() && node.IsMap() ? node : YAML::Node(YAML::NodeType::Map)),
      file_(std::move(file)),
      errors_(errors) {
  set_what(what);
  if (!node.IsDefined() || node.IsNull()) return;
  line_ = node.Mark().line + 1;
  if (!node.IsMap()) Error(node, absl::StrCat(what_, ": expected a mapping (key: value lines)"));
}

FileLine YamlMap::At(const YAML::Node& node) const {
  const int line = node.IsDefined() ? node.Mark().line : -1;
  return {file_, line >= 0 ? line + 1 : line_};
}

void YamlMap::Error(const YAML::Node& node, std::string_view message) const {
  errors_->Add(At(node), message);
}

YAML::Node YamlMap::Get(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.push_back(key);
  const YAML::Node& node = node_;  // const: operator[] must not insert
  return node[std::string(key)];
}

std::string YamlMap::Scalar(const YAML::Node& node, std::string_view key) {
  if (node.IsScalar()) return node.Scalar();
  Error(node, absl::StrCat(what_, ": '", ToAbsl(key), "' must be one plain value"));
  return "";
}

std::string YamlMap::String(std::string_view key, std::string_view fallback) {
  const YAML::Node node = Get(key);
  return node.IsDefined() && !node.IsNull() ? Scalar(node, key) : std::string(fallback);
}

std::string YamlMap::RequiredString(std::string_view key) {
  const YAML::Node node = Get(key);
  if (node.IsDefined() && !node.IsNull() && !node.IsScalar()) return Scalar(node, key);
  std::string value = node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
  if (value.empty())
    errors_->Add(where(), absl::StrCat(what_, ": '", ToAbsl(key), "' is required"));
  return value;
}

bool YamlMap::Bool(std::string_view key, bool fallback) {
  const YAML::Node node = Get(key);
  if (!node.IsDefined()) return fallback;
  const std::string value = Scalar(node, key);
  if (value == "true") return true;
  if (value == "false") return false;
  Error(node,
        absl::StrCat(what_, ": '", ToAbsl(key), "' must be true or false, not ", Quoted(value)));
  return fallback;
}

int YamlMap::Int(std::string_view key, int fallback, int low, int high) {
  const YAML::Node node = Get(key);
  if (!node.IsDefined()) return fallback;
  const std::string value = Scalar(node, key);
  int number = 0;
  const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && stop == value.data() + value.size() && number >= low &&
      number <= high)
    return number;
  Error(node, absl::StrCat(what_, ": '", ToAbsl(key), "' must be a whole number from ", low, " to ",
                           high, ", not ", Quoted(value)));
  return fallback;
}

DurationUs YamlMap::Duration(std::string_view key, DurationUs fallback) {
  const YAML::Node node = Get(key);
  if (!node.IsDefined()) return fallback;
  const std::string value = Scalar(node, key);
  const std::optional<DurationUs> duration = ParseDuration(value);
  if (duration.has_value() && *duration > 0 && *duration <= kMaxDuration) return *duration;
  Error(node, absl::StrCat(what_, ": '", ToAbsl(key), "' must be a duration with a unit such as ",
                           "30s, 5m or 1h30m, at most ", kMaxDuration / kDayUs, "d, not ",
                           Quoted(value)));
  return fallback;
}

DurationUs YamlMap::DurationOrZero(std::string_view key, DurationUs fallback) {
  const YAML::Node node = Get(key);
  if (node.IsDefined() && node.IsScalar() && (node.Scalar() == "0" || node.Scalar() == "0s"))
    return 0;
  return Duration(key, fallback);
}

uint64_t YamlMap::Size(std::string_view key, uint64_t fallback, uint64_t low, uint64_t high) {
  const YAML::Node node = Get(key);
  if (!node.IsDefined()) return fallback;
  const std::string value = Scalar(node, key);
  const std::optional<uint64_t> size = ParseSize(value);
  if (size.has_value() && *size >= low && *size <= high) return *size;
  Error(node,
        absl::StrCat(what_, ": '", ToAbsl(key), "' must be a size with a unit such as ",
                     "512KiB, 64MiB or 1GiB, from ", low, "B to ", high, "B, not ", Quoted(value)));
  return fallback;
}

Secret YamlMap::SecretText(std::string_view key) {
  const std::string file_key = absl::StrCat(ToAbsl(key), "_file");
  const YAML::Node here = Get(key);
  // The name must outlive this map, which remembers what was asked for as views.
  file_keys_.push_back(std::make_unique<std::string>(file_key));
  const YAML::Node file = Get(*file_keys_.back());
  if (here.IsDefined() && file.IsDefined()) {
    Error(file, absl::StrCat(what_, ": give '", ToAbsl(key), "' or '", file_key, "', not both"));
    return Secret();
  }
  if (here.IsDefined()) return Secret(Scalar(here, key));
  if (!file.IsDefined()) return Secret();
  const std::string path = Scalar(file, file_key);
  std::ifstream in(path);
  std::string text;
  if (!in || !std::getline(in, text)) {
    Error(file,
          absl::StrCat(what_, ": '", file_key, "': ", path,
                       " cannot be read, or is empty; expected the secret in its first line"));
    return Secret();
  }
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return Secret(std::move(text));
}

std::vector<std::string> YamlMap::Strings(std::string_view key) {
  const YAML::Node node = Get(key);
  std::vector<std::string> out;
  if (!node.IsDefined() || node.IsNull()) return out;
  if (node.IsScalar()) {
    out.push_back(node.Scalar());
  } else if (node.IsSequence()) {
    for (const YAML::Node& item : node) {
      if (item.IsScalar()) {
        out.push_back(item.Scalar());
      } else {
        Error(item, absl::StrCat(what_, ": '", ToAbsl(key), "' must be a list of plain values ",
                                 "(quote a text that holds ': ' or starts with { or [)"));
      }
    }
  } else {
    Error(node, absl::StrCat(what_, ": '", ToAbsl(key), "' must be a list of plain values"));
  }
  return out;
}

size_t YamlMap::OneOfImpl(std::string_view key, const std::vector<std::string_view>& known,
                          size_t fallback) {
  const YAML::Node node = Get(key);
  if (!node.IsDefined()) return fallback;
  const std::string value = Scalar(node, key);
  for (size_t i = 0; i < known.size(); ++i)
    if (known[i] == value) return i;
  Error(node, absl::StrCat(what_, ": '", ToAbsl(key), "' is ", Quoted(value), "; expected one of ",
                           Joined(known)));
  return fallback;
}

std::vector<YAML::Node> YamlMap::Sequence(std::string_view key) {
  const YAML::Node node = Get(key);
  std::vector<YAML::Node> out;
  if (!node.IsDefined() || node.IsNull()) return out;
  if (!node.IsSequence()) {
    Error(node,
          absl::StrCat(what_, ": '", ToAbsl(key), "' must be a list (lines starting with -)"));
    return out;
  }
  for (const YAML::Node& item : node) out.push_back(item);
  return out;
}

void YamlMap::Finish() {
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (!seen.insert(key).second)
      Error(entry.first, absl::StrCat(what_, ": key '", key, "' is given twice"));
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    if (errors_->full()) {
      errors_->Add(At(entry.first), "");
      continue;
    }
    const std::string near = Nearest(key, asked_);
    Error(entry.first,
          absl::StrCat(what_, ": unknown key '", key, "'",
                       near.empty() ? absl::StrCat("; expected one of ", Joined(asked_))
                                    : absl::StrCat("; did you mean '", near, "'?")));
  }
}

}  // namespace culprit
