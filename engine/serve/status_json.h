// What the program tells of itself, as JSON and as reasons. Pure functions.
#pragma once
#include <string>
#include <vector>

#include "engine/serve/backend.h"

namespace culprit {

// Something that is not well. `blocking`: the program is not ready because of it.
struct Trouble {
  std::string what;  // state, source, config, sink: stable
  std::string name;  // of the source or sink
  std::string detail;
  bool blocking = false;
};
// A failed reload, single failing sources and sinks leave the program ready: the rest goes on. If
// all sources fail, it is not.
std::vector<Trouble> Troubles(const PipelineStats& stats, const ReloadState& reload);
bool IsReady(const std::vector<Trouble>& troubles);

std::string ReadyJson(const std::vector<Trouble>& troubles);
// `top`: at most so many signatures, those with the most hits.
std::string StatusJson(const PipelineStats& stats, const ReloadState& reload,
                       const std::string& version, size_t top);
std::string SourcesJson(const PipelineStats& stats);

}  // namespace culprit
