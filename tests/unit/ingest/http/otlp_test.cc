#include "engine/ingest/http/otlp.h"

#include "engine/core/record.h"
#include "engine/ingest/http/otlp_answer.h"
#include "engine/ingest/http/otlp_record.pb.h"
#include "engine/ingest/http/request.h"
#include "engine/parse/stream_parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// A field of an envelope: protobuf's tag and length in front of the bytes.
std::string Field(int number, std::string_view bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  size_t size = bytes.size();
  for (; size >= 0x80; size >>= 7) out.push_back(static_cast<char>(size | 0x80));
  out.push_back(static_cast<char>(size));
  return out + std::string(bytes);
}

void Set(google::protobuf::RepeatedPtrField<otlp::KeyValue>* attributes, const std::string& key,
         const std::string& value) {
  otlp::KeyValue& attribute = *attributes->Add();
  attribute.set_key(key);
  attribute.mutable_value()->set_string_value(value);
}

std::string Resource(const std::map<std::string, std::string>& attributes) {
  otlp::Resource resource;
  for (const auto& [key, value] : attributes) Set(resource.mutable_attributes(), key, value);
  return resource.SerializeAsString();
}

std::string Record(std::string_view body) {
  otlp::LogRecord record;
  record.set_time_unix_nano(1'795'243'865'123'456'789);
  record.set_severity_number(17);
  record.mutable_body()->set_string_value(std::string(body));
  return record.SerializeAsString();
}

// One ResourceLogs with one ScopeLogs of the records; its resource stands behind them.
std::string ResourceLogs(const std::map<std::string, std::string>& resource,
                         const std::vector<std::string>& records) {
  std::string scope_logs;
  for (const std::string& record : records) scope_logs += Field(2, record);
  return Field(1, Field(2, scope_logs) + Field(1, Resource(resource)));
}

std::string Lines(const absl::StatusOr<OtlpLogs>& logs) {
  if (!logs.ok()) return "error: " + std::string(logs.status().message());
  std::string out;
  for (const HttpLines& lines : logs->services) out += "[" + lines.service + "]\n" + lines.bytes;
  return out;
}

constexpr std::string_view kJson = R"({"resourceLogs": [{
  "resource": {"attributes": [
    {"key": "service.name", "value": {"stringValue": "shop"}},
    {"key": "k8s.pod.name", "value": {"stringValue": "shop-7f"}},
    {"key": "process.command_args", "value": {"arrayValue": {"values": [{"stringValue": "-x"}]}}}]},
  "scopeLogs": [{
    "scope": {"name": "checkout", "version": "1"},
    "logRecords": [
      {"timeUnixNano": "1795243865123456789", "observedTimeUnixNano": 1795243865999999999,
       "severityNumber": 17, "severityText": "Error", "body": {"stringValue": "dial \"tcp\"\nfailed"},
       "attributes": [{"key": "n", "value": {"intValue": "7"}},
                      {"key": "f", "value": {"doubleValue": 0.5}},
                      {"key": "ok", "value": {"boolValue": true}},
                      {"key": "raw", "value": {"bytesValue": "aGk="}},
                      {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {}]}}}],
       "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "unknown": [1]},
      {"observedTimeUnixNano": "1795243866000000000",
       "body": {"kvlistValue": {"values": [{"key": "message", "value": {"stringValue": "m"}}]}}},
      {}]}]}]})";
constexpr std::string_view kLines =
    R"([shop]
{"@timestamp":"2026-11-21T06:51:05.123456789Z","severityText":"Error","severityNumber":17,"service.name":"shop","body":"dial \"tcp\"\nfailed","logger":"checkout","trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","attributes":{"n":7,"f":0.5,"ok":true,"raw":"aGk=","list":[1,null]},"resourceAttributes":{"k8s.pod.name":"shop-7f"}}
{"ObservedTimestamp":"2026-11-21T06:51:06.000000000Z","service.name":"shop","body":{"message":"m"},"logger":"checkout","resourceAttributes":{"k8s.pod.name":"shop-7f"}}
{"service.name":"shop","logger":"checkout","resourceAttributes":{"k8s.pod.name":"shop-7f"}}
)";

