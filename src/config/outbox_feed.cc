#include "config/outbox_feed.h"

#include <algorithm>
#include <span>
#include <utility>

#include "strata/core/label.h"
#include "strata/tiered/cache_feed.h"

namespace strata::internal {
namespace {

Result<void> tell_events(CacheFeed& feed, std::span<const Event> events) {
  for (const Event& event : events) {
    if (const EventResult told = feed.emit(event); !told.ok()) return *told.error;
  }
  return {};
}

// The labels of the types, whatever rules say; then what rules and cascades make of them.
Result<void> tell_gap(CacheFeed& feed, const OutboxGap& gap) {
  Labels labels;
  for (const std::string& type : gap.types) labels.emplace_back(LabelKind::kType, type);
  const bool are_valid = std::all_of(labels.begin(), labels.end(),
                                     [](const Label& label) { return label.validate().ok(); });
  const bool is_of_types = !labels.empty() && are_valid;
  if (!is_of_types) labels = {everything()};
  if (const InvalidationResult gone = feed.invalidate(labels); !gone.ok()) return *gone.error;
  if (!is_of_types) return {};
  for (const std::string& type : gap.types) {
    const EventResult told =
        feed.emit({.kind = EventKind::kTypeModified, .type = type, .items = {}, .origin = {}});
    if (!told.ok()) return *told.error;
  }
  return {};
}

}  // namespace

Result<void> feed_from_outbox(Cache& cache, OutboxRelayOptions options,
                              const std::shared_ptr<Clock>& clock, const LogSink& log) {
  options.retry_max = std::max(options.retry_max, options.poll);
  const auto feed = std::make_shared<CacheFeed>(cache.feed("outbox " + options.reader));
  auto opened = OutboxRelay::open(
      std::move(options),
      {.events = [feed](std::span<const Event> events) { return tell_events(*feed, events); },
       .gap = [feed](const OutboxGap& gap) { return tell_gap(*feed, gap); }},
      clock, log);
  if (!opened) return opened.error();
  const std::shared_ptr<OutboxRelay> relay = *std::move(opened);
  relay->start();
  cache.before_close([relay] { relay->close(); });
  return {};
}

}  // namespace strata::internal
