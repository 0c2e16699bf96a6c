#include "engine/core/signal.h"

namespace culprit {

SignalView ViewOf(const Signal& s, std::vector<CaptureView>* captures) {
  captures->assign(s.captures.begin(), s.captures.end());
  return {s.signature, s.position.offset, s.position.length, s.time,    s.time_origin,
          s.level,     s.component,       s.target,          s.service, s.instance,
          s.line,      s.message,         *captures};
}

Signal CopyOf(const SignalView& v) {
  Signal s;
  s.signature = v.signature;
  s.position = {0, v.offset, v.length};
  s.time = v.time;
  s.time_origin = v.time_origin;
  s.level = v.level;
  s.component = v.component;
  s.target = v.target;
  s.service = v.service;
  s.instance = v.instance;
  s.line = v.line;
  s.message = v.message;
  s.captures.assign(v.captures.begin(), v.captures.end());
  return s;
}

}  // namespace culprit
