// What is refused, with the text of what is wrong.
#include "labels/dependency_checks.h"

#include <utility>

#include "core/quote.h"
#include "strata/core/limits.h"
#include "strata/core/value_type.h"

namespace strata::internal {
namespace {

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

Result<void> check_edge(const Label& derived, const Label& source) {
  if (Result<void> valid = source.validate(); !valid) return valid;
  if (source.kind() == LabelKind::kAll) {
    return rejected("a dependency of " + quoted_label(derived) +
                    " on \"*\" is not needed: what invalidates everything invalidates it");
  }
  if (source.id() == derived.id()) {
    return rejected("label " + quoted_label(derived) +
                    " cannot depend on itself; name another source");
  }
  return {};
}

}  // namespace

std::string quoted_label(const Label& label) { return internal::quoted(format_label(label)); }

Result<void> check_edges(const Label& derived, std::span<const Label> sources) {
  if (Result<void> valid = derived.validate(); !valid) return valid;
  if (derived.kind() == LabelKind::kAll) {
    return rejected("\"*\" cannot depend on a label; name the keyspaces that depend on it");
  }
  for (const Label& source : sources) {
    if (Result<void> valid = check_edge(derived, source); !valid) return valid;
  }
  return {};
}

Result<void> check_counts(const Label& derived, std::size_t sources, std::size_t edges) {
  if (sources > limits::kDependencySources) {
    return rejected("label " + quoted_label(derived) + " would depend on " +
                    std::to_string(sources) + " sources; the limit is " +
                    std::to_string(limits::kDependencySources) +
                    ": give the sources a label that they share");
  }
  if (edges > limits::kDependencyEdges) {
    return rejected("the dependencies of " + quoted_label(derived) + " would make " +
                    std::to_string(edges) + " edges; the limit is " +
                    std::to_string(limits::kDependencyEdges) +
                    ": remove those that are not needed any more");
  }
  return {};
}

Error error_of_edges(const Label& derived) noexcept {
  std::string doing;
  try {
    doing = "adding dependencies of " + quoted_label(derived);
  } catch (...) {
    return error_of_exception(ErrorCode::kUnavailable, "adding dependencies");
  }
  return error_of_exception(ErrorCode::kUnavailable, doing);
}

}  // namespace strata::internal
