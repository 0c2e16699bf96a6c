#include "engine/core/signal.h"

namespace culprit {

SignalView ViewOf(const Signal& s, std::vector<CaptureView>* captures) {
  captures->assign(s.captures.begin(), s.captures.end());
  SignalView v;
  v.signature = s.signature;
  v.offset = s.position.offset;
  v.length = s.position.length;
  v.time = s.time;
  v.time_origin = s.time_origin;
  v.level = s.level;
  v.component = s.component;
  v.target = s.target;
  v.service = s.service;
  v.instance = s.instance;
  v.line = s.line;
  v.message = s.message;
  v.captures = *captures;
  return v;
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
