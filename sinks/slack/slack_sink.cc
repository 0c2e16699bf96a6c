#include "sinks/slack/slack_sink.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "sinks/common/message.h"
#include "sinks/slack/slack_message.h"

namespace culprit {
namespace {

using Json = nlohmann::json;

// What happened to a call: an outcome, and what Slack said.
struct Answer {
  DeliveryResult result;
  std::string error;  // Slack's word, "channel_not_found"; empty: none
  Json json;
};

bool OneOf(const std::string& word, std::initializer_list<const char*> words) {
  for (const char* one : words)
    if (word == one) return true;
  return false;
}

// An answer of 200 with ok:false.
DeliveryResult Refused(const std::string& error, const HttpResponse& response,
                       const SecretFilter& filter) {
  const std::string text = absl::StrCat("Slack says ", filter.Clean(error, 100));
  if (OneOf(error, {"ratelimited", "rate_limited", "message_limit_exceeded"}))
    return RetryLater("rate_limited", text, RetryAfter(response.Header("retry-after"), 0));
  if (OneOf(error, {"internal_error", "fatal_error", "service_unavailable", "request_timeout",
                    "team_added_to_org", "accesslimited"}))
    return RetryLater("server_error", text);
  if (OneOf(error, {"invalid_auth", "not_authed", "account_inactive", "token_revoked",
                    "token_expired", "no_permission", "missing_scope", "not_allowed_token_type",
                    "org_login_required", "ekm_access_denied", "access_denied"}))
    return Rejected("auth", text);
  if (OneOf(error, {"channel_not_found", "not_in_channel", "is_archived", "restricted_action"}))
    return Rejected("not_found", text + "; invite the app to the channel, or correct 'channel'");
  if (OneOf(error, {"msg_too_long", "msg_blocks_too_long"})) return Rejected("too_large", text);
  return Rejected("client_error", text);
}

// The layout is at fault, not the message.
bool AboutBlocks(const Answer& answer) {
  const std::string& said = answer.error.empty() ? answer.result.error : answer.error;
  return answer.result.outcome == DeliveryOutcome::kRejected &&
         (said.find("block") != std::string::npos ||
          said.find("msg_too_long") != std::string::npos);
}

class SlackSink : public Sink {
 public:
  explicit SlackSink(const SlackSinkConfig& config) : config_(config), http_(config.http) {
    http_.filter.Add(config.bot_token);
    http_.filter.Add(config.signing_secret);
    http_.filter.AddUrl(config.webhook_url.Reveal());
  }

  std::string_view type() const override { return "slack"; }

  std::string Preview(const Notification& n) const override {
    const SlackPlace place{Bot() ? config_.channel : "", "", ""};
    return Json::parse(SlackPayload(n, config_, FormOf(n), place, Buttons())).dump(2);
  }

  DeliveryResult Deliver(const Notification& n) override {
    return Bot() ? DeliverByBot(n) : DeliverByWebhook(n);
  }

 private:
  bool Bot() const { return config_.webhook_url.empty(); }
  // A button that nobody listens to would be worse than none.
  bool Buttons() const { return config_.buttons && !config_.signing_secret.empty(); }

  // A webhook cannot edit: what is worth a message of its own is told in full, the rest in short.
  SlackForm FormOf(const Notification& n) const {
    switch (n.event) {
      case NotifyEvent::kOpened:
      case NotifyEvent::kReopened:
      case NotifyEvent::kRepeat:
      case NotifyEvent::kEscalated:
        return SlackForm::kFull;
      default:
        return Bot() ? SlackForm::kFull : SlackForm::kShort;
    }
  }

  DeliveryResult DeliverByWebhook(const Notification& n) {
    const SlackForm form = FormOf(n);
    const auto post = [&](std::string body) {
      const HttpResponse response = http_.PostJson(config_.webhook_url.Reveal(), std::move(body));
      Answer answer{http_.Outcome(response), "", {}};
      // "no_text", "invalid_payload", "channel_is_archived": the reason is the body.
      if (response.status >= 400 && response.status < 500) answer.error = response.body;
      return answer;
    };
    Answer answer = post(SlackPayload(n, config_, form, {}, Buttons()));
    if (AboutBlocks(answer)) answer = post(SlackPlainPayload(n, config_, form, {}));
    return answer.result;
  }

