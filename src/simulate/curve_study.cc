// CurveStudy: one simulation that keeps a curve, and one for each size of it.
#include "simulate/curve_study.h"

#include <algorithm>
#include <map>
#include <utility>

namespace strata::simulate {
namespace {

using memory::PolicyKind;

Result<void> check(const StudyOptions& options) {
  for (const StudiedPolicy& policy : options.policies) {
    if (policy.kind == PolicyKind::kAdaptive || policy.kind == PolicyKind::kHorizon) continue;
    return Error{.code = ErrorCode::kRejected,
                 .message = policy.name + " has no curve; adaptive and horizon have",
                 .exception = {}};
  }
  return {};
}

// Simulations of one trace and policy, each of which is needed for several curves.
class Outcomes {
 public:
  Outcomes(const Trace& trace, SimulationOptions options) : trace_(trace), options_(options) {}

  // Of the last so many requests.
  double hit_ratio(std::uint64_t size, std::uint64_t requests) {
    auto [place, is_new] = outcomes_.try_emplace(size);
    std::vector<bool>& outcomes = place->second;
    if (is_new) {
      options_.size = size;
      outcomes = play_outcomes(trace_, options_, false).outcomes;
    }
    if (requests == 0) return 0;
    const auto hits =
        std::count(outcomes.end() - static_cast<std::ptrdiff_t>(requests), outcomes.end(), true);
    return static_cast<double>(hits) / static_cast<double>(requests);
  }

 private:
  const Trace& trace_;
  SimulationOptions options_;
  std::map<std::uint64_t, std::vector<bool>> outcomes_;
};

void add_rows(const Trace& trace, const std::string& name, const StudyOptions& options,
              const StudiedPolicy& policy, std::vector<CurveRow>& rows) {
  SimulationOptions one{.policy = *policy.kind,
                        .policy_options = {.aim = options.aim},
                        .size_is_bytes = options.size_is_bytes,
                        .entry_overhead = options.entry_overhead,
                        .shards_max = options.shards_max};
  Outcomes exact(trace, one);
  for (const std::uint64_t size :
       sizes_for(options.sizes, whole_size(trace, options.size_is_bytes, options.entry_overhead))) {
    one.size = size;
    const Curve curve = play_outcomes(trace, one, true).curve.value();
    for (const CurvePoint& point : curve.points) {
      const auto other = static_cast<std::uint64_t>(static_cast<double>(size) * point.size);
      rows.push_back({.trace = name,
                      .policy = policy.name,
                      .size = size,
                      .times = point.size,
                      .requests = curve.requests,
                      .sampled = curve.sampled,
                      .estimated = point.hit_ratio,
                      .plus_minus = point.plus_minus,
                      .exact = exact.hit_ratio(std::max<std::uint64_t>(1, other), curve.requests)});
    }
  }
}

}  // namespace

Result<std::vector<CurveRow>> study_curves(const StudyOptions& options) {
  if (Result<void> known = check(options); !known) return known.error();
  std::vector<CurveRow> rows;
  for (const std::string& path : options.traces) {
    const Result<Trace> trace = read_studied_trace(path, options);
    if (!trace) return trace.error();
    for (const StudiedPolicy& policy : options.policies) {
      add_rows(*trace, name_of_trace(path), options, policy, rows);
    }
  }
  return rows;
}

}  // namespace strata::simulate
