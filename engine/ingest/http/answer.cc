#include "engine/ingest/http/answer.h"

#include <algorithm>
#include <utility>

#include "engine/ingest/http/aws.h"
#include "engine/ingest/http/body.h"
#include "engine/ingest/http/otlp_answer.h"

namespace culprit {

std::string_view PathOf(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return path;
}

std::string_view QueryOf(std::string_view target) {
  return target.substr(std::min(target.find('?'), target.size() - 1) + 1);
}

HttpProtocol ProtocolOf(const HttpHead& head) {
  if (!head.firehose_id.empty()) return HttpProtocol::kFirehose;
  constexpr std::string_view kLogs = "v1/logs";
  const std::string_view path = PathOf(head.target);
  if (!path.ends_with(kLogs) || (path != kLogs && path[path.size() - kLogs.size() - 1] != '/')) {
    return HttpProtocol::kRecords;
  }
  return KindOfBody(head.content_type) == BodyKind::kJson ? HttpProtocol::kOtlpJson
                                                          : HttpProtocol::kOtlpProtobuf;
}

HttpAnswer InItsWords(const HttpHead& head, HttpAnswer answer, uint64_t rejected, TimeUs now) {
  const HttpProtocol protocol = ProtocolOf(head);
  if (protocol == HttpProtocol::kRecords) {
    if (!answer.body.empty()) answer.body += '\n';
    return answer;
  }
  if (protocol == HttpProtocol::kFirehose) {
    answer.content_type = "application/json";
    answer.body = FirehoseAnswer(head.firehose_id, now, answer.body);
    return answer;
  }
  const bool json = protocol == HttpProtocol::kOtlpJson;
  answer.content_type = json ? "application/json" : "application/x-protobuf";
  answer.body = answer.status == 200 ? OtlpTaken(json, rejected)
                                     : OtlpRefused(json, answer.status, answer.body);
  return answer;
}

}  // namespace culprit
