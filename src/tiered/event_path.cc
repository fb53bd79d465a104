// The path of events: the rules' labels are invalidated first, then the handlers are called.
#include "strata/core/limits.h"
#include "tiered/paths.h"

namespace strata {
namespace {

using internal::CauseScope;
using internal::Change;

}  // namespace

std::string internal::described(const Event& event) {
  std::string text(to_string(event.kind));
  if (!event.type.empty()) text += " " + event.type;
  if (!event.items.empty()) text += " " + event.items.front().id;
  if (event.items.size() > 1) {
    text += " and " + std::to_string(event.items.size() - 1) + " more";
  }
  return text;
}

namespace {

// The labels of each rule that fired, in its name.
void apply(Cache::State& state, const RuleOutcome& outcome, EventResult& result) {
  std::span<const Label> invalidate = outcome.invalidate;
  std::span<const Label> expire = outcome.expire;
  const auto change = [&](std::span<const Label>& labels, std::size_t count, Change how) {
    InvalidationResult& sum = how == Change::kExpire ? result.expired : result.invalidated;
    internal::add_to(sum, internal::caught_removal([&] {
                       return internal::change_in_slices(state, labels.first(count), how);
                     }));
    labels = labels.subspan(count);
  };
  for (const FiredRule& rule : outcome.fired) {
    const CauseScope::Text text = [&] { return std::string(rule.name); };
    const CauseScope scope(state.causes, CauseKind::kRule, text);
    change(invalidate, rule.invalidate, Change::kInvalidate);
    change(expire, rule.expire, Change::kExpire);
    result.rules.emplace_back(rule.name);
    result.incomplete = result.incomplete || rule.is_incomplete;
  }
  result.incomplete = result.incomplete || outcome.is_widened;
}

EventResult refused(Error error) {
  EventResult result;
  result.error = internal::shared_error(std::move(error));
  return result;
}

}  // namespace

EventResult internal::emit(Cache::State& state, const Event& event, const Labels& plain) try {
  if (state.is_closed()) return refused(state.closed_error());
  if (Result<void> valid = event.validate(); !valid) return refused(valid.error());
  EventResult result;
  const Origin from = parse_origin(event.origin);
  const CauseScope::Text origin = [&] { return std::string(from.text); };
  std::optional<CauseScope> root;
  if (!event.origin.empty()) root.emplace(state.causes, from.kind, origin);
  const CauseScope::Text text = [&] { return described(event); };
  const CauseScope scope(state.causes, CauseKind::kEvent, text);

  const RuleOutcome outcome = state.rules().evaluate(event);
  apply(state, outcome, result);
  if (outcome.fired.empty() && !plain.empty()) {
    result.invalidated = internal::caught_removal(
        [&] { return internal::change_in_slices(state, plain, Change::kInvalidate); });
  }
  for (const InvalidationResult* done : {&result.invalidated, &result.expired}) {
    if (done->error && !result.error) result.error = done->error;
  }
  const Result<void> told = state.events.emit(event);
  if (!told && !result.error) result.error = internal::shared_error(told.error());
  return result;
} catch (...) {
  return refused(error_of_exception(ErrorCode::kUnavailable, "what an event makes wrong"));
}

RuleSet Cache::State::rules() const {
  const MutexLock lock(rules_mutex_);
  return rules_;
}

void Cache::State::set_rules(RuleSet rules) {
  const MutexLock lock(rules_mutex_);
  rules_ = std::move(rules);
}

EventResult Cache::emit(const Event& event) { return internal::emit(*state_, event, {}); }

EventResult Cache::invalidate_by_write(std::string_view type, std::string_view id, Fields fields,
                                       Fields old_fields) {
  return internal::emit(*state_, entity_write(type, id, std::move(fields), std::move(old_fields)),
                        default_labels(type, id));
}

EventBus& Cache::events() { return state_->events; }

Result<void> Cache::set_rules(const RuleDefinitions& definitions) {
  Result<RuleSet> compiled = RuleSet::compile(definitions);
  if (!compiled) return compiled.error();
  state_->set_rules(std::move(*compiled));
  return {};
}

RuleSet Cache::rules() const { return state_->rules(); }

std::vector<RuleStats> Cache::rule_stats() const { return state_->rules().stats(); }

}  // namespace strata
