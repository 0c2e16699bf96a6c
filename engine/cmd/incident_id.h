// Incidents by a part of their id, as people type it. One thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/cmd/remote.h"
#include "engine/state/live_store.h"

namespace culprit {

// The one of `ids` that is `text`, else the only one that begins with it, with or without "INC-",
// or whose last part (behind the last '-') does. NotFound; InvalidArgument: several do, it names
// some.
absl::StatusOr<std::string> ChooseIncident(std::string_view text,
                                           const std::vector<std::string>& ids);

// Of a running culprit; of a state directory. Among the 500 newest, unless it is a whole id.
absl::StatusOr<std::string> FindIncident(Remote* remote, const std::string& text);
absl::StatusOr<IncidentRow> FindIncident(LiveStore* store, const std::string& text);

}  // namespace culprit
