#include "sinks/kafka/kafka_sink.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/port/kafka.h"
#include "sinks/common/message.h"
#include "sinks/common/outcome.h"

namespace culprit {
namespace {

// Of one message; outlives the attempt when that ends first, and is then deleted by the report.
struct Report {
  bool done = false;
  bool abandoned = false;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  int32_t partition = -1;
  int64_t offset = -1;
};

void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void*) noexcept {
  auto* report = static_cast<Report*>(message->_private);
  if (report->abandoned) {
    delete report;
    return;
  }
  report->done = true;
  report->error = message->err;
  report->partition = message->partition;
  report->offset = message->offset;
}

bool Permanent(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return true;
    default:
      return false;
  }
}

// What the connections said last: a message that finds no way only says that it timed out.
struct Connections {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string said;
};

void OnError(rd_kafka_t*, int error, const char* said, void* connections) noexcept {
  // Follows from the others, and would hide them.
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
  auto& out = *static_cast<Connections*>(connections);
  out.error = static_cast<rd_kafka_resp_err_t>(error);
  out.said = said;
}

DeliveryResult NoWay(const Connections& connections) {
  const std::string text = absl::StrCat("Kafka: no answer in time",
                                        connections.said.empty() ? "" : ": ", connections.said);
  // A handshake that fails at its first step is told as a connection that broke.
  const bool tls = connections.said.find("SSL routines") != std::string::npos;
  switch (tls ? RD_KAFKA_RESP_ERR__SSL : connections.error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return Rejected("auth", text);
    case RD_KAFKA_RESP_ERR__SSL:
      if (text.find("expired") != std::string::npos) return RetryLater("expired", text);
      if (text.find("certificate") != std::string::npos) return Rejected("certificate", text);
      return RetryLater("tls", text);
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return RetryLater("dns", text);
    default:
      return RetryLater("timeout", text);
  }
}

DeliveryResult Failed(rd_kafka_resp_err_t error, const Connections& connections) {
  if (error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) return NoWay(connections);
  const std::string text = absl::StrCat("Kafka: ", rd_kafka_err2str(error));
  if (!Permanent(error)) return RetryLater("other", text);
  const bool size =
      error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
  return Rejected(size ? "too_large" : "auth", text);
}

// `connections` outlives it.
absl::StatusOr<KafkaHandle> MakeProducer(const KafkaSinkConfig& config, Connections* connections) {
  KafkaSettings settings;
  std::map<std::string, std::string> properties =
      KafkaProperties(config, {{"client.id", "culprit"}, {"linger.ms", "0"}});
  properties["enable.idempotence"] = "true";
  properties["message.timeout.ms"] = absl::StrCat(config.timeout / 1000);
  CULPRIT_RETURN_IF_ERROR(settings.SetAll(properties));
  rd_kafka_conf_set_dr_msg_cb(settings.get(), OnReport);
  rd_kafka_conf_set_error_cb(settings.get(), OnError);
  rd_kafka_conf_set_opaque(settings.get(), connections);
  // What goes wrong is in the outcome; standard error is not for libraries.
  rd_kafka_conf_set_log_cb(settings.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  return settings.Make(RD_KAFKA_PRODUCER);
}

class KafkaSink : public Sink {
 public:
  explicit KafkaSink(const KafkaSinkConfig& config) : config_(config) {}
  absl::Status Start() {
    CULPRIT_ASSIGN_OR_RETURN(producer_, MakeProducer(config_, &connections_));
    return absl::OkStatus();
  }
  ~KafkaSink() override {
    if (producer_ != nullptr) Purge();
  }
  std::string_view type() const override { return "kafka"; }
  std::string Preview(const Notification& n) const override { return NotificationJson(n); }

  DeliveryResult Deliver(const Notification& n) override {
    if (rd_kafka_fatal_error(producer_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Purge();
      if (const absl::Status status = Start(); !status.ok())
        return RetryLater("other", std::string(status.message()));
    }
    connections_ = {};
    const std::string body = NotificationJson(n);
    const std::string& key = n.incident.id;
    auto report = std::make_unique<Report>();
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        producer_.get(), RD_KAFKA_V_TOPIC(config_.topic.c_str()),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(body.data()), body.size()),
        RD_KAFKA_V_HEADER("culprit-notification", n.id.data(), static_cast<ssize_t>(n.id.size())),
        RD_KAFKA_V_OPAQUE(report.get()), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(error, connections_);
    // librdkafka gives the message up after message.timeout.ms; a little more, for its report.
    const auto deadline = std::chrono::steady_clock::now() +
                          std::chrono::microseconds(config_.timeout) + std::chrono::seconds(2);
    while (!report->done && std::chrono::steady_clock::now() < deadline)
      rd_kafka_poll(producer_.get(), 50);
    if (!report->done) {
      report.release()->abandoned = true;
      return NoWay(connections_);
    }
    if (report->error != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(report->error, connections_);
    return Delivered("", absl::StrCat(config_.topic, " ", report->partition, "@", report->offset));
  }

 private:
  // Lets nothing be sent after we said that it failed, and frees what is in flight.
  void Purge() {
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer_.get(), 1000);
  }

  const KafkaSinkConfig config_;
  Connections connections_;
  KafkaHandle producer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeKafkaSink(const KafkaSinkConfig& config) {
  if (config.brokers.empty() || config.topic.empty())
    return absl::InvalidArgumentError("kafka: 'brokers' and 'topic' are required");
  auto sink = std::make_unique<KafkaSink>(config);
  CULPRIT_RETURN_IF_ERROR(sink->Start());
  return sink;
}

}  // namespace culprit
