// CompiledRule, and what a RuleSet is made of: rules by rank, and where to find those of an event.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "labels/condition.h"
#include "labels/label_template.h"
#include "labels/rule_trigger.h"
#include "strata/labels/rules.h"

namespace strata {
namespace internal {

struct CompiledRule {
  std::string name;
  std::vector<RuleTrigger> on;
  bool is_conditional = false;
  Condition when;
  std::vector<LabelTemplate> invalidate;
  std::vector<LabelTemplate> expire;
  // The type whose label replaces one that cannot be had; empty for the event's own type.
  std::string widens_to;
};

struct RuleCounters {
  std::atomic<std::uint64_t> evaluated{0};
  std::atomic<std::uint64_t> fired{0};
  std::atomic<std::uint64_t> labels{0};
  std::atomic<std::uint64_t> incomplete{0};
  std::atomic<std::uint64_t> widened{0};
};

// For each kind of event, ranks of rules, rising.
using RanksByKind = std::array<std::vector<std::uint32_t>, kEventKindCount>;

// The fields of declared types.
using DeclaredTypes = std::unordered_map<std::string, std::vector<std::string>>;

// Whether `fields`, named in `where`, are fields of `type`, if it is declared.
[[nodiscard]] Result<void> check_fields(const std::vector<FieldName>& fields,
                                        std::string_view where, std::string_view type,
                                        const DeclaredTypes& types);

// The rules that stand for cascades. Errors: kRejected; for a cycle with its path.
[[nodiscard]] Result<std::vector<CompiledRule>> compile_cascades(
    const std::vector<Cascade>& cascades, const DeclaredTypes& types);

}  // namespace internal

// A rule's rank is its place among `rules`, which is the order of evaluation.
struct RuleSet::State {
  std::vector<internal::CompiledRule> rules;
  std::unique_ptr<internal::RuleCounters[]> counters;
  std::unordered_map<std::string, internal::RanksByKind> by_type;
  internal::RanksByKind for_every_type;

  // Makes the two indexes of `rules`. A rule that is not enabled is in none.
  void index(const std::vector<bool>& is_enabled);
};

}  // namespace strata
