// A notification as Slack's Block Kit, within all its limits. Log text can neither ping anybody nor
// break a block: & < > are escaped, names and links are not looked for (verbatim), fences cannot be
// closed from inside. Pure functions.
#pragma once
#include <string>

#include "engine/core/sink.h"
#include "sinks/slack/slack_sink.h"

namespace culprit {

inline constexpr size_t kSlackHeaderUnits = 150;
inline constexpr size_t kSlackSectionUnits = 3000;
inline constexpr size_t kSlackBlocks = 50;
inline constexpr size_t kSlackMessageBytes = 12'000;  // of all blocks as JSON; 13.2k were refused

enum class SlackForm : uint8_t {
  kFull,    // the message of the incident
  kShort,   // header and what happened
  kThread,  // what happened, for the incident's thread
};

struct SlackPlace {
  std::string channel;
  std::string ts;      // of the message to edit
  std::string thread;  // ts of the message to answer
};

// The request's JSON. `buttons`: the receiver takes clicks.
std::string SlackPayload(const Notification& notification, const SlackSinkConfig& config,
                         SlackForm form, const SlackPlace& place, bool buttons);

// Without blocks: for a Slack that refuses them. Nobody's page is lost over its layout.
std::string SlackPlainPayload(const Notification& notification, const SlackSinkConfig& config,
                              SlackForm form, const SlackPlace& place);

}  // namespace culprit