// kJson in the other encoding.
std::string Protobuf() {
  otlp::LogRecord one, two;
  one.set_time_unix_nano(1'795'243'865'123'456'789);
  one.set_observed_time_unix_nano(1'795'243'865'999'999'999);
  one.set_severity_number(17);
  one.set_severity_text("Error");
  one.mutable_body()->set_string_value("dial \"tcp\"\nfailed");
  const auto add = [&](const char* key) {
    one.add_attributes()->set_key(key);
    return one.mutable_attributes()->rbegin()->mutable_value();
  };
  add("n")->set_int_value(7);
  add("f")->set_double_value(0.5);
  add("ok")->set_bool_value(true);
  add("raw")->set_bytes_value("hi");
  auto* list = add("list")->mutable_array_value();
  list->add_values()->set_int_value(1);
  list->add_values();
  one.set_trace_id("\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c");
  one.set_span_id("\xee\xe1\x9b\x7e\xc3\xc1\xb1\x74");
  two.set_observed_time_unix_nano(1'795'243'866'000'000'000);
  Set(two.mutable_body()->mutable_kvlist_value()->mutable_values(), "message", "m");
  const std::string scope_logs = Field(2, one.SerializeAsString()) +
                                 Field(2, two.SerializeAsString()) + Field(2, "") +
                                 Field(1, Field(1, "checkout") + Field(2, "1"));
  const std::string resource = Resource(
      {{"service.name", "shop"}, {"k8s.pod.name", "shop-7f"}, {"process.command_args", "-x"}});
  return Field(1, Field(2, scope_logs) + Field(1, resource) + Field(3, "schema"));
}

TEST(Otlp, MakesTheSameLinesOfBothEncodings) {
  const HttpConfig config;
  const auto json = ReadOtlp(config, true, kJson, "");
  EXPECT_EQ(Lines(json), kLines);
  EXPECT_FALSE(json->timed);
  EXPECT_EQ(Lines(ReadOtlp(config, false, Protobuf(), "")), kLines);
  EXPECT_EQ(Lines(ReadOtlp(config, false, "", "")), "");
  EXPECT_EQ(Lines(ReadOtlp(config, true, R"({"resourceLogs":null})", "")), "");
  EXPECT_EQ(Lines(ReadOtlp(config, true, R"({"resourceLogs":[{"scopeLogs":[{}]}]})", "")), "");
}

TEST(Otlp, LinesAreReadAsWhatTheySay) {
  const auto logs = ReadOtlp(HttpConfig(), false, Protobuf(), "");
  ASSERT_TRUE(logs.ok());
  const HttpLines& lines = logs->services.at(0);
  Counters counters;
  StreamParser parser({}, {}, &counters);
  culprit::Record record;
  const std::string_view all = lines.bytes;
  parser.ParseMessage(all.substr(0, lines.begins[1] - 1), kNoTime, "", &record);
  EXPECT_EQ(record.time, 1'795'243'865'123'456);
  EXPECT_EQ(record.level, Level::kError);
  EXPECT_EQ(record.service, "shop");
  EXPECT_EQ(record.instance, "shop-7f");
  EXPECT_EQ(record.message, "dial \"tcp\"\nfailed");
  parser.ParseMessage(all.substr(lines.begins[1], lines.begins[2] - lines.begins[1] - 1), kNoTime,
                      "", &record);
  EXPECT_EQ(record.time, 1'795'243'866'000'000);
  EXPECT_EQ(record.message, "m");
}

TEST(Otlp, OneStreamForEachService) {
  const std::string body =
      ResourceLogs({{"service.name", "a"}}, {Record("1")}) +
      ResourceLogs({{"service.name", "unknown_service:node"}, {"k8s.deployment.name", "b"}},
                   {Record("2"), Record("3")}) +
      ResourceLogs({}, {Record("4")}) + ResourceLogs({{"service.name", "a"}}, {Record("5")});
  const auto logs = ReadOtlp(HttpConfig(), false, body, "fallback");
  ASSERT_TRUE(logs.ok());
  ASSERT_THAT(logs->services, SizeIs(3));
  EXPECT_EQ(logs->services[0].service, "a");
  EXPECT_EQ(logs->services[1].service, "b");
  EXPECT_EQ(logs->services[2].service, "fallback");
  EXPECT_THAT(logs->services[0].begins, SizeIs(2));
  EXPECT_THAT(logs->services[1].begins, SizeIs(2));
}

TEST(Otlp, RejectsRecordsThatAreTooLongAndTakesTheOthers) {
  HttpConfig config;
  config.max_record_bytes = 1024;
  const std::string body = ResourceLogs({}, {Record("1"), Record(std::string(2000, 'x')),
                                             Record(std::string(950, '\n')), Record("2")});
  const auto logs = ReadOtlp(config, false, body, "");
  ASSERT_TRUE(logs.ok());
  EXPECT_EQ(logs->rejected, 2u);
  EXPECT_THAT(logs->services.at(0).begins, SizeIs(2));
  ASSERT_THAT(logs->services[0].dead_letters, SizeIs(2));
  EXPECT_EQ(logs->services[0].dead_letters[1].position, "record 2");
  EXPECT_EQ(OtlpTaken(true, 2),
            R"({"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"longer than )"
            R"(max_record_bytes; kept as dead letters"}})");
  EXPECT_EQ(OtlpTaken(true, 0), "{}");
  EXPECT_EQ(OtlpTaken(false, 0), "");
}

