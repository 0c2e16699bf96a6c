#include "engine/port/kafka.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"

namespace culprit {

KafkaTopicList NewKafkaTopicList() { return KafkaTopicList(rd_kafka_topic_partition_list_new(8)); }

KafkaSettings::KafkaSettings() : conf_(rd_kafka_conf_new()) {}

absl::Status KafkaSettings::Set(std::string_view property, std::string_view value) {
  char error[512] = "";
  if (rd_kafka_conf_set(conf_.get(), std::string(property).c_str(), std::string(value).c_str(),
                        error, sizeof(error)) == RD_KAFKA_CONF_OK)
    return absl::OkStatus();
  // librdkafka repeats the value, which may be a secret: only its words about names are passed on.
  const std::string_view words = error;
  const bool unknown = words.find("No such configuration property") != std::string_view::npos;
  return absl::InvalidArgumentError(
      absl::StrCat("kafka property '", ToAbsl(property), "': ",
                   unknown ? "librdkafka knows no such property"
                           : "librdkafka does not take this value; see its CONFIGURATION.md"));
}

absl::Status KafkaSettings::SetAll(const std::map<std::string, std::string>& properties) {
  for (const auto& [property, value] : properties) CULPRIT_RETURN_IF_ERROR(Set(property, value));
  return absl::OkStatus();
}

absl::StatusOr<KafkaHandle> KafkaSettings::Make(rd_kafka_type_t type) {
  char error[512] = "";
  rd_kafka_t* handle = rd_kafka_new(type, conf_.get(), error, sizeof(error));
  if (handle == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("kafka settings do not fit together: ", error));
  static_cast<void>(conf_.release());  // the handle owns it now
  return KafkaHandle(handle);
}

absl::Status KafkaError(rd_kafka_resp_err_t error, std::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(ToAbsl(what), ": ", rd_kafka_err2str(error)));
}

}  // namespace culprit
