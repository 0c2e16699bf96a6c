#include "engine/pipeline/live_knowledge.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace culprit {
namespace {

class Digest {
 public:
  void Add(std::string_view text) {
    for (unsigned char c : text) Byte(c);
    Add(static_cast<int64_t>(text.size()));
  }
  void Add(int64_t number) {
    for (int i = 0; i < 8; ++i) Byte(static_cast<unsigned char>(number >> (8 * i)));
  }
  std::string Hex() const { return absl::StrFormat("%016x", hash_); }

 private:
  void Byte(unsigned char c) { hash_ = (hash_ ^ c) * 0x100000001b3u; }  // FNV-1a

  uint64_t hash_ = 0xcbf29ce484222325u;
};

std::string FingerprintOf(const Knowledge& knowledge) {
  Digest digest;
  for (const SignatureSpec& s : knowledge.signatures) {
    for (const std::string* text : {&s.id, &s.title, &s.regex, &s.component, &s.target})
      digest.Add(*text);
    for (const std::string& service : s.where_services) digest.Add(service);
    for (Level level : s.where_levels) digest.Add(static_cast<int64_t>(level));
    digest.Add(static_cast<int64_t>(s.cls));
    digest.Add(static_cast<int64_t>(s.severity));
    digest.Add(static_cast<int64_t>(s.burst.kind));
    digest.Add(s.burst.count);
    digest.Add(s.burst.within);
    digest.Add(static_cast<int64_t>(s.weak) + 2 * static_cast<int64_t>(s.by_template));
  }
  for (const ComponentSpec& c : knowledge.components) {
    digest.Add(c.name);
    for (const std::string& alias : c.aliases) digest.Add(alias);
    for (uint16_t port : c.ports) digest.Add(port);
  }
  for (const EdgeSpec& e : knowledge.edges) {
    digest.Add(e.from);
    digest.Add(e.to);
    digest.Add(static_cast<int64_t>(e.hard));
  }
  for (const FailureModeSpec& m : knowledge.failure_modes) {
    for (const std::string* text : {&m.id, &m.component, &m.from, &m.title}) digest.Add(*text);
    digest.Add(static_cast<int64_t>(m.kind));
    digest.Add(static_cast<int64_t>(m.prior_offset * 1e6));
    for (const ExplainSpec& e : m.explains) {
      digest.Add(e.signature);
      digest.Add(e.at);
      digest.Add(static_cast<int64_t>(e.likelihood * 1e6));
      digest.Add(e.within);
    }
    for (const std::string& spared : m.spares) digest.Add(spared);
  }
  return digest.Hex();
}

}  // namespace

LiveKnowledge::LiveKnowledge(Engine compiled)
    : engine(std::move(compiled)),
      rules(*engine.knowledge, *engine.names, *engine.signatures),
      fingerprint(FingerprintOf(*engine.knowledge)) {
  for (const SignatureSpec& spec : engine.knowledge->signatures) signatures.push_back(spec.id);
}

}  // namespace culprit
