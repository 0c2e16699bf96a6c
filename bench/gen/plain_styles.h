// Sixteen ways in which services write plain-text logs: a header each, and messages with slots.
// All texts are made up for this generator. Stateless.
#pragma once
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gen/rng.h"

namespace culprit::bench {

// The event time of the line being made.
struct Moment {
  std::tm utc{};
  int64_t seconds = 0;
  int micros = 0;
};

struct Style {
  const char* name;    // a service of that kind
  const char* header;  // strftime, then slots
  std::vector<const char*> messages;
};

const std::vector<Style>& PlainStyles();

// Headers of plain lines that carry a failure, whatever style is around them.
const std::vector<const char*>& FailureHeaders();

// Appends `text` with its slots filled: {n} number, {d} digit, {ip}, {port}, {hex} 8 digits,
// {uuid}, {svc}, {ms} milliseconds of the moment, {us}, {epoch}, {word}, {prose} some words,
// {level}.
void FillSlots(std::string_view text, const Moment& moment, std::string_view service, Rng& rng,
               std::string* out);

// Appends `number` in decimal, at least `width` digits.
void AppendNumber(uint64_t number, int width, std::string* out);

}  // namespace culprit::bench
