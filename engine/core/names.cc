#include "engine/core/names.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace culprit {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool IsIp(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;  // IPv6
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// A Kubernetes replica-set or pod hash: 5 or 8-10 characters of its alphabet, with a digit or no
// vowel.
bool IsHash(std::string_view part) {
  if (part.size() != 5 && (part.size() < 8 || part.size() > 10)) return false;
  bool digit = false;
  bool vowel = false;
  for (char c : part) {
    if (!std::islower(static_cast<unsigned char>(c)) &&
        !std::isdigit(static_cast<unsigned char>(c)))
      return false;
    digit |= std::isdigit(static_cast<unsigned char>(c)) != 0;
    vowel |= std::string_view("aeiou").find(c) != std::string_view::npos;
  }
  return digit || !vowel;
}

struct Address {
  std::string_view host;
  uint32_t port = 0;
};

Address Split(std::string_view text) {
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    const std::string_view name = text.substr(0, scheme);
    text.remove_prefix(scheme + 3);
    text = text.substr(0, text.find_first_of("/?#"));
    if (const size_t at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
    Address out = Split(text);
    if (out.port == 0 && name == "https") out.port = 443;
    if (out.port == 0 && name == "http") out.port = 80;
    return out;
  }
  while (!text.empty() && (text.front() == '/' || text.front() == '"' || text.front() == '\''))
    text.remove_prefix(1);
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    // Java prints "etcd.prod/10.0.0.5:2379": the name, then the address.
    const std::string_view rest = text.substr(slash + 1);
    Address out = Split(rest);
    if (slash > 0 && (IsIp(out.host) || out.host.empty())) out.host = text.substr(0, slash);
    if (slash > 0 && !IsIp(out.host) && out.host != text.substr(0, slash))
      return Split(text.substr(0, slash));
    return out;
  }
  Address out;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    out.host = text.substr(1, close == std::string_view::npos ? close : close - 1);
    text = close == std::string_view::npos ? std::string_view() : text.substr(close + 1);
  } else if (std::count(text.begin(), text.end(), ':') <= 1) {
    const size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    text = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  } else {
    out.host = text;  // bare IPv6
    return out;
  }
  if (text.size() > 1 && text.front() == ':')
    for (char c : text.substr(1)) {
      if (!std::isdigit(static_cast<unsigned char>(c)) || out.port > 65535) break;
      out.port = out.port * 10 + static_cast<uint32_t>(c - '0');
    }
  return out;
}

// Last label of names that live inside one deployment; others ("api.stripe.com") keep their full
// name.
bool IsInternal(std::string_view host) {
  for (std::string_view end :
       {".local", ".svc", ".internal", ".consul", ".lan", ".localdomain", ".test"})
    if (host.size() > end.size() && host.substr(host.size() - end.size()) == end) return true;
  return false;
}

}  // namespace

std::string_view StripReplicaSuffix(std::string_view name) {
  for (int parts = 0; parts < 2; ++parts) {
    const size_t dash = name.find_last_of("-_");
    if (dash == std::string_view::npos || dash == 0 || dash + 1 == name.size()) break;
    const std::string_view tail = name.substr(dash + 1);
    const bool ordinal = parts == 0 && tail.size() <= 3 &&
                         tail.find_first_not_of("0123456789") == std::string_view::npos;
    if (!ordinal && !IsHash(tail)) break;
    name = name.substr(0, dash);
    if (ordinal) break;
  }
  return name;
}

NameResolver::NameResolver(const Knowledge& knowledge) {
  const auto is_user = [&](const ComponentSpec& spec) {
    return std::any_of(spec.packs.begin(), spec.packs.end(),
                       [&](uint32_t pack) { return knowledge.packs[pack].user; });
  };
  for (const ComponentSpec& spec : knowledge.components) by_name_[Lower(spec.name)] = spec.name;
  for (const ComponentSpec& spec : knowledge.components)
    for (const std::string& alias : spec.aliases) by_name_.try_emplace(Lower(alias), spec.name);
  // The user's own components win a port over the built-in ones; two of a kind leave it unbound.
  for (const bool user : {true, false}) {
    std::map<uint32_t, std::vector<std::string>> ports;
    for (const ComponentSpec& spec : knowledge.components)
      if (is_user(spec) == user)
        for (uint16_t port : spec.ports) ports[port].push_back(spec.name);
    for (const auto& [port, names] : ports)
      by_port_.try_emplace(port, names.size() == 1 ? names[0] : std::string());
  }
  std::erase_if(by_port_, [](const auto& entry) { return entry.second.empty(); });
}

const std::string* NameResolver::Declared(std::string_view name) const {
  const auto found = by_name_.find(Lower(name));
  return found == by_name_.end() ? nullptr : &found->second;
}

const std::string* NameResolver::ByPort(uint32_t port) const {
  const auto found = by_port_.find(port);
  return found == by_port_.end() ? nullptr : &found->second;
}

std::string NameResolver::Service(std::string_view service) const {
  if (service.empty()) return "unknown";
  if (const std::string* name = Declared(service)) return *name;
  const std::string_view base = StripReplicaSuffix(service);
  if (base.size() != service.size())
    if (const std::string* name = Declared(base)) return *name;
  return std::string(base);
}

std::string NameResolver::Target(std::string_view address) const {
  const Address at = Split(address);
  const bool ip = IsIp(at.host);
  const bool loopback = at.host == "localhost" || at.host == "127.0.0.1" || at.host == "::1";
  if (!at.host.empty() && !ip && !loopback) {
    if (const std::string* name = Declared(at.host)) return *name;
    std::string_view rest = at.host;
    const bool ours =
        rest.find('.') == std::string_view::npos || IsInternal(rest) || ByPort(at.port);
    for (int label = 0; ours && label < 2 && !rest.empty(); ++label) {
      const size_t dot = rest.find('.');
      const std::string_view first = rest.substr(0, dot);
      if (const std::string* name = Declared(first)) return *name;
      if (const std::string* name = Declared(StripReplicaSuffix(first))) return *name;
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    }
  }
  if (const std::string* name = ByPort(at.port); name != nullptr && at.port != 80 && at.port != 443)
    return *name;
  if (at.host.empty()) return "";
  if (ip || loopback)
    return at.port == 0 ? (loopback ? "" : "ext:" + std::string(at.host))
                        : "ext:" + std::string(at.host) + ":" + std::to_string(at.port);
  const size_t dot = at.host.find('.');
  if (dot == std::string_view::npos || IsInternal(at.host))
    return std::string(StripReplicaSuffix(at.host.substr(0, dot)));
  return std::string(at.host);
}

}  // namespace culprit
