// What becomes of an outbox's events and gaps.
//
// An event of which no rule speaks must not end in silence: nobody would ever know that the cache
// is wrong. So it has the labels of Cache::invalidate_by_write(), and that of its type. Where there
// is a rule for it, whose condition does not hold, the type's label is left out: the rule has said
// that most of the type's values are right.
//
// After a gap of a type its label finds the values only if a keyspace carries it, and the same
// holds for what cascades from the type. Where one of them is in no keyspace, everything goes.
#include "config/outbox_feed.h"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "labels/rule_trigger.h"
#include "strata/core/label.h"
#include "strata/tiered/cache_feed.h"

namespace strata::internal {
namespace {

constexpr EventKinds kChanges = {EventKind::kEntityWrite, EventKind::kEntityBulkWrite,
                                 EventKind::kEntityDelete, EventKind::kEntityBulkDelete};

// What can be known of the cache before anything happens.
struct Outlook {
  std::vector<RuleTrigger> triggers;      // of all rules and cascades
  std::set<std::string> types_in_groups;  // whose label, with those that cascade, finds all values

  [[nodiscard]] bool has_rule_for(const Event& event) const {
    return std::any_of(triggers.begin(), triggers.end(), [&](const RuleTrigger& trigger) {
      return trigger.kinds.contains(event.kind) &&
             (trigger.type == "*" || trigger.type == event.type);
    });
  }
};

Outlook outlook_of(OutboxFeedOptions& options) {
  Outlook outlook;
  for (const Rule& rule : options.rules.rules) {
    for (const std::string& text : rule.on) {
      Result<RuleTrigger> trigger = parse_trigger(text);
      if (trigger && rule.enabled) outlook.triggers.push_back(*std::move(trigger));
    }
  }
  outlook.types_in_groups = std::move(options.types);
  const auto reaches_no_group = [&](const Cascade& cascade) {
    return outlook.types_in_groups.contains(cascade.from) &&
           !outlook.types_in_groups.contains(cascade.to);
  };
  const std::vector<Cascade>& cascades = options.rules.cascades;
  for (const Cascade& cascade : cascades) {
    outlook.triggers.push_back({kChanges, cascade.from});
  }
  for (auto one = cascades.begin(); one != cascades.end();) {
    one = std::find_if(cascades.begin(), cascades.end(), reaches_no_group);
    if (one != cascades.end()) outlook.types_in_groups.erase(one->from);
  }
  return outlook;
}

// What is invalidated where no rule fires. A label that is not valid is carried by nothing.
Labels labels_without_rules(const Event& event, const Outlook& outlook) {
  Labels labels;
  std::unordered_set<LabelId> known;
  const auto add = [&](Label label) {
    if (label.validate() && known.insert(label.id()).second) labels.push_back(std::move(label));
  };
  if (!outlook.has_rule_for(event)) add(type(event.type));
  for (const EventItem& item : event.items) {
    for (Label& label : default_labels(event.type, item.id)) add(std::move(label));
  }
  return labels;
}

Result<void> tell_events(CacheFeed& feed, const Outlook& outlook, std::span<const Event> events) {
  for (const Event& event : events) {
    const Labels otherwise =
        kChanges.contains(event.kind) ? labels_without_rules(event, outlook) : Labels();
    if (const EventResult told = feed.emit(event, otherwise); !told.ok()) return *told.error;
  }
  return {};
}

// The labels of the types, whatever rules say; then what rules and cascades make of them.
Result<void> tell_gap(CacheFeed& feed, const Outlook& outlook, const OutboxGap& gap) {
  Labels labels;
  for (const std::string& name : gap.types) labels.push_back(type(name));
  const bool are_valid = std::all_of(labels.begin(), labels.end(),
                                     [](const Label& label) { return label.validate().ok(); });
  const bool are_in_groups =
      std::all_of(gap.types.begin(), gap.types.end(),
                  [&](const std::string& name) { return outlook.types_in_groups.contains(name); });
  const bool is_of_types = !labels.empty() && are_valid;
  if (!is_of_types || !are_in_groups) labels = {everything()};
  if (const InvalidationResult gone = feed.invalidate(labels); !gone.ok()) return *gone.error;
  if (!is_of_types) return {};
  for (const std::string& name : gap.types) {
    const EventResult told =
        feed.emit({.kind = EventKind::kTypeModified, .type = name, .items = {}, .origin = {}});
    if (!told.ok()) return *told.error;
  }
  return {};
}

}  // namespace

Result<void> feed_from_outbox(Cache& cache, OutboxFeedOptions options,
                              const std::shared_ptr<Clock>& clock, const LogSink& log) {
  const auto outlook = std::make_shared<const Outlook>(outlook_of(options));
  OutboxRelayOptions& how = options.relay;
  how.retry_max = std::max(how.retry_max, how.poll);
  const auto feed = std::make_shared<CacheFeed>(cache.feed("outbox " + how.reader));
  auto opened = OutboxRelay::open(
      std::move(how),
      {.events = [=](std::span<const Event> told) { return tell_events(*feed, *outlook, told); },
       .gap = [=](const OutboxGap& gap) { return tell_gap(*feed, *outlook, gap); }},
      clock, log);
  if (!opened) return opened.error();
  const std::shared_ptr<OutboxRelay> relay = *std::move(opened);
  relay->start();
  cache.before_close([relay] { relay->close(); });
  return {};
}

}  // namespace strata::internal
