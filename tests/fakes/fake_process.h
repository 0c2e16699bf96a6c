// One of the Python fakes of tests/fakes/, running beside a test. Not thread-safe.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace culprit {

class FakeProcess {
 public:
  // `script`: "slack.py". Serves at once; ends with this object.
  explicit FakeProcess(const std::string& script, const std::vector<std::string>& arguments = {});
  ~FakeProcess();
  FakeProcess(const FakeProcess&) = delete;
  FakeProcess& operator=(const FakeProcess&) = delete;

  // 0: the script says that what it runs is not on this machine.
  int port() const { return port_; }
  // "http://127.0.0.1:1234" + path.
  std::string Url(const std::string& path, const std::string& scheme = "http") const;
  // POST /_control with this JSON: tests/fakes/fake_server.py. Not for fakes with TLS.
  void Order(const std::string& json);
  // Forgets orders and requests.
  void Forget();
  // The body of a GET.
  std::string Get(const std::string& path) const;
  // JSON array of what came.
  std::string Requests() const { return Get("/_control/requests"); }

 private:
  int port_ = 0;
  pid_t pid_ = -1;
  int to_child_ = -1;
};

}  // namespace culprit
