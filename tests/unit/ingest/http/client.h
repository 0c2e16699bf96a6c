// A client that says exactly what it is told, over one connection.
#pragma once
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace culprit {

class HttpClient {
 public:
  explicit HttpClient(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ok_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }
  ~HttpClient() { close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  bool ok() const { return ok_; }
  void Send(std::string_view bytes) {
    while (ok_ && !bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ok_ = n > 0;
      if (ok_) bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  void Post(std::string_view target, std::string_view headers, std::string_view body) {
    Send("POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body));
  }
  // Status of the next answer; 0: the connection ended. Its head and body are in `answer`.
  int Status() {
    for (;;) {
      const size_t head = buffer_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const size_t at = buffer_.find("Content-Length: ");
        const size_t body = at < head ? std::stoul(buffer_.substr(at + 16)) : 0;
        if (buffer_.size() >= head + 4 + body) {
          answer = buffer_.substr(0, head + 4 + body);
          buffer_.erase(0, answer.size());
          return std::stoi(answer.substr(9));
        }
      }
      char bytes[4096];
      const ssize_t n = recv(fd_, bytes, sizeof(bytes), 0);
      ok_ = n > 0;
      if (!ok_) return 0;
      buffer_.append(bytes, static_cast<size_t>(n));
    }
  }
  std::string answer;

 private:
  int fd_;
  bool ok_ = false;
  std::string buffer_;
};

}  // namespace culprit
