// Status macros that the packaged Abseil (20220623) does not have yet.
#pragma once
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define CULPRIT_CONCAT_INNER(a, b) a##b
#define CULPRIT_CONCAT(a, b) CULPRIT_CONCAT_INNER(a, b)

// Returns the status from the enclosing function unless it is OK.
#define CULPRIT_RETURN_IF_ERROR(expr)                                 \
  do {                                                                \
    if (absl::Status status_ = (expr); !status_.ok()) return status_; \
  } while (false)

// CULPRIT_ASSIGN_OR_RETURN(auto x, Compute());
// NOLINTBEGIN(bugprone-macro-parentheses): lhs may be a declaration
#define CULPRIT_ASSIGN_OR_RETURN(lhs, expr) \
  CULPRIT_ASSIGN_OR_RETURN_IMPL(CULPRIT_CONCAT(statusor_, __LINE__), lhs, expr)
#define CULPRIT_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                  \
  if (!tmp.ok()) return std::move(tmp).status();      \
  lhs = std::move(tmp).value()
// NOLINTEND(bugprone-macro-parentheses)