TEST(Otlp, NamesTheRecordThatIsWrong) {
  const HttpConfig config;
  const auto json = [&](std::string_view body) { return Lines(ReadOtlp(config, true, body, "")); };
  EXPECT_THAT(json("[]"), HasSubstr("error: record 0"));
  EXPECT_THAT(json("{"), HasSubstr("error: record 0"));
  const std::string open = R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{},)";
  EXPECT_THAT(json(open + "7]}]}]}"), HasSubstr("error: record 1"));
  EXPECT_THAT(json(open + R"({"timeUnixNano":"soon"}]}]}]})"), HasSubstr("error: record 1: "));
  EXPECT_THAT(json(open + R"({"body":{"stringValue":7)"), HasSubstr("error: record 0"));
  EXPECT_THAT(json("{\"a\":\"\xff\"}"), HasSubstr("error: record 0"));
  const std::string fine = ResourceLogs({}, {Record("1"), Record("2")});
  for (size_t cut = 1; cut < fine.size(); ++cut) {
    EXPECT_THAT(Lines(ReadOtlp(config, false, fine.substr(0, cut), "")), HasSubstr("error: "));
  }
  otlp::AnyValue deep;
  deep.set_string_value("x");
  for (int i = 0; i < 200; ++i) {
    otlp::AnyValue outer;
    outer.mutable_array_value()->add_values()->Swap(&deep);
    deep.Swap(&outer);
  }
  EXPECT_THAT(Lines(ReadOtlp(config, false,
                             ResourceLogs({}, {Field(5, deep.SerializePartialAsString())}), "")),
              HasSubstr("nested too deep"));
}

TEST(Otlp, ARecordThatIsNotUtf8IsRepairedNotRefused) {
  const auto logs = ReadOtlp(HttpConfig(), false, ResourceLogs({}, {Record("caf\xe9 failed")}), "");
  EXPECT_THAT(Lines(logs), HasSubstr("caf\xef\xbf\xbd failed"));
}

TEST(Otlp, SmallRequestsDoNotGrowLarge) {
  HttpConfig config;
  config.max_decompressed_bytes = 1 << 20;
  std::string records;
  for (int i = 0; i < 100'000; ++i) records += Field(2, "");
  const std::string body = Field(
      1, Field(1, Resource({{"k8s.pod.name", std::string(10'000, 'x')}})) + Field(2, records));
  EXPECT_TRUE(absl::IsResourceExhausted(ReadOtlp(config, false, body, "").status()));
  std::string services;
  for (int i = 0; i < 1000; ++i) {
    services += ResourceLogs({{"service.name", "s" + std::to_string(i)}}, {Record("x")});
  }
  const auto logs = ReadOtlp(config, false, services, "");
  ASSERT_TRUE(logs.ok());
  EXPECT_THAT(logs->services, SizeIs(257));
}

HttpHead Head(std::string_view target, std::string_view type) {
  return {.method = "POST", .target = target, .content_type = type};
}

TEST(OtlpRequest, TheSameBytesAreTheSameRequest) {
  const std::string body = ResourceLogs({}, {Record("1")});
  const HttpHead head = Head("/v1/logs", "application/x-protobuf");
  const auto key = [&](std::string_view host, const std::string& bytes) {
    return ReadUpload(HttpConfig(), head, host, bytes, 0)->key;
  };
  EXPECT_EQ(key("h", body), key("h", body));
  EXPECT_NE(key("h", body), key("i", body));
  EXPECT_NE(key("h", body), key("h", ResourceLogs({}, {Record("2")})));
  // Nothing tells two of these apart.
  EXPECT_EQ(key("h", ResourceLogs({}, {""})), "");
}

TEST(OtlpRequest, IsAnsweredInItsEncoding) {
  const HttpHead json = Head("/v1/logs", "application/json; charset=utf-8");
  const auto wrong = ReadUpload(HttpConfig(), json, "h", "{", 0);
  HttpAnswer answer = InItsWords(json, AnswerOf(wrong.status()), 0, 0);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_THAT(answer.body, HasSubstr(R"({"code":3,"message":"record 0: )"));
  const HttpHead protobuf = Head("/otel/v1/logs?x=y", "application/x-protobuf");
  answer = InItsWords(protobuf, {.status = 503, .body = "full"}, 0, 0);
  otlp::Status status;
  ASSERT_TRUE(status.ParseFromString(answer.body));
  EXPECT_EQ(status.code(), 14);
  EXPECT_EQ(status.message(), "full");
  EXPECT_EQ(answer.content_type, "application/x-protobuf");
}

TEST(OtlpRequest, OtherSignalsAndTypesAreRefused) {
  const auto status = [](std::string_view target, std::string_view type) {
    return AnswerOf(ReadUpload(HttpConfig(), Head(target, type), "h", "{}", 0).status()).status;
  };
  EXPECT_EQ(status("/v1/traces", "application/json"), 404);
  EXPECT_EQ(status("/v1/metrics", "application/x-protobuf"), 404);
  EXPECT_EQ(status("/v1/logs", "text/plain"), 415);
  EXPECT_EQ(status("/elsewhere", "application/x-protobuf"), 415);
}

}  // namespace
}  // namespace culprit