  DeliveryResult DeliverByBot(const Notification& n) {
    SlackPlace message{config_.channel, "", ""};
    if (const size_t blank = n.receipt.find(' '); blank != std::string::npos) {
      message.channel = n.receipt.substr(0, blank);
      message.ts = n.receipt.substr(blank + 1);
    } else if (n.maybe_sent) {
      const Found found = Find("conversations.history", n, message.channel, "");
      if (found.unknown.outcome == DeliveryOutcome::kRetry) return found.unknown;
      message.ts = found.ts;
      if (!message.ts.empty()) return Done(message, "found what an earlier attempt had posted");
    }
    if (message.ts.empty()) return Post(n, message);

    Answer edited = Call("chat.update", n, SlackForm::kFull, message);
    // Somebody deleted it, or it is too old to be edited: the incident gets a new one.
    if (OneOf(edited.error, {"message_not_found", "cant_update_message", "edit_window_closed"}))
      return Post(n, {config_.channel, "", ""});
    if (edited.result.outcome != DeliveryOutcome::kDelivered) return edited.result;
    if (n.event == NotifyEvent::kOpened || (n.event == NotifyEvent::kUpdated && n.text.empty()))
      return Done(message, "edited");
    if (n.maybe_sent) {
      const Found found = Find("conversations.replies", n, message.channel, message.ts);
      if (found.unknown.outcome == DeliveryOutcome::kRetry) return found.unknown;
      if (!found.ts.empty()) return Done(message, "edited; the thread has it");
    }
    Answer told =
        Call("chat.postMessage", n, SlackForm::kThread, {message.channel, "", message.ts});
    if (told.result.outcome != DeliveryOutcome::kDelivered) return told.result;
    return Done(message, "edited, told in the thread");
  }

  DeliveryResult Post(const Notification& n, const SlackPlace& place) {
    Answer answer = Call("chat.postMessage", n, SlackForm::kFull, place);
    if (answer.result.outcome != DeliveryOutcome::kDelivered) return answer.result;
    const auto text = [&](const char* key) {
      const auto found = answer.json.find(key);
      return found != answer.json.end() && found->is_string() ? found->get<std::string>() : "";
    };
    const std::string channel = text("channel");
    return Done({channel.empty() ? place.channel : channel, text("ts"), ""}, "posted");
  }

  static DeliveryResult Done(const SlackPlace& message, const std::string& what) {
    const std::string receipt =
        message.ts.empty() ? "" : absl::StrCat(message.channel, " ", message.ts);
    return Delivered(receipt, absl::StrCat(what, ": ", receipt));
  }

  Answer Call(const std::string& method, const Notification& n, SlackForm form,
              const SlackPlace& place) {
    Answer answer = Exchange({.method = "POST",
                              .url = absl::StrCat(config_.api_url, "/", method),
                              .body = SlackPayload(n, config_, form, place, Buttons())});
    if (!AboutBlocks(answer)) return answer;
    return Exchange({.method = "POST",
                     .url = absl::StrCat(config_.api_url, "/", method),
                     .body = SlackPlainPayload(n, config_, form, place)});
  }

  struct Found {
    std::string ts;          // of the message that holds the notification's id; empty: none
    DeliveryResult unknown;  // kRetry: nobody knows yet, posting now might be the second time
  };
  // Who is not allowed to look finds nothing: rather a message twice than none.
  Found Find(const std::string& method, const Notification& n, const std::string& channel,
             const std::string& thread) {
    std::string url = absl::StrCat(config_.api_url, "/", method, "?channel=", channel,
                                   "&include_all_metadata=true&limit=100");
    if (!thread.empty()) absl::StrAppend(&url, "&ts=", thread);
    const Answer answer = Exchange({.method = "GET", .url = url});
    if (answer.result.outcome != DeliveryOutcome::kDelivered) return {"", answer.result};
    const auto messages = answer.json.find("messages");
    if (messages == answer.json.end() || !messages->is_array()) return {};
    const Json::json_pointer id("/metadata/event_payload/id");
    for (const Json& message : *messages)
      if (message.contains(id) && message.at(id) == n.id && message.contains("ts") &&
          message.at("ts").is_string())
        return {message.at("ts").get<std::string>(), {}};
    return {};
  }

  Answer Exchange(HttpRequest request) {
    if (request.method == "POST")
      request.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    request.secret_headers = {{"Authorization", Secret("Bearer " + config_.bot_token.Reveal())}};
    const HttpResponse response = http_.Send(std::move(request));
    Answer answer{http_.Outcome(response), "", {}};
    if (answer.result.outcome != DeliveryOutcome::kDelivered) return answer;
    answer.json = Json::parse(response.body, nullptr, false);
    if (!answer.json.is_object()) answer.json = Json::object();
    const auto ok = answer.json.find("ok");
    if (ok == answer.json.end() || !ok->is_boolean()) {
      answer.result = RetryLater("server_error", "the answer is not Slack's: no 'ok' in it");
    } else if (!ok->get<bool>()) {
      const auto error = answer.json.find("error");
      answer.error = error != answer.json.end() && error->is_string() ? error->get<std::string>()
                                                                      : "unknown_error";
      answer.result = Refused(answer.error, response, http_.filter);
    }
    return answer;
  }

  const SlackSinkConfig config_;
  HttpSender http_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeSlackSink(const SlackSinkConfig& config) {
  if (config.webhook_url.empty() == config.bot_token.empty())
    return absl::InvalidArgumentError("slack: give 'webhook_url' or 'bot_token', and not both");
  if (!config.bot_token.empty() && config.channel.empty())
    return absl::InvalidArgumentError("slack: 'bot_token' needs 'channel', an id like C024BE91L");
  return std::make_unique<SlackSink>(config);
}

}  // namespace culprit
