#include "engine/serve/operations.h"

#include <openssl/rand.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/base/digest.h"
#include "engine/base/views.h"
#include "engine/serve/access.h"
#include "engine/serve/body_fields.h"
#include "engine/serve/operations_json.h"

namespace culprit {
namespace {

using Json = nlohmann::ordered_json;
using Kind = OperatorAction::Kind;

constexpr size_t kNameBytes = 200;  // of an author, an owner, a sink, an id
constexpr size_t kTextBytes = 8000;
constexpr size_t kMatcherBytes = 1000;

ServeResponse NotHere() {
  return ErrorResponse(501, "not_here", "this culprit tells nobody, so there is nothing to do");
}

// Who does it: as the body says, or the user of Basic authentication.
std::string Author(BodyFields* fields, const ServeRequest& request) {
  std::string author = fields->Text("author", kNameBytes);
  if (author.empty()) author = UserOf(request);
  return author.empty() ? "somebody" : author;
}

std::vector<LabelMatcher> Matchers(BodyFields* fields) {
  std::vector<LabelMatcher> out;
  const std::vector<std::string> texts = fields->Texts("matchers", kMatcherBytes);
  if (texts.empty())
    fields->Refuse("matchers", "missing", R"(a list like ["component=etcd", "severity=~warn.*"])");
  for (const std::string& text : texts) {
    absl::StatusOr<LabelMatcher> matcher = ParseMatcher(text);
    if (matcher.ok())
      out.push_back(*std::move(matcher));
    else
      fields->Refuse("matchers", absl::StrCat("wrong: ", matcher.status().message()),
                     "label=value, label!=value, label=~regex or label!~regex");
  }
  return out;
}

}  // namespace

std::string ActionId(const ServeRequest& request) {
  if (!request.idempotency_key.empty())
    return absl::StrCat("key:",
                        Sha256Hex({request.path, "\n", request.idempotency_key}).substr(0, 32));
  std::string bytes(16, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return absl::StrCat("api:", absl::BytesToHexString(bytes));
}

std::string SilenceIdOf(const std::string& action_id) {
  return absl::StrCat("sil-", Sha256Hex({action_id}).substr(0, 8));
}

TimeUs SilenceStart(const PipelineStats& stats) { return std::max(stats.now, stats.newest); }

ServeResponse Operations::Act(const ServeRequest& request, OperatorAction action,
                              const char* done) const {
  if (!backend_.act) return NotHere();
  if (action.id.empty()) action.id = ActionId(request);
  const absl::Status status = backend_.act(action);
  if (!status.ok()) return ErrorOf(status);
  Json out = {{"done", done}};
  if (!action.incident.empty()) out["incident"] = action.incident;
  out["author"] = action.author;
  out["action_id"] = action.id;
  return JsonAnswer(out);
}

ServeResponse Operations::Acknowledge(const ServeRequest& request, const std::string& id) const {
  BodyFields fields(request);
  OperatorAction action{.kind = Kind::kAcknowledge, .incident = id};
  action.author = Author(&fields, request);
  action.text = fields.Text("text", kTextBytes);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  return Act(request, std::move(action), "acknowledged");
}

ServeResponse Operations::Resolve(const ServeRequest& request, const std::string& id) const {
  BodyFields fields(request);
  OperatorAction action{.kind = Kind::kResolve, .incident = id};
  action.author = Author(&fields, request);
  action.text = fields.Text("text", kTextBytes);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  return Act(request, std::move(action), "resolved");
}

ServeResponse Operations::Note(const ServeRequest& request, const std::string& id) const {
  BodyFields fields(request);
  OperatorAction action{.kind = Kind::kNote, .incident = id};
  action.author = Author(&fields, request);
  action.text = fields.RequiredText("text", kTextBytes);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  return Act(request, std::move(action), "noted");
}

ServeResponse Operations::Assign(const ServeRequest& request, const std::string& id) const {
  BodyFields fields(request);
  OperatorAction action{.kind = Kind::kAssign, .incident = id};
  action.author = Author(&fields, request);
  action.text = fields.RequiredText("owner", kNameBytes);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  return Act(request, std::move(action), "assigned");
}

ServeResponse Operations::Merge(const ServeRequest& request, const std::string& id) const {
  BodyFields fields(request);
  OperatorAction action{.kind = Kind::kMerge, .incident = id};
  action.author = Author(&fields, request);
  action.into = fields.RequiredText("into", kNameBytes);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  return Act(request, std::move(action), "merged");
}

ServeResponse Operations::Journal(const std::string& id) const {
  if (!backend_.journal) return NotHere();
  const absl::StatusOr<std::vector<JournalRow>> rows = backend_.journal(id);
  if (!rows.ok()) return ErrorOf(rows.status());
  if (rows->empty()) {
    const absl::StatusOr<std::optional<IncidentRow>> incident = backend_.incident(id);
    if (!incident.ok()) return ErrorOf(incident.status());
    if (!incident->has_value())
      return ErrorResponse(404, "not_found", absl::StrCat("no incident '", id, "'"));
  }
  return JsonAnswer(JournalJson(*rows));
}

ServeResponse Operations::Silences() const {
  if (!backend_.silences) return NotHere();
  return JsonAnswer(SilencesJson(backend_.silences(), SilenceStart(backend_.stats())));
}

ServeResponse Operations::AddSilence(const ServeRequest& request) const {
  BodyFields fields(request);
  OperatorAction action{.kind = Kind::kSilence};
  SilenceSpec& silence = action.silence;
  action.author = silence.author = Author(&fields, request);
  silence.matchers = Matchers(&fields);
  silence.comment = fields.Text("comment", kTextBytes);
  silence.start = fields.Time("start");
  silence.end = fields.Time("end");
  const DurationUs length = fields.Duration("for");
  if ((length == 0) == (silence.end == kNoTime))
    fields.Refuse("end", length == 0 ? "missing" : "there beside 'for'",
                  "one of 'end' (a moment) and 'for' (2h)");
  const TimeUs now = SilenceStart(backend_.stats());
  const TimeUs from = silence.start == kNoTime ? now : silence.start;
  if (length > 0) silence.end = from + length;
  if (silence.end != kNoTime && silence.end <= std::max(from, now))
    fields.Refuse("end", "not behind the start", "a moment that is still to come");
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  if (!backend_.act) return NotHere();
  action.id = ActionId(request);
  silence.id = SilenceIdOf(action.id);
  const absl::Status status = backend_.act(action);
  if (!status.ok()) return ErrorOf(status);
  silence.start = from;
  Json out = SilenceJson(silence, now);
  out["action_id"] = action.id;
  return JsonAnswer(out);
}

ServeResponse Operations::ExpireSilence(const ServeRequest& request, const std::string& id) const {
  BodyFields fields(request);
  OperatorAction action{.kind = Kind::kExpireSilence, .text = id};
  action.author = Author(&fields, request);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  return Act(request, std::move(action), "expired");
}

ServeResponse Operations::PreviewSilence(const ServeRequest& request) const {
  BodyFields fields(request);
  const std::vector<LabelMatcher> matchers = Matchers(&fields);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  if (!backend_.preview) return NotHere();
  const absl::StatusOr<std::vector<std::string>> ids = backend_.preview(matchers);
  if (!ids.ok()) return ErrorOf(ids.status());
  Json out = Json::array();
  for (const std::string& id : *ids) {
    const absl::StatusOr<std::optional<IncidentRow>> row = backend_.incident(id);
    out.push_back(PreviewJson(id, row.ok() && row->has_value() ? (*row)->json : ""));
  }
  return JsonAnswer({{"incidents", out}});
}

ServeResponse Operations::Drill(const ServeRequest& request) const {
  BodyFields fields(request);
  const std::vector<std::string> sinks = fields.Texts("sinks", kNameBytes);
  if (auto mistake = fields.Finish()) return *std::move(mistake);
  if (!backend_.drill) return NotHere();
  const absl::StatusOr<std::vector<DrillReceipt>> receipts = backend_.drill(sinks);
  if (!receipts.ok()) return ErrorOf(receipts.status());
  return JsonAnswer(ReceiptsJson(*receipts));
}

ServeResponse Operations::Destinations() const {
  if (!backend_.destinations) return NotHere();
  return JsonAnswer(DestinationsJson(backend_.destinations()));
}

}  // namespace culprit
