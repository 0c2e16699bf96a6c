// For tests with real senders: a server that prints its port, then every committed record.
// source_print forward|http [--key KEY] [--user NAME PASSWORD] [--tls CERT KEY] [--client-ca FILE]
//   [--refuse N]  the first N commits fail
// ends when its standard input does.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <string>

#include "engine/ingest/forward/forward_source.h"
#include "engine/ingest/http/http_source.h"
#include "tests/contract/fake_sink.h"

namespace culprit {
namespace {

template <class Source, class Config>
int Serve(const Config& config, size_t refuse) {
  FakeSink sink;
  sink.Refuse(refuse);
  Source source(config);
  if (const absl::Status status = source.Start(&sink, {}); !status.ok()) {
    fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 1;
  }
  printf("%u\n", static_cast<unsigned>(source.port()));
  fflush(stdout);
  while (getchar() != EOF) {
  }
  source.Drain();
  const bool settled = sink.Settle();
  source.Stop();
  for (const std::string& line : sink.Lines()) puts(line.c_str());
  for (const DeadLetter& letter : sink.dead_letters()) {
    fprintf(stderr, "dead letter: %s: %s\n", letter.reason.c_str(), letter.detail.c_str());
  }
  return settled && sink.violations().empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  spdlog::set_default_logger(
      spdlog::stderr_logger_mt("source_print"));  // records own standard output
  const std::string kind = argc > 1 ? argv[1] : "";
  if (kind != "forward" && kind != "http") return 2;
  ForwardConfig forward;
  HttpConfig http;
  TlsConfig tls;
  size_t refuse = 0;
  for (int i = 2; i < argc; ++i) {
    const std::string flag = argv[i];
    const int values = flag == "--user" || flag == "--tls" ? 2 : 1;
    if (i + values >= argc) return 2;
    if (flag == "--key") forward.shared_key = http.token = Secret(argv[i + 1]);
    if (flag == "--user") forward.users.push_back({argv[i + 1], Secret(argv[i + 2])});
    if (flag == "--client-ca") tls.client_ca_file = argv[i + 1];
    if (flag == "--refuse") refuse = std::stoul(argv[i + 1]);
    if (flag == "--tls") {
      tls.enabled = true;
      tls.cert_file = argv[i + 1];
      tls.key_file = argv[i + 2];
    }
    i += values;
  }
  forward.listen = http.listen = "127.0.0.1:0";
  forward.tls = http.tls = tls;
  return kind == "http" ? Serve<HttpSource>(http, refuse) : Serve<ForwardSource>(forward, refuse);
}

}  // namespace
}  // namespace culprit

int main(int argc, char** argv) { return culprit::Main(argc, argv); }
