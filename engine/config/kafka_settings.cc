#include "engine/config/kafka_settings.h"

#include "absl/strings/str_join.h"

namespace culprit {

void ReadKafkaCluster(YamlMap* map, KafkaCluster* cluster) {
  cluster->brokers = absl::StrJoin(map->Strings("brokers"), ",");
  if (cluster->brokers.empty())
    map->Error({}, map->what() + ": 'brokers' is required: [host:9092]");
  if (map->Has("tls")) {
    cluster->tls = true;
    if (map->Get("tls").IsScalar()) {
      cluster->tls = map->Bool("tls", true);
    } else {
      YamlMap tls = map->Map("tls", map->what() + ": tls");
      cluster->ca_file = tls.String("ca_file");
      cluster->certificate_file = tls.String("cert_file");
      cluster->key_file = tls.String("key_file");
      tls.Finish();
    }
  }
  if (map->Has("sasl")) {
    YamlMap sasl = map->Map("sasl", map->what() + ": sasl");
    constexpr std::string_view kMechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
    cluster->sasl_mechanism = kMechanisms[sasl.OneOf("mechanism", kMechanisms, 0)];
    cluster->username = sasl.RequiredString("username");
    cluster->password = sasl.SecretText("password");
    sasl.Finish();
  }
  const YAML::Node properties = map->Get("properties");
  if (!properties.IsDefined() || properties.IsNull()) return;
  if (!properties.IsMap()) {
    map->Error(properties,
               map->what() + ": 'properties' must be librdkafka's properties and values");
    return;
  }
  for (const auto& entry : properties)
    if (entry.first.IsScalar() && entry.second.IsScalar())
      cluster->properties[entry.first.Scalar()] = entry.second.Scalar();
    else
      map->Error(entry.second, map->what() + ": a property needs one plain value");
}

}  // namespace culprit
