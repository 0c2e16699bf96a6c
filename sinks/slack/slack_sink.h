// Slack: through an incoming webhook (each notification is a message), or with a bot token (one
// message per incident, edited in place, its history in the thread). One thread at a time.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/core/sink.h"
#include "sinks/common/http_sink.h"

namespace culprit {

struct SlackSinkConfig {
  std::string name = "slack";
  Secret webhook_url;   // https://hooks.slack.com/services/...; or:
  Secret bot_token;     // xoxb-..., scope chat:write; channels:history finds what a crash left open
  std::string channel;  // with bot_token: channel id, C024BE91L
  std::string api_url = "https://slack.com/api";
  // Of the Slack app that posts. Set: messages have the buttons Acknowledge, Resolve, Silence 1h
  // and Show evidence, and what Slack sends when one is pressed is taken (engine/serve/hooks.h).
  Secret signing_secret;
  bool buttons = true;  // false: none, although there is a signing_secret
  std::string title;    // template of the header, plain text; empty: built in
  std::string body;     // template of the message, mrkdwn; a blank line begins a block
  std::string update;   // template of what the thread, or a short message, says; mrkdwn
  HttpSinkOptions http;
};

// InvalidArgument: neither or both of webhook and token, no channel.
absl::StatusOr<std::unique_ptr<Sink>> MakeSlackSink(const SlackSinkConfig& config);

}  // namespace culprit
