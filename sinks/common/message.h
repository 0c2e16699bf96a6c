// What a notification says, as names that every sink's templates share, and as the one JSON that
// machines get. Pure functions; any thread may call them. The names: sinks/common/README.md.
#pragma once
#include <string>

#include "engine/core/sink.h"
#include "sinks/common/template.h"
#include "sinks/common/text.h"

namespace culprit {

struct MessageOptions {
  EscapePiece escape = EscapeNothing;
  // A moment as people read it; what it returns is not escaped. Null: FormatMoment().
  std::string (*format_time)(TimeUs) = nullptr;
  size_t proof_lines = 3;
  size_t proof_units = 240;  // of one line of proof, before escaping
  size_t prose_units = 900;  // of an impact, a note, a reason
  // Changes log text before it is escaped, where the medium's markup has more to it than
  // characters. Null: does not.
  std::string (*prepare)(std::string) = nullptr;
};

TemplateData MessageData(const Notification& notification, const MessageOptions& options);

// "2026-03-14 09:04:00 UTC"; "" for kNoTime.
std::string FormatMoment(TimeUs time);

// What a line says: the message of a JSON or logfmt line, else the line.
std::string SaidBy(const std::string& line);

// Colour of the moment: "\U0001F534" for critical, "✅" when resolved.
std::string MarkOf(const Notification& notification);

// {"schema":"culprit/notification/1",...}; format: patterns/schema/notification.schema.json. No
// newline at its end; byte-identical for equal notifications.
std::string NotificationJson(const Notification& notification);

// The inverse; what is missing or of another kind reads as empty. InvalidArgument: no notification.
absl::StatusOr<Notification> ReadNotificationJson(const std::string& text);

// Over at the receiver: resolved, or merged into another one.
bool IsOver(const Notification& notification);

enum class TemplateKind : uint8_t {
  kText,  // anything
  kJson,  // JSON once it is filled in; {{json}} is the whole notification
};
// InvalidArgument, with the line, if a template cannot be used: see CheckTemplate().
absl::Status CheckMessageTemplate(const std::string& text, TemplateKind kind);

// A template of JSON filled in, values escaped for inside of strings.
std::string FillJsonTemplate(const std::string& text, const Notification& notification);

// A full example, for checks of templates and for drills.
Notification SampleNotification();

}  // namespace culprit
