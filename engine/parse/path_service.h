// The service and the instance that a stream's path names. Pure; any thread.
#pragma once
#include <string>

#include "engine/core/record.h"

namespace culprit {

struct PathService {
  std::string service;   // empty: the path names none
  std::string instance;  // pod, container, or the file's stem where the directory is the service
  std::string rule;      // sentence part: "the directory 'nova' in the path"
};

// The default rule: Kubernetes and Docker layouts, then the nearest directory with a name of its
// own under a log directory, then the file's stem.
PathService ServiceFromPath(const StreamInfo& info);
// Only the nearest directory that is not generic / only the file's stem.
PathService ServiceFromDirectory(const StreamInfo& info);
PathService ServiceFromFile(const StreamInfo& info);

// "app.log.2.gz" -> "app", "api-2026-11-21.log" -> "api". May be empty.
std::string FileStem(std::string_view file_name);
// "ts-order-service-5b67c48447-mv5hb" -> "ts-order-service"; empty: not a pod of a deployment,
// stateful set ("etcd-0") or daemon set ("fluentd-x7k2p").
std::string_view DeploymentOfPod(std::string_view pod);

}  // namespace culprit
