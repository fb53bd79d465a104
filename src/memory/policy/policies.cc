// Policies: the one place that knows every policy.
#include "memory/policy/policies.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/nearest.h"
#include "memory/policy/horizon.h"
#include "memory/policy/lfu.h"
#include "memory/policy/lirs.h"
#include "memory/policy/lru.h"
#include "memory/policy/s3fifo.h"
#include "memory/policy/wtinylfu.h"

namespace strata::memory {
namespace {

// In the order of PolicyKind.
constexpr std::array<std::string_view, 7> kNames{"lru",  "lfu",     "s3fifo",  "wtinylfu",
                                                 "lirs", "horizon", "adaptive"};

std::unique_ptr<Policy> make_policy(PolicyKind kind, Controller* controller,
                                    const PolicyOptions& options) {
  switch (kind) {
    case PolicyKind::kLru:
      return std::make_unique<Lru>();
    case PolicyKind::kLirs:
      return std::make_unique<Lirs>(LirsOptions{.unbounded_history = options.unbounded_history});
    case PolicyKind::kLfu:
      return std::make_unique<Lfu>();
    case PolicyKind::kWTinyLfu:
      return std::make_unique<WTinyLfu>();
    case PolicyKind::kS3Fifo:
      return std::make_unique<S3FifoPolicy>();
    case PolicyKind::kHorizon:
    case PolicyKind::kAdaptive:
      break;
  }
  return std::make_unique<Horizon>(controller, options.aim);
}

}  // namespace

std::span<const std::string_view> policy_names() { return kNames; }

std::string_view to_string(PolicyKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

Result<PolicyKind> parse_policy(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<PolicyKind>(found - kNames.begin());
  std::string names;
  for (const std::string_view known : kNames) {
    names += names.empty() ? "" : ", ";
    names += known;
  }
  return Error{.code = ErrorCode::kRejected,
               .message = "there is no policy \"" + std::string(name) + "\"; there are " + names};
}

PolicySet make_policies(PolicyKind kind, std::size_t shards, const PolicyOptions& options) {
  PolicySet set{.controller = nullptr, .shards = {}, .kind = kind, .options = options};
  const bool adapts = kind == PolicyKind::kAdaptive;
  const bool has_curve = options.curve && (adapts || kind == PolicyKind::kHorizon);
  if (adapts || has_curve) {
    set.controller = std::make_unique<Controller>(ControllerOptions{.adapts = adapts,
                                                                    .has_curve = has_curve,
                                                                    .aim = options.aim,
                                                                    .look_ups = options.look_ups});
  }
  for (std::size_t i = 0; i < shards; ++i) set.shards.push_back(set.make());
  return set;
}

std::unique_ptr<Policy> PolicySet::make() const {
  return make_policy(kind, controller.get(), options);
}

}  // namespace strata::memory
