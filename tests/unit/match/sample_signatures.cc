#include "tests/unit/match/sample_signatures.h"

namespace culprit {
namespace {

struct Sample {
  const char* regex;
  const char* line;
};

const Sample kSamples[] = {
    {R"re((?:connect(?:ion)?|dial tcp).{0,80}[Cc]onnection refused)re",
     "dial tcp 10.0.0.5:2379: connect: connection refused"},
    {R"re(dial tcp (?P<host>[\w.-]+):(?P<port>\d{1,5}): i/o timeout)re",
     "Get \"https://db/v1\": dial tcp 10.0.0.5:5432: i/o timeout"},
    {R"re((?i)no core instances)re", "Error: No Core Instances found for cluster main"},
    {R"re([Nn]o (?:available )?core instances? (?:available|found))re", "no core instance found"},
    {R"re(context deadline exceeded(?: \((?P<why>[^)]*)\))?)re",
     "rpc: context deadline exceeded (Client)"},
    {R"re(rpc error: code = (?P<code>Unavailable|DeadlineExceeded) desc = (?P<desc>.*))re",
     "rpc error: code = Unavailable desc = transport is closing"},
    {R"re(etcdserver: (?:leader changed|no leader|request timed out))re", "etcdserver: no leader"},
    {R"re(apply request took too long.*took[" :]+(?P<took>[\d.]+m?s))re",
     "apply request took too long [took 812ms, expected 100ms] took: 812ms"},
    {R"re(HTTP/[12](?:\.[01])?" (?P<status>5\d\d) )re",
     "\"GET /api/v1/items HTTP/1.1\" 503 17 \"-\""},
    {R"re(status[_ ]?(?:code)?["=: ]+(?P<status>5\d\d)\b)re",
     "done method=POST status=502 dur=12ms"},
    {R"re(upstream (?P<what>timed out|prematurely closed connection).*upstream: "(?P<up>[^"]+)")re",
     "upstream timed out (110) while reading, upstream: \"http://10.0.0.9:80/x\""},
    {R"re(Server (?P<be>[\w-]+)/(?P<srv>[\w-]+) is DOWN)re",
     "Server api/web-3 is DOWN, reason: Layer4"},
    {R"re(Out of memory: Killed process (\d+) \((?P<comm>[^)]+)\))re",
     "Out of memory: Killed process 4711 (java) total-vm:1kB"},
    {R"re(java\.lang\.OutOfMemoryError: (?P<kind>[A-Za-z ]+))re",
     "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space"},
    {R"re(fatal error: runtime: out of memory|runtime: cannot allocate memory)re",
     "runtime: cannot allocate memory"},
    {R"re(ERROR: +deadlock detected)re", "ERROR:  deadlock detected at character 12"},
    {R"re(FATAL: +(?:sorry, too many clients already|remaining connection slots))re",
     "FATAL:  sorry, too many clients already"},
    {R"re(OOM command not allowed when used memory)re",
     "(error) OOM command not allowed when used memory > 'maxmemory'."},
    {R"re(\bOOM\b)re", "container OOM killed"},
    {R"re(\bEOF\b)re", "unexpected EOF while reading"},
    {R"re(^panic: )re", "panic: runtime error: index out of range"},
    {R"re(^\s+at .*\(.*\.java:\d+\)$)re", "\tat com.example.Main.run(Main.java:12)"},
    {R"re(No space left on device)re", "write /var/lib/x: No space left on device"},
    {R"re((?i)disk\s+(?:is\s+)?full)re", "WARN Disk is FULL on /dev/sda1"},
    {R"re((?i)task (?:queue|pool) (?:is )?exhausted)re", "Task queue is exhausted"},
    {R"re(ssl(?:v3)? alert (?:[0-9]+|handshake failure))re",
     "SSL routines: sslv3 alert handshake failure"},
    {R"re(certificate (?:has expired|is not yet valid))re",
     "x509: certificate has expired or is not"},
    {R"re(x509: certificate signed by unknown authority)re",
     "x509: certificate signed by unknown authority"},
    {R"re(leader(?:ship)? (?:election )?lost|lost leader|stepped down as leader)re",
     "stepped down as leader"},
    {R"re((?P<svc>\w+) is not ready: (?P<n>\d+)/(?P<m>\d+))re", "api is not ready: 1/3"},
    {R"re(Liveness probe failed: (?P<why>.+))re", "Liveness probe failed: HTTP probe failed"},
    {R"re(Back-off restarting failed container)re",
     "Back-off restarting failed container api in pod api-1"},
    {R"re(CrashLoopBackOff|ImagePullBackOff)re", "pod api-1 in CrashLoopBackOff"},
    {R"re(MySQL server has gone away|Lost connection to MySQL server)re",
     "MySQL server has gone away"},
    {R"re(Lock wait timeout exceeded; try restarting transaction)re",
     "1205 Lock wait timeout exceeded; try restarting transaction"},
    {R"re(Too many connections)re", "ERROR 1040 (08004): Too many connections"},
    {R"re(Timed out waiting for (?:connection|a free connection) from (?:the )?pool)re",
     "Timed out waiting for connection from pool"},
    {R"re(CLUSTERDOWN (?:Hash slot not served|The cluster is down))re",
     "CLUSTERDOWN The cluster is down"},
    {R"re(MISCONF Redis is configured to save RDB)re",
     "MISCONF Redis is configured to save RDB snapshots"},
    {R"re(NOAUTH Authentication required|WRONGPASS)re", "WRONGPASS invalid username-password pair"},
    {R"re(NotLeaderForPartition|LeaderNotAvailable)re",
     "org.apache.kafka NotLeaderForPartitionException"},
    {R"re(ISR for partition (?P<p>[\w.-]+-\d+) (?:shrunk|expanded))re",
     "ISR for partition events-3 shrunk"},
    {R"re(cluster_block_exception|index read-only / allow delete)re",
     "index read-only / allow delete (api)"},
    {R"re(circuit_breaking_exception.*Data too large)re",
     "circuit_breaking_exception: [parent] Data too large"},
    {R"re(mapper_parsing_exception|failed to parse field \[(?P<field>[^\]]+)\])re",
     "failed to parse field [price] of type [long]"},
    {R"re((?:ECONNREFUSED|ECONNRESET|ETIMEDOUT) (?P<host>[\d.]+):(?P<port>\d+))re",
     "Error: connect ECONNREFUSED 127.0.0.1:6379"},
    {R"re(getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<host>\S+))re",
     "getaddrinfo ENOTFOUND redis.local"},
    {R"re(UnhandledPromiseRejection)re", "(node:1) UnhandledPromiseRejectionWarning: Error"},
    {R"re(segfault at [0-9a-f]+ ip [0-9a-f]+)re", "app[4711]: segfault at 0 ip 00007f"},
    {R"re(task \w+:\d+ blocked for more than \d+ seconds)re",
     "task java:4711 blocked for more than 120 seconds"},
    {R"re(Caused by: (?P<class>[\w.]+Exception)(?:: (?P<msg>.*))?$)re",
     "Caused by: java.io.IOException: Broken pipe"},
    {R"re("error_code":\s*(?P<code>5\d\d))re", "{\"a\":1,\"error_code\": 503}"},
    {R"re(</?fault>)re", "<soap><fault>x</fault>"},
    {R"re(path=/api/v2/(?:users|orders)/\d+ status=5)re", "path=/api/v2/users/12 status=503"},
    {R"re(C:\\ProgramData\\app)re", "cannot open C:\\ProgramData\\app\\x.log"},
    {R"re(Verbindung zu .* verweigert|Zeitüberschreitung)re",
     "Fehler: Zeitüberschreitung beim Lesen"},
    {R"re((?i)überlauf)re", "PUFFERÜBERLAUF"},
    {R"re(долгий запрос)re", "warn: долгий запрос 12s"},
    {R"re([0-9a-f]{32})re", "id 0123456789abcdef0123456789abcdef end"},
    {R"re(\d{3}-\d{4})re", "call 555-0199"},
    {R"re((?i)(?:k|s)ernel panic)re", "Kernel panic - not syncing"},
    {R"re(a+b+c{2,}d?e)re", "xx aabbccce"},
    {R"re(throttl(?:ed|ing)|Rate ?[Ll]imit(?:ed| exceeded))re", "RateLimit exceeded"},
};

}  // namespace

const std::vector<std::string>& SampleSignatures() {
  static const auto* regexes = [] {
    auto* out = new std::vector<std::string>;
    for (const Sample& sample : kSamples) out->push_back(sample.regex);
    return out;
  }();
  return *regexes;
}

const std::vector<std::string>& SampleLines() {
  static const auto* lines = [] {
    auto* out = new std::vector<std::string>;
    for (const Sample& sample : kSamples) out->push_back(sample.line);
    return out;
  }();
  return *lines;
}

}  // namespace culprit
