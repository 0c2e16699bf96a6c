// What AWS posts: CloudWatch's envelopes, and Firehose's requests around them or around anything
// else. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/core/time.h"
#include "engine/ingest/http/body.h"
#include "engine/ingest/http/http_config.h"

namespace culprit {

// A subscription record, what `aws logs` prints, or the event of a Lambda function behind a
// subscription ({"awslogs":{"data":..}}); also many, one behind the other.
bool IsCloudWatch(std::string_view body);
// Their events, a line each as ../envelope.h makes it. InvalidArgument: broken; ResourceExhausted:
// more than max_decompressed_bytes; nothing of it is to be used.
absl::Status ReadCloudWatch(const HttpConfig& config, std::string_view body, HttpLines* lines);

// The records of a Firehose request: CloudWatch's envelopes, JSON, or else one message each; packed
// by gzip or not. One that cannot be read is a dead letter, since Firehose would send it again and
// again, with all others. Errors as ReadCloudWatch.
absl::Status ReadFirehose(const HttpConfig& config, std::string_view body, HttpLines* lines);

// The body of an answer to Firehose. `error`: of one that is not 200.
std::string FirehoseAnswer(std::string_view request_id, TimeUs now, std::string_view error);

}  // namespace culprit
