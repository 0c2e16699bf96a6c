// One line of every format: time, level, service, message, format chain.
#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "engine/parse/stream_parser.h"

namespace culprit {
namespace {

constexpr const char* kNoTimeText = "";

struct Case {
  const char* format;
  const char* line;
  const char* time;  // RFC 3339; "" if the line has none
  Level level;
  const char* service;  // "checkout" comes from the path
  const char* message;
};

// Files are of 2026-11-21T12:00:00Z.
const Case kCases[] = {
    // JSON of the common loggers.
    {"json",
     R"({"@timestamp":"2026-11-21T06:51:05.123Z","log.level":"ERROR","message":"pool is empty","service.name":"cart","host.name":"n1"})",
     "2026-11-21T06:51:05.123Z", Level::kError, "cart", "pool is empty"},
    {"json",
     R"({"@timestamp":"2026-11-21T06:51:05.123Z","log":{"level":"warn","logger":"a.B"},"service":{"name":"cart"},"message":"slow","error":{"message":"gone"}})",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "cart", "slow: gone"},
    {"json",
     R"({"Timestamp":"1795243865123456789","SeverityText":"ERROR","SeverityNumber":17,"Body":"no route","Resource":{"service.name":"edge"}})",
     "2026-11-21T06:51:05.123456Z", Level::kError, "edge", "no route"},
    {"json",
     R"({"timeUnixNano":"1795243865123456789","severityNumber":13,"body":{"stringValue":"retry"},"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"n2"}},{"key":"service.name","value":{"stringValue":"edge"}}]}})",
     "2026-11-21T06:51:05.123456Z", Level::kWarn, "edge", "retry"},
    {"json",
     R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"edge"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795243865123456789","severityNumber":21,"body":{"stringValue":"down"}}]}]}]})",
     "2026-11-21T06:51:05.123456Z", Level::kFatal, "edge", "down"},
    {"json",
     R"({"name":"billing","hostname":"n1","pid":7,"level":50,"msg":"card declined","time":"2026-11-21T06:51:05.123Z","v":0})",
     "2026-11-21T06:51:05.123Z", Level::kError, "billing", "card declined"},
    {"json", R"({"level":30,"time":1795243865123,"pid":7,"hostname":"n1","msg":"ready"})",
     "2026-11-21T06:51:05.123Z", Level::kInfo, "checkout", "ready"},
    {"json",
     R"({"level":"error","ts":1795243865.123456,"logger":"raft","caller":"raft/node.go:10","msg":"lost quorum","error":"context deadline exceeded"})",
     "2026-11-21T06:51:05.123456Z", Level::kError, "checkout",
     "lost quorum: context deadline exceeded"},
    {"json",
     R"({"level":"warn","ts":"2026-11-21T06:51:05.123Z","caller":"etcdserver/server.go:2084","msg":"failed to publish","local-member-id":"63f1"})",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "failed to publish"},
    {"json", R"({"level":"fatal","msg":"cannot bind","time":"2026-11-21T06:51:05Z"})",
     "2026-11-21T06:51:05Z", Level::kFatal, "checkout", "cannot bind"},
    {"json",
     R"({"asctime":"2026-11-21 06:51:05,123","levelname":"CRITICAL","name":"shop.orders","message":"out of stock"})",
     "2026-11-21T06:51:05.123Z", Level::kFatal, "checkout", "out of stock"},
    {"json",
     R"({"event":"login refused","level":"warning","timestamp":"2026-11-21T06:51:05.123456Z"})",
     "2026-11-21T06:51:05.123456Z", Level::kWarn, "checkout", "login refused"},
    {"json", R"({"time":"2026-11-21T06:51:05.123+01:00","level":"INFO","msg":"started","port":80})",
     "2026-11-21T05:51:05.123Z", Level::kInfo, "checkout", "started"},
    {"json",
     R"({"@t":"2026-11-21T06:51:05.123Z","@mt":"{User} gone","@m":"Bob gone","@l":"Error"})",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "Bob gone"},
    {"json",
     R"({"version":"1.1","host":"n1","short_message":"disk full","timestamp":1795243865.123,"level":3})",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "disk full"},
    {"gcp+plain",
     R"({"insertId":"x1","severity":"ERROR","textPayload":"boom","timestamp":"2026-11-21T06:51:05.123Z","resource":{"labels":{"container_name":"cart"}}})",
     "2026-11-21T06:51:05.123Z", Level::kError, "cart", "boom"},
    {"json",
     R"({"executions":["e-1"],"granules":"[]","level":"error","message":"ingest failed","sender":"sync-granule","timestamp":"2026-11-21T06:51:05.123Z","version":"1.9.0","exception":"no such bucket"})",
     "2026-11-21T06:51:05.123Z", Level::kError, "sync-granule", "ingest failed: no such bucket"},
    {"json",
     R"({"type":"server","timestamp":"2026-11-21T06:51:05,123Z","level":"WARN","component":"o.e.c.r.a.DiskThresholdMonitor","cluster.name":"es","node.name":"es-1","message":"high disk watermark","stacktrace":["a","b"]})",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "high disk watermark"},
    {"mongodb",
     R"({"t":{"$date":"2026-11-21T06:51:05.123+00:00"},"s":"E","c":"NETWORK","id":22944,"ctx":"conn1","msg":"Connection ended"})",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "Connection ended"},
    {"json",
     R"({"level":"info","ts":1795243865.123,"logger":"postgres","msg":"record","logging_pod":"pg-1","record":{"log_time":"2026-11-21 06:51:05.122 UTC","error_severity":"FATAL","message":"the database system is starting up"}})",
     "2026-11-21T06:51:05.123Z", Level::kFatal, "checkout", "the database system is starting up"},
    {"json", R"({"time":"2026-11-21T06:51:05Z","request":"GET / HTTP/1.1","status":502})",
     "2026-11-21T06:51:05Z", Level::kError, "checkout", "GET / HTTP/1.1"},
    {"json",
     R"({"instant":{"epochSecond":1795243865,"nanoOfSecond":123000000},"level":"ERROR","loggerName":"a.B","message":"no"})",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "no"},
    // Wrappers.
    {"docker+log4j",
     R"({"log":"16:51:05.120 ERROR  c.s.CartImpl#37 TraceID: 1 no cart\n","stream":"stdout","time":"2026-11-21T06:51:05.123456789Z"})",
     "2026-11-21T06:51:05.123456Z", Level::kError, "checkout", "TraceID: 1 no cart"},
    {"docker+json",
     R"({"log":"{\"level\":\"error\",\"ts\":\"2026-11-21T06:51:05.100Z\",\"msg\":\"say \\\"no\\\"\"}\n","stream":"stderr","time":"2026-11-21T06:51:05.123Z"})",
     "2026-11-21T06:51:05.1Z", Level::kError, "checkout", "say \"no\""},
    {"cri+json",
     R"(2026-11-21T06:51:05.123456789Z stderr F {"level":"warn","msg":"late","service":"cart"})",
     "2026-11-21T06:51:05.123456Z", Level::kWarn, "cart", "late"},
    {"cri+klog",
     "2026-11-21T06:51:05.123456789+08:00 stderr F E1120 22:51:05.120000       1 a.go:7] no lease",
     "2026-11-20T22:51:05.123456Z", Level::kError, "checkout", "no lease"},
    {"journald+plain",
     R"({"__REALTIME_TIMESTAMP":"1795243865123456","MESSAGE":"Out of memory","PRIORITY":"3","SYSLOG_IDENTIFIER":"kernel","_HOSTNAME":"n1"})",
     "2026-11-21T06:51:05.123456Z", Level::kError, "kernel", "Out of memory"},
    {"journald+plain",
     R"({"__REALTIME_TIMESTAMP":"1795243865123456","MESSAGE":[104,105,33],"PRIORITY":"6","_SYSTEMD_UNIT":"cart.service"})",
     "2026-11-21T06:51:05.123456Z", Level::kInfo, "cart.service", "hi!"},
    {"cloudwatch+lambda",
     R"({"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/aws/lambda/ingest","logStream":"s","logEvents":[{"id":"3","timestamp":1795243865123,"message":"[ERROR] KeyError: 'granule'"}]})",
     "2026-11-21T06:51:05.123Z", Level::kError, "ingest", "KeyError: 'granule'"},
    {"cloudwatch+plain",
     R"({"events":[{"logStreamName":"s","timestamp":1795243865123,"message":"hello","ingestionTime":1795243866000,"eventId":"9"}]})",
     "2026-11-21T06:51:05.123Z", Level::kUnknown, "checkout", "hello"},
    {"cloudwatch+lambda",
     R"({"@timestamp":"2026-11-21T06:51:05.123Z","logGroup":"/aws/lambda/ingest","logStream":"s","message":"[ERROR] KeyError: 'granule'"})",
     "2026-11-21T06:51:05.123Z", Level::kError, "ingest", "KeyError: 'granule'"},
    {"cloudwatch+postgresql",
     R"({"@timestamp":"2026-11-21T06:51:05.123Z","logGroup":"/aws/rds/instance/orders/error","message":"2026-11-21 06:51:05 UTC:10.0.0.5(51234):app@orders:[7]:FATAL:  too many connections"})",
     "2026-11-21T06:51:05Z", Level::kFatal, "orders", "too many connections"},
    {"cloudwatch+json",
     R"({"@timestamp":"2026-11-21T06:51:05.123Z","logGroup":"prod/cart","logStream":"web/1","message":"{\"level\":\"warn\",\"msg\":\"late\"}"})",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "cart", "late"},
    {"json", R"({"event_timestamp":"1795243865123","level":"error","message":"x"})",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "x"},
    {"json",
     R"({"AlarmName":"a","StateChangeTime":"2026-11-21T06:51:05.123+0000","message":"OK -> ALARM"})",
     "2026-11-21T06:51:05.123Z", Level::kUnknown, "checkout", "OK -> ALARM"},
    {"json", R"({"ingestion_time":1795243865123,"level":"warn","message":"x"})",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "x"},
    {"json",
     R"({"time":"2026-11-21T06:51:05Z","level":"warn","msg":"x","kubernetes":{"labels":{"app":"cart"},"container_name":"main"}})",
     "2026-11-21T06:51:05Z", Level::kWarn, "cart", "x"},
    {"cloudwatch+lambda",
     "2026-11-21T06:51:05.123Z REPORT RequestId: 6f1e2d3c-0000-4aaa-8bbb-0123456789ab Duration: "
     "3.0 ms",
     "2026-11-21T06:51:05.123Z", Level::kInfo, "checkout",
     "REPORT RequestId: 6f1e2d3c-0000-4aaa-8bbb-0123456789ab Duration: 3.0 ms"},
    {"lambda",
     "2026-11-21T06:51:05.123Z\t6f1e2d3c-0000-4aaa-8bbb-0123456789ab\tERROR\tInvoke Error",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "Invoke Error"},
    {"lambda",
     "[WARNING]\t2026-11-21T06:51:05.123Z\t6f1e2d3c-0000-4aaa-8bbb-0123456789ab\tretrying",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "retrying"},
    {"lambda",
     "2026-11-21T06:51:05.123Z 6f1e2d3c-0000-4aaa-8bbb-0123456789ab Task timed out after 3.00 "
     "seconds",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "Task timed out after 3.00 seconds"},
    {"compose+redis", "cache-1  | 1:M 21 Nov 2026 06:51:05.123 # Connection lost",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "cache", "Connection lost"},
    {"compose+mysql",
     "db_1  | 2026-11-21T06:51:05.513009Z 5 [Note] Aborted connection 5 to db: 'x'",
     "2026-11-21T06:51:05.513009Z", Level::kNotice, "db", "Aborted connection 5 to db: 'x'"},
    {"kubectl+plain", "[pod/cart-6d4cf56db6-k2x9z/main] 2026-11-21T06:51:05Z [warn] low memory",
     "2026-11-21T06:51:05Z", Level::kWarn, "cart", "low memory"},
    {"json+log4j",
     R"({"@timestamp":"2026-11-21T06:51:06Z","message":"2026-11-21 06:51:05,000 ERROR [main] a.b.C - no","agent":{"type":"filebeat"}})",
     "2026-11-21T06:51:06Z", Level::kError, "checkout", "no"},
    {"fluent+plain",
     R"({"log":"boom\n","kubernetes":{"container_name":"main","pod_name":"cart-0","labels":{"app":"cart"}},"time":"2026-11-21T06:51:05Z"})",
     "2026-11-21T06:51:05Z", Level::kUnknown, "cart", "boom"},
    {"fluent+plain",
     "2026-11-21T06:51:05+00:00\tkube.var.log.containers.api-7d9f8b6c5-x2x9p_prod_api-0123.log\t"
     R"({"log":"no space left","stream":"stderr","kubernetes":{"container_name":"edge","pod_name":"edge-0"}})",
     "2026-11-21T06:51:05Z", Level::kUnknown, "edge", "no space left"},
    {"fluent+docker+klog",
     "2026-11-21T06:51:05+00:00\tkube.var.log.containers.api-7d9f8b6c5-x2x9p_prod_api-0123.log\t"
     R"({"log":"E1121 06:51:05.120000       1 a.go:7] no \"lease\"\n","stream":"stderr"})",
     "2026-11-21T06:51:05Z", Level::kError, "api", "no \"lease\""},
    {"fluent+json",
     "2026-11-21T06:51:05+08:00\tapp.billing.log\t{\"level\":\"warn\",\"msg\":\"late\"}",
     "2026-11-20T22:51:05Z", Level::kWarn, "billing", "late"},
    {"fluent+json",
     R"(2026-11-21 06:51:05.123456789 +0000 kube.api: {"service":"cart","level":"error","message":"gone"})",
     "2026-11-21T06:51:05.123456Z", Level::kError, "cart", "gone"},
    {"fluent+json", R"(2026-11-21 06:51:05.000000000 +0000 docker.0a1b2c3d4e5f: {"message":"x"})",
     "2026-11-21T06:51:05Z", Level::kUnknown, "checkout", "x"},
    {"fluent+json",
     R"([0] kube.api: [[1795243865.123456789, {}], {"log"=>"oom \"killed\"", "n"=>nil, "level"=>"error"}])",
     "2026-11-21T06:51:05.123456Z", Level::kError, "api", "oom \"killed\""},
    {"fluent+json",
     R"([12] tail.0: [1795243865.5, {"log"=>"{"level":"warn","msg":"a \"b\" c"}", "kubernetes"=>{"container_name"=>"cart"}}])",
     "2026-11-21T06:51:05.5Z", Level::kWarn, "cart", "a \"b\" c"},
    {"fluent+plain", R"(kube.edge: [1795243865.000000, {"log":"reset by peer\n"}])",
     "2026-11-21T06:51:05Z", Level::kUnknown, "edge", "reset by peer"},
    {"kubectl+envoy",
     R"(2026-11-21T06:51:05.223002528Z [2026-11-21T06:51:04.765Z] "GET /products HTTP/1.1" 500 - "-")",
     "2026-11-21T06:51:04.765Z", Level::kError, "checkout",
     R"("GET /products HTTP/1.1" 500 - "-")"},
    {"plain", "2026-11-21T06:51:05.223002528Z  INFO cart::store: opened",
     "2026-11-21T06:51:05.223002Z", Level::kInfo, "checkout", "cart::store: opened"},
    // Syslog.
    {"syslog+plain", "<11>Nov 21 06:51:05 n1 cart[12]: no memory", "2026-11-21T06:51:05Z",
     Level::kError, "cart", "no memory"},
    {"syslog+plain", "Nov  1 06:51:05 n1 sshd(pam_unix)[19939]: check pass; user unknown",
     "2026-11-01T06:51:05Z", Level::kUnknown, "sshd", "check pass; user unknown"},
    {"syslog+plain", "Dec 10 06:55:46 n1 sshd[1]: a year before", "2025-12-10T06:55:46Z",
     Level::kUnknown, "sshd", "a year before"},
    {"syslog+plain",
     "<165>1 2026-11-21T06:51:05.003Z n1 cart 42 ID47 [ex@1 a=\"]\\\"\"] \xEF\xBB\xBFno memory",
     "2026-11-21T06:51:05.003Z", Level::kNotice, "cart", "no memory"},
    {"syslog+plain", "2026-11-21T06:51:05.123456+00:00 n1 cart[12]: no memory",
     "2026-11-21T06:51:05.123456Z", Level::kUnknown, "cart", "no memory"},
    {"syslog+capnslog",
     "Nov 21 14:51:07 n1 etcd[22970]: 2026-11-21 06:51:05.863538 W | etcdserver: apply took too "
     "long",
     "2026-11-21T06:51:05.863538Z", Level::kWarn, "etcd", "etcdserver: apply took too long"},
    {"syslog+kernel", "Nov 21 06:51:05 n1 kernel: [ 1234.567890] Out of memory: Killed process 7",
     "2026-11-21T06:51:05Z", Level::kUnknown, "kernel", "Out of memory: Killed process 7"},
    {"syslog+haproxy",
     "Nov 21 06:51:06 n1 haproxy[3]: 10.0.0.1:34500 [21/Nov/2026:06:51:05.194] front back/s1 "
     "0/0/0/-1/3 503 501 - - SC-- 1/1/0/1/0 0/0 \"GET / HTTP/1.1\"",
     "2026-11-21T06:51:05.194Z", Level::kError, "haproxy",
     "front back/s1 0/0/0/-1/3 503 501 - - SC-- 1/1/0/1/0 0/0 \"GET / HTTP/1.1\""},
    {"syslog+postgresql",
     "Nov 21 06:51:05 n1 postgres[7]: [4-1] db=a,user=b FATAL:  too many clients",
     "2026-11-21T06:51:05Z", Level::kFatal, "postgres", "too many clients"},
    // logfmt.
    {"logfmt",
     R"(time="2026-11-21T06:51:05Z" level=error msg="no \"lease\"" error="timed out" component=raft)",
     "2026-11-21T06:51:05Z", Level::kError, "raft", "no \"lease\": timed out"},
    {"logfmt", "ts=2026-11-21T06:51:05.123Z caller=main.go:12 level=warn msg=slow took=3s",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "slow"},
    {"crystal",
     R"(level=[E] time=2026-11-21T06:51:05.123Z program=core source=core.mod message="no "core" instance" id=7)",
     "2026-11-21T06:51:05.123Z", Level::kError, "core", "no \"core\" instance"},
    {"crystal",
     R"(level=[W] time=2026-11-21T06:51:05Z program=core source=a message="left "open" x=1 "so"")",
     "2026-11-21T06:51:05Z", Level::kWarn, "core", R"(left "open" x=1 "so")"},
    // Web servers.
    {"access",
     R"(10.0.0.1 - bob [21/Nov/2026:06:51:05 +0100] "GET /a\"b HTTP/1.1" 502 157 "-" "curl/8")",
     "2026-11-21T05:51:05Z", Level::kError, "checkout",
     R"("GET /a\"b HTTP/1.1" 502 157 "-" "curl/8")"},
    {"access", R"(::1 - - [21/Nov/2026:06:51:05 +0000] "GET / HTTP/1.1" 404 157)",
     "2026-11-21T06:51:05Z", Level::kInfo, "checkout", R"("GET / HTTP/1.1" 404 157)"},
    {"nginx-error",
     "2026/11/21 06:51:05 [error] 6#6: *1 connect() failed (111: Connection refused), client: "
     "10.0.0.1",
     "2026-11-21T06:51:05Z", Level::kError, "checkout",
     "*1 connect() failed (111: Connection refused), client: 10.0.0.1"},
    {"apache-error", "[Sat Nov 21 06:51:05 2026] [error] [client 10.0.0.1] no index",
     "2026-11-21T06:51:05Z", Level::kError, "checkout", "[client 10.0.0.1] no index"},
    {"apache-error",
     "[Sat Nov 21 06:51:05.123456 2026] [proxy:warn] [pid 7:tid 8] AH01114: backend failed",
     "2026-11-21T06:51:05.123456Z", Level::kWarn, "checkout", "AH01114: backend failed"},
    {"envoy", R"([2026-11-21T06:51:05.747Z] "GET /x HTTP/1.1" 503 UF 0 91 10 - "-" "curl")",
     "2026-11-21T06:51:05.747Z", Level::kError, "checkout",
     R"("GET /x HTTP/1.1" 503 UF 0 91 10 - "-" "curl")"},
    // Java.
    {"log4j", "2026-11-21 06:51:05,123 [exec-1] ERROR a.b.Cart - lost it",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "lost it"},
    {"log4j", "2026-11-21 06:51:05.123 WARN  [main] a.b.Cart: slow", "2026-11-21T06:51:05.123Z",
     Level::kWarn, "checkout", "slow"},
    {"log4j", "06:51:05.123 [main] ERROR Cart - lost it", "2026-11-21T06:51:05.123Z", Level::kError,
     "checkout", "lost it"},
    {"log4j", "13:28:21,219 DEBUG com.x.Pool-log:403 - stats", "2026-11-20T13:28:21.219Z",
     Level::kDebug, "checkout", "stats"},
    {"spring", "2026-11-21 06:51:05.123 ERROR 1 --- [main] c.a.Foo                : no bean",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "no bean"},
    {"spring",
     "2026-11-21T06:51:05.123Z  WARN [cart,6f1e,01] 1 --- [cart] [exec-1] c.a.Foo : slow: db",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "cart", "slow: db"},
    {"zookeeper", "2026-11-21 06:51:05,123 [myid:1] - WARN  [SendWorker:2:Quorum@679] - broken",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "broken"},
    {"hadoop", "2026-11-21 06:51:05,123 WARN [Lease:x@y] org.apache.hadoop.ipc.Client: moved",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "moved"},
    {"hadoop", "261121 065105 148 INFO dfs.DataNode$PacketResponder: done", "2026-11-21T06:51:05Z",
     Level::kInfo, "checkout", "done"},
    {"hadoop", "26/11/21 06:51:05 ERROR executor.Executor: Exception in task",
     "2026-11-21T06:51:05Z", Level::kError, "checkout", "Exception in task"},
    {"kafka", "[2026-11-21 06:51:05,123] ERROR [Broker 1] no leader (kafka.server.Broker)",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "[Broker 1] no leader"},
    {"elasticsearch", "[2026-11-21T06:51:05,123][WARN ][o.e.c.r.Disk   ] [es-1] watermark exceeded",
     "2026-11-21T06:51:05.123Z", Level::kWarn, "checkout", "watermark exceeded"},
    // Python.
    {"python", "2026-11-21 06:51:05,123 - shop.cart - ERROR - no stock", "2026-11-21T06:51:05.123Z",
     Level::kError, "checkout", "no stock"},
    {"python", "2026-11-21 06:51:05.234 | ERROR    | shop.cart:add:99 - no stock",
     "2026-11-21T06:51:05.234Z", Level::kError, "checkout", "no stock"},
    {"python", "ERROR:shop.cart:no stock", kNoTimeText, Level::kError, "checkout", "no stock"},
    {"oslo", "2026-11-21 06:51:05.227 2715 ERROR cinder.volume.api [req-30fa - - - - -] no backend",
     "2026-11-21T06:51:05.227Z", Level::kError, "checkout", "no backend"},
    // Stores.
    {"postgresql",
     "2026-11-21 06:51:05.123 UTC [71] bob@shop ERROR:  relation \"x\" does not exist",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", "relation \"x\" does not exist"},
    {"postgresql",
     "2026-11-21 06:51:05 UTC:10.0.0.1(50906):bob@shop:[12795]:FATAL:  no pg_hba.conf entry",
     "2026-11-21T06:51:05Z", Level::kFatal, "checkout", "no pg_hba.conf entry"},
    {"postgresql", "FATAL:  sorry, too many clients already", kNoTimeText, Level::kFatal,
     "checkout", "sorry, too many clients already"},
    {"postgresql-csv",
     R"(2026-11-21 06:51:05.123 UTC,"bob","shop",71,"10.0.0.1:5000",5fb8.47,3,"SELECT",2026-11-21 06:50:00 UTC,3/4,0,ERROR,42P01,"relation ""x"" does not exist",,,)",
     "2026-11-21T06:51:05.123Z", Level::kError, "checkout", R"(relation ""x"" does not exist)"},
    {"pgbouncer", "2026-11-21 06:51:05.775 UTC [33] WARNING C-0x1: db/u@1.2.3.4:5 pooler error",
     "2026-11-21T06:51:05.775Z", Level::kWarn, "checkout", "C-0x1: db/u@1.2.3.4:5 pooler error"},
    {"mysql", "2026-11-21T06:51:05.123456Z 0 [ERROR] [MY-010123] [Server] cannot start",
     "2026-11-21T06:51:05.123456Z", Level::kError, "checkout", "cannot start"},
    {"mysql", "2026-11-21 06:51:05 224 [Warning] Aborted connection 224", "2026-11-21T06:51:05Z",
     Level::kWarn, "checkout", "Aborted connection 224"},
    {"redis", "1:S 21 Nov 2026 06:51:05.123 * MASTER <-> REPLICA sync started",
     "2026-11-21T06:51:05.123Z", Level::kNotice, "checkout", "MASTER <-> REPLICA sync started"},
    {"redis", "[1234] 21 Nov 06:51:05.123 # no space", "2026-11-21T06:51:05.123Z", Level::kWarn,
     "checkout", "no space"},
    {"capnslog", "2026-11-21 06:51:05.123456 E | rafthttp: no peer", "2026-11-21T06:51:05.123456Z",
     Level::kError, "checkout", "rafthttp: no peer"},
    {"rethinkdb", "2026-11-21T06:51:05.123456789 12.345678s error: heartbeat timeout",
     "2026-11-21T06:51:05.123456Z", Level::kError, "checkout", "heartbeat timeout"},
    {"rabbitmq", "2026-11-21 06:51:05.123456+00:00 [error] <0.1.0> closing AMQP connection",
     "2026-11-21T06:51:05.123456Z", Level::kError, "checkout", "closing AMQP connection"},
    // Runtimes and systems.
    {"klog", "E1121 06:51:05.123456       1 reflector.go:138] failed to list",
     "2026-11-21T06:51:05.123456Z", Level::kError, "checkout", "failed to list"},
    {"go", "2026/11/21 06:51:05 main.go:12: listening", "2026-11-21T06:51:05Z", Level::kUnknown,
     "checkout", "main.go:12: listening"},
    {"ruby", "E, [2026-11-21T06:51:05.123456 #1] ERROR -- : no route",
     "2026-11-21T06:51:05.123456Z", Level::kError, "checkout", "no route"},
    {"dotnet", "fail: Microsoft.AspNetCore.Server.Kestrel[13]", kNoTimeText, Level::kError,
     "checkout", "Microsoft.AspNetCore.Server.Kestrel[13]"},
    {"android", "11-21 06:51:05.811  1702  2395 E WindowManager: no window",
     "2026-11-21T06:51:05.811Z", Level::kError, "checkout", "no window"},
    {"cbs", "2026-11-21 06:51:05, Error                 CBS    no package", "2026-11-21T06:51:05Z",
     Level::kError, "checkout", "no package"},
    {"cluster",
     "- 1795243865 2026.11.21 R02-M1 2026-11-21-06.51.05.675872 R02-M1 RAS KERNEL FATAL no node",
     "2026-11-21T06:51:05.675872Z", Level::kFatal, "checkout", "no node"},
    // Anything with a time.
    {"plain", "[06:51:05 ERR] no route", "2026-11-21T06:51:05Z", Level::kError, "checkout",
     "no route"},
    {"plain", "ERROR 2026-11-21T06:51:05Z no route", "2026-11-21T06:51:05Z", Level::kError,
     "checkout", "no route"},
    {"plain", "[2026-11-21 06:51:05] [worker-3] [ERROR] no route", "2026-11-21T06:51:05Z",
     Level::kError, "checkout", "no route"},
    {"plain", "2026-11-21T06:51:05.123Z error: no route", "2026-11-21T06:51:05.123Z", Level::kError,
     "checkout", "no route"},
    {"plain", "\x1b[90m2026-11-21T06:51:05Z\x1b[0m \x1b[31mERR\x1b[0m no route",
     "2026-11-21T06:51:05Z", Level::kError, "checkout", "no route"},
    {"plain", "20261121-06:51:05:606|Step|300|no step", "2026-11-21T06:51:05.606Z", Level::kUnknown,
     "checkout", "Step|300|no step"},
};

