#include "sinks/opsgenie/opsgenie_sink.h"

#include <cctype>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "sinks/common/message.h"
#include "sinks/common/plain_text.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMessageUnits = 130;
constexpr size_t kAliasBytes = 512;
constexpr size_t kDescriptionUnits = 15'000;
constexpr size_t kNoteUnits = 25'000;
constexpr size_t kTagUnits = 50;
constexpr size_t kMaxTags = 20;
constexpr size_t kUserUnits = 100;
constexpr size_t kDetailsUnits = 8'000;  // of all names and values together
constexpr char kNoteText[] =
    "{{event_text}}{{#text}}: {{text}}{{/text}}\n{{component}} · {{confidence}} {{share}} · "
    "{{severity}} · {{status}}\n{{notification_id}}";

// Letters, digits and what never needs escaping in a URL's path.
std::string PathEscaped(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != std::string_view::npos)
      out += c;
    else
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

class OpsgenieSink : public Sink {
 public:
  explicit OpsgenieSink(const OpsgenieSinkConfig& config) : config_(config), http_(config.http) {
    http_.filter.Add(config.api_key);
  }
  std::string_view type() const override { return "opsgenie"; }

  std::string Preview(const Notification& n) const override {
    return PathOf(n) + "\n" + Json::parse(Payload(n)).dump(2);
  }

  DeliveryResult Deliver(const Notification& n) override {
    // All else collapses there by itself.
    if (n.maybe_sent && ActionOf(n) == Action::kNote) {
      const HttpResponse notes = Exchange({.url = config_.url + PathOf(n) + "&limit=100"});
      if (notes.status == 200 && notes.body.find(n.id) != std::string::npos)
        return Delivered(Alias(n), "the alert has the note");
      // Who may not look rather says it twice than not at all.
      if (const DeliveryResult result = http_.Outcome(notes);
          result.outcome == DeliveryOutcome::kRetry)
        return result;
    }
    DeliveryResult result =
        http_.Outcome(Exchange({.method = "POST",
                                .url = config_.url + PathOf(n),
                                .headers = {{"Content-Type", "application/json; charset=utf-8"}},
                                .body = Payload(n)}));
    if (result.outcome == DeliveryOutcome::kDelivered) result.receipt = Alias(n);
    return result;
  }

 private:
  HttpResponse Exchange(HttpRequest request) {
    request.secret_headers = {{"Authorization", Secret("GenieKey " + config_.api_key.Reveal())}};
    return http_.Send(std::move(request));
  }

  enum class Action : uint8_t { kCreate, kAcknowledge, kNote, kClose };

  // A second `create` of a known alias is only counted there: what changed goes into a note.
  static Action ActionOf(const Notification& n) {
    if (IsOver(n)) return Action::kClose;
    switch (n.event) {
      case NotifyEvent::kAcknowledged:
        return Action::kAcknowledge;
      case NotifyEvent::kUpdated:
      case NotifyEvent::kNote:
      case NotifyEvent::kFlapping:
        return Action::kNote;
      default:
        return Action::kCreate;
    }
  }
  static std::string Alias(const Notification& n) { return CutBytes(n.dedup_key, kAliasBytes); }

  static std::string PathOf(const Notification& n) {
    constexpr const char* kWhat[] = {"", "acknowledge", "notes", "close"};
    const Action action = ActionOf(n);
    if (action == Action::kCreate) return "/v2/alerts";
    return absl::StrCat("/v2/alerts/", PathEscaped(Alias(n)), "/",
                        kWhat[static_cast<size_t>(action)], "?identifierType=alias");
  }

  std::string Payload(const Notification& n) const {
    const TemplateData data = MessageData(n, {});
    Json out;
    out["source"] = "culprit";
    if (!n.owner.empty()) out["user"] = CutUnits(n.owner, kUserUnits);
    if (ActionOf(n) != Action::kCreate) {
      out["note"] = CutUnits(FillTemplate(kNoteText, data), kNoteUnits);
      return Dump(out);
    }
    const std::string message =
        OneLine(FillTemplate(config_.message.empty() ? "{{title}}" : config_.message, data));
    out["message"] = CutUnits(message.empty() ? n.incident.id : message, kMessageUnits);
    out["alias"] = Alias(n);
    out["description"] = CutUnits(PlainText(n, config_.description), kDescriptionUnits);
    out["priority"] = config_.priorities[static_cast<size_t>(n.incident.severity)];
    out["entity"] = CutUnits(n.incident.root.component, 512);
    Json tags = Json::array();
    for (const std::string& tag : config_.tags)
      if (tags.size() < kMaxTags) tags.push_back(CutUnits(tag, kTagUnits));
    if (n.drill) tags.push_back("drill");
    out["tags"] = std::move(tags);
    if (!n.team.empty()) out["responders"] = {{{"type", "team"}, {"name", n.team}}};
    Json details = Json::object();
    size_t room = kDetailsUnits;
    const auto detail = [&](const std::string& name, const std::string& value) {
      const size_t size = Utf16Length(name) + Utf16Length(value);
      if (value.empty() || size > room) return;
      room -= size;
      details[name] = value;
    };
    detail("incident", n.incident.id);
    detail("url", n.url);
    detail("failure mode", n.incident.root.failure_mode);
    for (const auto& [name, value] : n.labels) detail(name, value);
    out["details"] = std::move(details);
    return Dump(out);
  }
  static std::string Dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  const OpsgenieSinkConfig config_;
  HttpSender http_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeOpsgenieSink(const OpsgenieSinkConfig& config) {
  if (config.api_key.empty()) return absl::InvalidArgumentError("opsgenie: 'api_key' is required");
  return std::make_unique<OpsgenieSink>(config);
}

}  // namespace culprit
