// The JSON body of a request, field by field. The first mistake is kept: it names the field and
// what was expected. One thread.
#pragma once
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/serve/message.h"

namespace culprit {

class BodyFields {
 public:
  static constexpr size_t kMostTexts = 64;  // of a list

  // An empty body reads as {}. What is not said to be application/json is a mistake: forms of other
  // origins cannot say so.
  explicit BodyFields(const ServeRequest& request);
  ~BodyFields();

  bool Has(std::string_view name) const;
  // Empty if it is not there. Longer than `max_bytes`, control characters but line breaks and tabs,
  // blanks alone: a mistake.
  std::string Text(std::string_view name, size_t max_bytes);
  std::string RequiredText(std::string_view name, size_t max_bytes);
  // A list of texts, or one text.
  std::vector<std::string> Texts(std::string_view name, size_t max_bytes);
  DurationUs Duration(std::string_view name);  // 0: not there
  TimeUs Time(std::string_view name);          // RFC 3339; kNoTime: not there
  // A mistake that only the reader can see.
  void Refuse(std::string_view name, std::string_view found, std::string_view expected);

  // After all fields were read: the answer to the first mistake; one is also a field nobody asked
  // for.
  std::optional<ServeResponse> Finish();

 private:
  const nlohmann::json* Find(std::string_view name);

  std::unique_ptr<nlohmann::json> body_;
  std::vector<std::string> known_;
  std::optional<ServeResponse> mistake_;
};

}  // namespace culprit
