// The plain words of reports: titles, lists of names, what a class means. Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/burst.h"
#include "engine/core/incident.h"
#include "engine/core/knowledge.h"

namespace culprit {

// "a", "a and b", "a, b and 3 more".
std::string JoinNames(const std::vector<std::string>& names, size_t most,
                      std::string_view last = "and");
// Title of a generic hypothesis: "etcd is down or unreachable". `own`: classes the root shows
// itself.
std::string GenericTitle(ModeKind kind, const std::string& component, const std::string& from,
                         const std::vector<SymptomClass>& own);
// "etcd is down or unreachable: took down core, api, triggers".
std::string IncidentTitle(const std::string& cause, ModeKind kind,
                          const std::vector<std::string>& affected,
                          const std::vector<std::string>& ties);
// First steps where no failure mode has a runbook.
Runbook GenericRunbook(ModeKind kind, const std::string& component, const std::string& from);

// Fills {capture}, {component} and {capture|default}; unknown ones become <capture>.
std::string FillTemplate(std::string_view text, std::string_view component,
                         const std::vector<Capture>& captures);
Runbook FillRunbook(const Runbook& runbook, std::string_view component,
                    const std::vector<Capture>& captures);

}  // namespace culprit
