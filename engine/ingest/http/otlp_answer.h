// OTLP/HTTP: bodies of answers, in the request's encoding. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace culprit {

// An ExportLogsServiceResponse; without rejected
// records it says nothing but that.
std::string OtlpTaken(bool json, uint64_t rejected);
// A google.rpc.Status. `http_status`: of the answer.
std::string OtlpRefused(bool json, int http_status, std::string_view message);

}  // namespace culprit
