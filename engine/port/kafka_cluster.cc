#include "engine/port/kafka_cluster.h"

namespace culprit {

std::map<std::string, std::string> KafkaProperties(const KafkaCluster& cluster,
                                                   std::map<std::string, std::string> defaults) {
  std::map<std::string, std::string> out = std::move(defaults);
  const auto put = [&](const char* property, const std::string& value) {
    if (!value.empty()) out[property] = value;
  };
  put("bootstrap.servers", cluster.brokers);
  const bool sasl = !cluster.sasl_mechanism.empty();
  if (cluster.tls || sasl)
    out["security.protocol"] = !sasl ? "ssl" : cluster.tls ? "sasl_ssl" : "sasl_plaintext";
  put("ssl.ca.location", cluster.ca_file);
  put("ssl.certificate.location", cluster.certificate_file);
  put("ssl.key.location", cluster.key_file);
  put("sasl.mechanisms", cluster.sasl_mechanism);
  put("sasl.username", cluster.username);
  put("sasl.password", cluster.password.Reveal());
  for (const auto& [property, value] : cluster.properties) out[property] = value;
  return out;
}

}  // namespace culprit
