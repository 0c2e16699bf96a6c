// What each path answers, apart from the network. Thread-safe: several requests at a time.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/serve/access.h"
#include "engine/serve/backend.h"
#include "engine/serve/message.h"
#include "engine/serve/metrics.h"
#include "engine/serve/tap_filter.h"

namespace culprit {

class Api {
 public:
  Api(ServeBackend backend, Secret token);

  // May take as long as a reload does. `tap` in the answer: go on with OpenTap.
  ServeResponse Handle(const ServeRequest& request);

  struct Tap {
    TapFilter filter;
    TapReader read;
  };
  // After Handle said so, for the same request.
  absl::StatusOr<Tap> OpenTap(const ServeRequest& request) const;

 private:
  ServeResponse Route(const ServeRequest& request);
  ServeResponse Ready(bool detail) const;
  ServeResponse Reload();
  ServeResponse Incidents(const ServeRequest& request) const;
  ServeResponse IncidentById(const std::string& id) const;
  ServeResponse Desk() const;
  ServeResponse IncidentPage(const std::string& id) const;

  const ServeBackend backend_;
  const Access access_;
  mutable Metrics metrics_;
  std::mutex reload_mutex_;  // held while a reload is under way
};

}  // namespace culprit
