// What a log says ("10.0.0.5:2379", "etcd-0.etcd.prod.svc", "core-7d9f8b6c5-x2x9p") -> component
// name. A pure function of its input and the Knowledge: it does not learn, so the order of lines
// never matters. Immutable; share by const&.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/core/knowledge.h"

namespace culprit {

class NameResolver {
 public:
  explicit NameResolver(const Knowledge& knowledge);

  // A logging service: declared name or alias (any case), the same with replica suffixes taken off,
  // else the service as it is. Never empty: "unknown" at worst.
  std::string Service(std::string_view service) const;

  // A captured address: "host:port", "http://user@host:port/path", "[::1]:53", "/10.0.0.5:2379",
  // bare host. Declared name or alias of the host (or of its first or second label), else the one
  // declared component that has this port, else the host's own name, else "ext:<ip>:<port>" for a
  // bare IP. Empty for an empty input.
  std::string Target(std::string_view address) const;

 private:
  const std::string* Declared(std::string_view name) const;
  const std::string* ByPort(uint32_t port) const;

  std::map<std::string, std::string, std::less<>>
      by_name_;                              // lower-case name or alias -> component
  std::map<uint32_t, std::string> by_port_;  // only ports that one component declares
};

// "core-7d9f8b6c5-x2x9p" -> "core", "etcd-0" -> "etcd", "web_2" -> "web", "node3" -> "node3".
std::string_view StripReplicaSuffix(std::string_view name);

}  // namespace culprit
