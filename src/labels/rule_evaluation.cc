// Evaluating rules: which ones an event fires, and the labels that come of them.
#include <algorithm>
#include <limits>
#include <span>
#include <unordered_set>
#include <utility>

#include "labels/compiled_rules.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

using internal::CompiledRule;
using internal::ItemFields;
using internal::LabelTemplate;
using internal::RuleCounters;
using internal::Truth;

// Everything, where the type is none that a value can carry.
Label type_label(std::string_view type) {
  Label label(LabelKind::kType, type);
  return label.validate() ? label : everything();
}

// A list of labels without repetition.
class LabelList {
 public:
  explicit LabelList(Labels& labels) : labels_(labels) {}

  // Returns whether the list has the label now.
  [[nodiscard]] bool add(LabelKind kind, const std::string& text) {
    if (knows(label_id(kind, text))) return true;
    if (labels_.size() >= limits::kLabelsPerEvent) return false;
    append(Label(kind, text));
    return true;
  }

  // Adds it beyond the limit too.
  void add_always(Label label) {
    if (!knows(label.id())) append(std::move(label));
  }

 private:
  // A few labels are compared one by one; the set is made when there are more.
  static constexpr std::size_t kFew = 32;

  [[nodiscard]] bool knows(LabelId id) const {
    if (labels_.size() > kFew) return ids_.contains(id);
    return std::any_of(labels_.begin(), labels_.end(),
                       [&](const Label& label) { return label.id() == id; });
  }

  void append(Label label) {
    labels_.push_back(std::move(label));
    if (labels_.size() > kFew + 1) {
      ids_.insert(labels_.back().id());
    } else if (labels_.size() == kFew + 1) {
      for (const Label& one : labels_) ids_.insert(one.id());
    }
  }

  Labels& labels_;
  std::unordered_set<LabelId> ids_;
};

// One event on its way through the rules.
class Evaluation {
 public:
  Evaluation(const Event& event, RuleOutcome& outcome)
      : event_(event),
        outcome_(outcome),
        invalidate_(outcome.invalidate),
        expire_(outcome.expire) {}

  // What holds without rules.
  void begin() {
    if (event_.kind != EventKind::kSchemaModified && event_.kind != EventKind::kTypeModified)
      return;
    const bool is_schema = event_.kind == EventKind::kSchemaModified;
    invalidate_.add_always(is_schema ? everything() : type_label(event_.type));
    outcome_.fired.push_back({.name = to_string(event_.kind), .invalidate = 1});
  }

  void run(const CompiledRule& rule, RuleCounters& counters) {
    counters.evaluated.fetch_add(1, std::memory_order_relaxed);
    Progress progress;
    const std::size_t invalidate_before = outcome_.invalidate.size();
    const std::size_t expire_before = outcome_.expire.size();
    if (event_.items.empty()) run_item(rule, nullptr, progress);
    for (const EventItem& item : event_.items) run_item(rule, &item, progress);
    if (!progress.has_fired) return;

    const FiredRule fired{.name = rule.name,
                          .invalidate = outcome_.invalidate.size() - invalidate_before,
                          .expire = outcome_.expire.size() - expire_before,
                          .is_incomplete = progress.is_incomplete};
    counters.fired.fetch_add(1, std::memory_order_relaxed);
    counters.labels.fetch_add(fired.invalidate + fired.expire, std::memory_order_relaxed);
    if (fired.is_incomplete) counters.incomplete.fetch_add(1, std::memory_order_relaxed);
    if (progress.is_widened) counters.widened.fetch_add(1, std::memory_order_relaxed);
    outcome_.is_widened |= progress.is_widened;
    outcome_.fired.push_back(fired);
  }

 private:
  struct Progress {
    bool has_fired = false;
    bool is_incomplete = false;
    bool is_widened = false;
  };

  void run_item(const CompiledRule& rule, const EventItem* item, Progress& progress) {
    const ItemFields fields(event_, item);
    if (rule.is_conditional && rule.when.evaluate(fields) == Truth::kFalse) return;
    const bool is_first = !std::exchange(progress.has_fired, true);
    for (const LabelTemplate& label : rule.invalidate) {
      if (is_first || !label.is_constant()) add(rule, label, fields, invalidate_, progress);
    }
    for (const LabelTemplate& label : rule.expire) {
      if (is_first || !label.is_constant()) add(rule, label, fields, expire_, progress);
    }
  }

  void add(const CompiledRule& rule, const LabelTemplate& label, const ItemFields& fields,
           LabelList& list, Progress& progress) {
    const LabelTemplate::Outcome outcome = label.render(fields, text_);
    if (outcome == LabelTemplate::Outcome::kSkipped) return;
    if (outcome == LabelTemplate::Outcome::kIncomplete) {
      progress.is_incomplete = true;
    } else if (list.add(label.kind(), text_)) {
      return;
    } else {
      progress.is_widened = true;
    }
    list.add_always(type_label(rule.widens_to.empty() ? event_.type : rule.widens_to));
  }

  const Event& event_;
  RuleOutcome& outcome_;
  LabelList invalidate_;
  LabelList expire_;
  std::string text_;
};

constexpr std::uint32_t kNoRank = std::numeric_limits<std::uint32_t>::max();

// The next rank of two rising lists; each rank once.
std::uint32_t take_next(std::span<const std::uint32_t>& a, std::span<const std::uint32_t>& b) {
  const std::uint32_t next =
      std::min(a.empty() ? kNoRank : a.front(), b.empty() ? kNoRank : b.front());
  if (!a.empty() && a.front() == next) a = a.subspan(1);
  if (!b.empty() && b.front() == next) b = b.subspan(1);
  return next;
}

}  // namespace

RuleSet::RuleSet() : state_(std::make_shared<State>()) {}
RuleSet::RuleSet(std::shared_ptr<const State> state) : state_(std::move(state)) {}

RuleOutcome RuleSet::evaluate(const Event& event) const {
  const auto kind = static_cast<std::size_t>(event.kind);
  if (kind >= kEventKindCount) return {};
  const auto of_type = state_->by_type.find(event.type);
  std::span<const std::uint32_t> general = state_->for_every_type[kind];
  std::span<const std::uint32_t> special;
  if (of_type != state_->by_type.end()) special = of_type->second[kind];

  RuleOutcome outcome;
  Evaluation evaluation(event, outcome);
  evaluation.begin();
  while (!general.empty() || !special.empty()) {
    const std::uint32_t rank = take_next(general, special);
    evaluation.run(state_->rules[rank], state_->counters[rank]);
  }
  if (!outcome.fired.empty()) outcome.names = state_;
  return outcome;
}

std::vector<RuleStats> RuleSet::stats() const {
  std::vector<RuleStats> stats;
  for (std::size_t rank = 0; rank < state_->rules.size(); ++rank) {
    const RuleCounters& counted = state_->counters[rank];
    stats.push_back({.name = state_->rules[rank].name,
                     .evaluated = counted.evaluated,
                     .fired = counted.fired,
                     .labels = counted.labels,
                     .incomplete = counted.incomplete,
                     .widened = counted.widened});
  }
  return stats;
}

Labels default_labels(std::string_view type, std::string_view id) {
  const std::string prefix = std::string(type) + ":";
  Labels labels{tag(prefix + std::string(id)), tag(prefix + "lists")};
  const bool are_valid = std::all_of(labels.begin(), labels.end(),
                                     [](const Label& label) { return label.validate().ok(); });
  if (!are_valid) labels.push_back(type_label(type));
  std::erase_if(labels, [](const Label& label) { return !label.validate(); });
  return labels;
}

}  // namespace strata