class FormatTest : public testing::TestWithParam<Case> {};

TEST_P(FormatTest, ReadsItsLine) {
  const Case& c = GetParam();
  StreamInfo info;
  info.path = "incident/checkout.log";
  absl::Time modified;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2026-11-21T12:00:00Z", &modified, &error));
  info.modified = absl::ToUnixMicros(modified);
  Counters counters;
  StreamParser parser(info, {}, &counters);
  const std::string block = std::string(c.line) + "\n";
  parser.Sniff(block);
  Record record;
  parser.Parse(block, 0, block, &record);
  parser.ReadText(&record);
  EXPECT_EQ(parser.format_name(), c.format);
  const absl::Time time = absl::FromUnixMicros(record.time);
  if (c.time[0] == '\0') {
    EXPECT_EQ(record.time_origin, TimeOrigin::kAssumed);
  } else {
    absl::Time want;
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, c.time, &want, &error)) << error;
    EXPECT_EQ(absl::FormatTime(time, absl::UTCTimeZone()),
              absl::FormatTime(want, absl::UTCTimeZone()));
  }
  EXPECT_EQ(LevelName(record.level), LevelName(c.level));
  EXPECT_EQ(record.service, c.service);
  EXPECT_EQ(record.message, c.message);
  EXPECT_EQ(record.text, std::string_view(c.line));

  // The format's own name, given as an option, reads the line in the same way.
  ParseOptions forced;
  forced.input_format = std::string(parser.format_name());
  ASSERT_EQ(ParseOptionsError(forced), "");
  StreamParser again(info, forced, &counters);
  again.Sniff(block);
  Record second;
  again.Parse(block, 0, block, &second);
  again.ReadText(&second);
  EXPECT_EQ(second.time, record.time);
  EXPECT_EQ(second.level, record.level);
  EXPECT_EQ(second.message, record.message);
}

INSTANTIATE_TEST_SUITE_P(All, FormatTest, testing::ValuesIn(kCases),
                         [](const testing::TestParamInfo<Case>& param) {
                           std::string name =
                               std::to_string(param.index) + "_" + param.param.format;
                           for (char& c : name) {
                             if (!isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace culprit
