#include "tests/fakes/fake_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "sinks/common/http_client.h"

namespace culprit {
namespace {

HttpResponse Ask(const std::string& method, const std::string& url, const std::string& body) {
  HttpClient client;
  HttpResponse response = client.Send({.method = method,
                                       .url = url,
                                       .body = body,
                                       .timeout = std::chrono::minutes(2),
                                       .max_response_bytes = 256 << 20,
                                       .environment_proxy = false});
  if (response.status != 200)
    throw std::runtime_error(url + ": " + response.message + " " + response.body);
  return response;
}

}  // namespace

FakeProcess::FakeProcess(const std::string& script, const std::vector<std::string>& arguments) {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  std::vector<std::string> words = {"python3",
                                    std::string(CULPRIT_SOURCE_DIR "/tests/fakes/") + script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execvp("python3", argv.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  to_child_ = in[1];
  FILE* answer = fdopen(out[0], "r");
  const bool started = std::fscanf(answer, "%d", &port_) == 1;  // NOLINT(cert-err34-c)
  std::fclose(answer);
  if (!started) throw std::runtime_error("cannot start " + script);
}

FakeProcess::~FakeProcess() {
  close(to_child_);  // it ends with its standard input
  waitpid(pid_, nullptr, 0);
}

std::string FakeProcess::Url(const std::string& path, const std::string& scheme) const {
  return scheme + "://127.0.0.1:" + std::to_string(port_) + path;
}

void FakeProcess::Order(const std::string& json) { Ask("POST", Url("/_control"), json); }
void FakeProcess::Forget() { Ask("DELETE", Url("/_control"), ""); }
std::string FakeProcess::Get(const std::string& path) const {
  return Ask("GET", Url(path), "").body;
}

}  // namespace culprit
