// A password, key or token from the configuration. Never printed: neither streams nor fmt nor
// StrCat take it, and comparing takes the same time whatever differs. Any thread may read it.
#pragma once
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace culprit {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other) {
    if (this != &other) Assign(other.value_);
    return *this;
  }
  ~Secret() { Wipe(); }

  bool empty() const { return value_.empty(); }
  // The secret itself: for the library that needs it, never for a message.
  const std::string& Reveal() const { return value_; }
  // True if `other` is the secret; how long it takes tells nothing but the length.
  bool Matches(std::string_view other) const {
    if (other.size() != value_.size()) return false;
    unsigned char difference = 0;
    for (size_t i = 0; i < other.size(); ++i) {
      difference |= static_cast<unsigned char>(other[i] ^ value_[i]);
    }
    return difference == 0;
  }

 private:
  void Assign(const std::string& value) {
    Wipe();
    value_ = value;
  }
  void Wipe() {
    if (!value_.empty()) explicit_bzero(value_.data(), value_.size());
    value_.clear();
  }
  std::string value_;
};

}  // namespace culprit
