// The HTTP server over a backend of fixed values, for tests of the commands and the pages:
// serve_fake [TOKEN]. Prints its URL, taps out a signal now and then, ends with standard input.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "engine/serve/http_server.h"
#include "tests/fakes/serve_backend.h"

int main(int argc, char** argv) {
  using namespace culprit;
  FakeBackend fake;
  HttpServerOptions options{.listen = "127.0.0.1:0"};
  if (argc > 1) options.token = Secret(argv[1]);
  const auto server = HttpServer::Start(options, fake.Make());
  if (!server.ok()) {
    fprintf(stderr, "%s\n", std::string(server.status().message()).c_str());
    return 1;
  }
  printf("http://127.0.0.1:%d\n", (*server)->port());
  fflush(stdout);
  std::atomic<bool> done{false};
  std::thread traffic([&] {
    while (!done) {
      {
        const std::lock_guard lock(fake.mutex);
        fake.stats.lines += 1000;
        fake.stats.bytes += 100'000;
        fake.stats.signature_hits["nginx/5xx"] += 10;
      }
      fake.tap.Publish(FakeSignal("generic/refused", "core", "connection refused \x1b[2J"));
      fake.tap.Publish(FakeSignal("nginx/5xx", "web", "GET / 502"));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  char byte = 0;
  while (read(0, &byte, 1) > 0) {
  }
  done = true;
  traffic.join();
  return 0;
}
