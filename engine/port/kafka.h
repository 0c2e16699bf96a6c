// librdkafka's C API behind RAII: configuration with errors that name the property, handles with
// their deleters. Sole door to <librdkafka/rdkafka.h> together with the folders that use it.
#pragma once
#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace culprit {

template <auto Destroy>
struct KafkaDelete {
  template <typename T>
  void operator()(T* p) const {
    Destroy(p);
  }
};

// Close (consumer) or flush (producer) before this goes out of scope: destroying alone drops what
// is in flight.
using KafkaHandle = std::unique_ptr<rd_kafka_t, KafkaDelete<rd_kafka_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDelete<rd_kafka_queue_destroy>>;
using KafkaTopicList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                       KafkaDelete<rd_kafka_topic_partition_list_destroy>>;

KafkaTopicList NewKafkaTopicList();

// Settings under construction. Not thread-safe.
class KafkaSettings {
 public:
  KafkaSettings();
  // InvalidArgument: names the property and what librdkafka says; the value is not repeated.
  absl::Status Set(std::string_view property, std::string_view value);
  absl::Status SetAll(const std::map<std::string, std::string>& properties);
  rd_kafka_conf_t* get() { return conf_.get(); }  // for callbacks

  // A consumer or producer with these settings, which are used up. InvalidArgument: do not fit.
  absl::StatusOr<KafkaHandle> Make(rd_kafka_type_t type);

 private:
  std::unique_ptr<rd_kafka_conf_t, KafkaDelete<rd_kafka_conf_destroy>> conf_;
};

// OK, or Unavailable with `what` and the library's words.
absl::Status KafkaError(rd_kafka_resp_err_t error, std::string_view what);

}  // namespace culprit
