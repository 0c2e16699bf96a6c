#include "bench/gen/corpus.h"

#include <algorithm>

namespace culprit::bench {
namespace {

constexpr int64_t kStart = 1'772'323'200;  // 2026-03-01T00:00:00Z
constexpr int kProbes = 20;                // fillings of a message that no signature may match

constexpr const char* kFrames[] = {
    "com.shop.checkout.order.OrderService.place(OrderService.java:",
    "com.shop.checkout.order.OrderController.create(OrderController.java:",
    "com.shop.checkout.price.PriceClient.fetch(PriceClient.java:",
    "org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:",
    "org.springframework.aop.framework.CglibAopProxy$DynamicAdvisedInterceptor.intercept("
    "CglibAopProxy.java:",
    "org.springframework.transaction.interceptor.TransactionInterceptor.invoke("
    "TransactionInterceptor.java:",
    "org.hibernate.internal.SessionImpl.find(SessionImpl.java:",
    "org.apache.kafka.clients.consumer.internals.ConsumerCoordinator.poll("
    "ConsumerCoordinator.java:",
    "org.apache.kafka.clients.NetworkClient.poll(NetworkClient.java:",
    "com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:",
    "org.postgresql.core.v3.ConnectionFactoryImpl.openConnectionImpl(ConnectionFactoryImpl.java:",
    "java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:",
    "java.util.concurrent.CompletableFuture.uniApply(CompletableFuture.java:",
    "org.apache.tomcat.util.net.NioEndpoint$SocketProcessor.doRun(NioEndpoint.java:",
    "io.netty.channel.nio.NioEventLoop.processSelectedKeys(NioEventLoop.java:"};

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == '"' || c == '\\') *out += '\\';
    if (c == '\t') {
      *out += "\\t";
    } else if (c == '\n') {
      *out += "\\n";
    } else {
      *out += c;
    }
  }
}

}  // namespace

Corpus::Corpus(const CorpusOptions& options, const Planted& planted)
    : options_(options), planted_(planted), rng_(options.seed) {
  now_.seconds = kStart - 1;
  now_.micros = 999'999;
  Tick();
  const auto& styles = PlainStyles();
  messages_by_style_.resize(styles.size());
  for (uint32_t s = 0; s < styles.size(); ++s) {
    for (const char* message : styles[s].messages) {
      bool clean = true;
      for (int i = 0; i < kProbes && clean; ++i) {
        std::string line;
        FillSlots(headers_[s], now_, styles[s].name, rng_, &line);
        FillSlots(message, now_, styles[s].name, rng_, &line);
        clean = !planted.MatchesAny(line);
      }
      if (!clean) continue;
      messages_by_style_[s].push_back(message);
      ++messages_;
    }
  }
  for (uint32_t i = 0; i < std::max(1u, options.services); ++i) {
    const auto style = static_cast<uint32_t>(i % styles.size());
    if (messages_by_style_[style].empty()) continue;
    Service service{styles[style].name, style};
    if (i >= styles.size()) service.name += "-" + std::to_string(i / styles.size());
    services_.push_back(std::move(service));
  }
}

void Corpus::Tick() {
  now_.micros += static_cast<int>(rng_.Below(5000));
  if (now_.micros < 1'000'000) return;
  now_.micros -= 1'000'000;
  const auto seconds = static_cast<time_t>(++now_.seconds);
  gmtime_r(&seconds, &now_.utc);
  const auto format = [&](const char* header) {
    char text[256];
    return std::string(text, strftime(text, sizeof(text), header, &now_.utc));
  };
  headers_.clear();
  for (const Style& style : PlainStyles()) headers_.push_back(format(style.header));
  failure_headers_.clear();
  for (const char* header : FailureHeaders()) failure_headers_.push_back(format(header));
}

void Corpus::AppendFailure(std::string* out) {
  if (options_.kind == CorpusOptions::Kind::kNearMisses) {
    *out += planted_.PickNearMiss(rng_);
  } else {
    *out += planted_.Pick(rng_);
  }
}

void Corpus::PadLine(size_t begin, std::string* out) {
  while (out->size() - begin < options_.line_bytes)
    FillSlots(" {word}={n} {word}-{word}={hex}", now_, {}, rng_, out);
}

void Corpus::AppendPlain(const Service& service, bool hit, std::string* out) {
  const size_t begin = out->size();
  if (hit) {
    FillSlots(rng_.Pick(failure_headers_), now_, service.name, rng_, out);
    AppendFailure(out);
  } else {
    FillSlots(headers_[service.style], now_, service.name, rng_, out);
    FillSlots(rng_.Pick(messages_by_style_[service.style]), now_, service.name, rng_, out);
  }
  PadLine(begin, out);
}

void Corpus::AppendJson(const Service& service, bool hit, std::string* out) {
  FillSlots("{\"@timestamp\":\"", now_, {}, rng_, out);
  char text[32];
  out->append(text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &now_.utc));
  FillSlots(hit ? ".{ms}Z\",\"level\":\"error\",\"service\":\"{svc}\",\"host\":\"node-{d}{d}\","
                  "\"pid\":{n},\"trace_id\":\"{hex}{hex}\",\"message\":\""
                : ".{ms}Z\",\"level\":\"info\",\"service\":\"{svc}\",\"host\":\"node-{d}{d}\","
                  "\"pid\":{n},\"trace_id\":\"{hex}{hex}\",\"message\":\"",
            now_, service.name, rng_, out);
  message_.clear();
  if (hit) {
    AppendFailure(&message_);
    if (rng_.Below(8) == 0) message_ += "\n\tat com.shop.Main.run(Main.java:42)";
  } else {
    FillSlots(rng_.Pick(messages_by_style_[service.style]), now_, service.name, rng_, &message_);
  }
  PadLine(0, &message_);
  AppendEscaped(message_, out);
  *out += "\"}";
}

void Corpus::AppendJavaTrace(std::string* out) {
  FillSlots(failure_headers_[0], now_, "checkout", rng_, out);
  *out +=
      "c.s.checkout.order.OrderService : order failed\n"
      "java.lang.RuntimeException: while placing an order\n";
  for (uint32_t i = 12 + rng_.Below(40); i > 0; --i, ++lines_) {
    *out += "\tat ";
    *out += rng_.Pick(kFrames);
    FillSlots("{n})\n", now_, {}, rng_, out);
  }
  *out += "Caused by: java.lang.IllegalStateException: the step before did not end\n";
  lines_ += 3;
}

void Corpus::AppendLine(const Service& service, bool json, std::string* out) {
  Tick();
  const bool hit = rng_.Unit() < options_.hit_share;
  if (json) {
    AppendJson(service, hit, out);
  } else {
    AppendPlain(service, hit, out);
  }
  *out += '\n';
  ++lines_;
  if (hit) ++planted_lines_;
}

void Corpus::AppendRun(std::string* out) {
  if (options_.kind == CorpusOptions::Kind::kJavaTraces) {
    Tick();
    AppendJavaTrace(out);
    return;
  }
  const Service& service = rng_.Pick(services_);
  const bool json = options_.format == CorpusOptions::Format::kJson ||
                    (options_.format == CorpusOptions::Format::kMixed && rng_.Below(2) == 0);
  for (uint32_t i = 5 + rng_.Below(36); i > 0; --i) AppendLine(service, json, out);
}

}  // namespace culprit::bench
