// What each path answers, apart from the network. Thread-safe: several requests at a time.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/serve/access.h"
#include "engine/serve/backend.h"
#include "engine/serve/hooks.h"
#include "engine/serve/message.h"
#include "engine/serve/metrics.h"
#include "engine/serve/operations.h"
#include "engine/serve/tap_filter.h"

namespace culprit {

class Api {
 public:
  Api(ServeBackend backend, Secret token, HookOptions hooks = {});

  // May take as long as a reload, an action or a drill does, unless the method is GET or HEAD.
  // `tap` in the answer: go on with OpenTap.
  ServeResponse Handle(const ServeRequest& request);

  // Every method and path that is answered, "{id}" for one of an incident or a silence.
  static std::vector<std::pair<std::string, std::string>> Routes();

  struct Tap {
    TapFilter filter;
    TapReader read;
  };
  // After Handle said so, for the same request.
  absl::StatusOr<Tap> OpenTap(const ServeRequest& request) const;

 private:
  struct RouteEntry;
  static const RouteEntry kRoutes[];

  ServeResponse Route(const ServeRequest& request);
  ServeResponse Scrape();
  ServeResponse Ready(bool detail) const;
  ServeResponse Reload();
  ServeResponse Incidents(const ServeRequest& request) const;
  ServeResponse IncidentById(const std::string& id) const;
  ServeResponse Desk() const;
  ServeResponse IncidentPage(const ServeRequest& request, const std::string& id) const;
  std::vector<JournalRow> JournalOf(const std::string& id) const;

  const ServeBackend backend_;
  const Access access_;
  const Operations operations_{&backend_};
  Hooks hooks_;
  Metrics metrics_;
  std::mutex reload_mutex_;  // held while a reload is under way
};

}  // namespace culprit
