// Study: the loop over traces, policies and sizes.
#include "simulate/study.h"

#include <algorithm>

#include "simulate/belady.h"

namespace strata::simulate {
namespace {

constexpr std::string_view kBelady = "belady";

Result<StudiedPolicy> parse_policy(std::string_view name) {
  if (name == kBelady) return StudiedPolicy{.name = std::string(name)};
  Result<memory::PolicyKind> kind = memory::parse_policy(name);
  if (!kind) {
    Error error = kind.error();
    error.message += ", and " + std::string(kBelady);
    return error;
  }
  return StudiedPolicy{.name = std::string(name), .kind = *kind};
}

std::string name_of(const std::string& path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (const std::string_view suffix : {".gz", ".zst", ".txt"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
    }
  }
  return name;
}

}  // namespace

Result<std::vector<StudiedPolicy>> parse_policies(std::string_view text) {
  std::vector<StudiedPolicy> policies;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    Result<StudiedPolicy> policy = parse_policy(text.substr(0, comma));
    if (!policy) return policy.error();
    const auto is_same = [&](const StudiedPolicy& other) { return other.name == policy->name; };
    if (std::none_of(policies.begin(), policies.end(), is_same)) policies.push_back(*policy);
    if (comma == text.size()) return policies;
    text.remove_prefix(comma + 1);
  }
}

Result<std::vector<StudyRow>> study(const StudyOptions& options) {
  std::vector<StudyRow> rows;
  for (const std::string& path : options.traces) {
    const Result<Trace> trace = read_trace(path);
    if (!trace) return trace.error();
    if (options.size_is_bytes && trace->sizes.empty()) {
      return Error{.code = ErrorCode::kRejected,
                   .message = path + " has no sizes, so that caches cannot be bounded by bytes"};
    }
    const std::vector<std::uint64_t> sizes =
        sizes_for(options.sizes, whole_size(*trace, options.size_is_bytes));
    for (const StudiedPolicy& policy : options.policies) {
      for (const std::uint64_t size : sizes) {
        SimulationOptions one{
            .size = size, .size_is_bytes = options.size_is_bytes, .shards_max = options.shards_max};
        one.policy_options.unbounded_history = options.unbounded_history;
        if (policy.kind) one.policy = *policy.kind;
        rows.push_back({.trace = name_of(path),
                        .policy = policy.name,
                        .size = size,
                        .result = policy.kind ? play(*trace, one) : play_belady(*trace, one)});
      }
    }
  }
  return rows;
}

}  // namespace strata::simulate
