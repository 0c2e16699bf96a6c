// For tests with real senders: a forward server that prints its port, then every committed record.
// forward_print [--key KEY] [--user NAME PASSWORD] [--tls CERT KEY] [--client-ca FILE]; ends when
// its standard input does.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "engine/ingest/forward/forward_source.h"
#include "tests/contract/fake_sink.h"

namespace culprit {
namespace {

int Main(int argc, char** argv) {
  spdlog::set_default_logger(
      spdlog::stderr_logger_mt("forward_print"));  // records own standard output
  ForwardConfig config;
  config.listen = "127.0.0.1:0";
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const int values = flag == "--user" || flag == "--tls" ? 2 : 1;
    if (i + values >= argc) return 2;
    if (flag == "--key") config.shared_key = Secret(argv[i + 1]);
    if (flag == "--user") config.users.push_back({argv[i + 1], Secret(argv[i + 2])});
    if (flag == "--client-ca") config.tls.client_ca_file = argv[i + 1];
    if (flag == "--tls") {
      config.tls.enabled = true;
      config.tls.cert_file = argv[i + 1];
      config.tls.key_file = argv[i + 2];
    }
    i += values;
  }
  FakeSink sink;
  ForwardSource source(config);
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

}  // namespace
}  // namespace culprit

int main(int argc, char** argv) { return culprit::Main(argc, argv); }
