// purge(): a scan of every tier, and an invalidation of what matches after each thousand keys.
//
// The deepest tier is looked through first, as in every invalidation: what is promoted meanwhile
// was found below, and what memory alone has is found at the end. Removing while a scan goes on is
// safe: what is there all the time is seen whatever else comes and goes.
#include "strata/tiered/purge.h"

#include <algorithm>

#include "strata/core/duration.h"
#include "tiered/paths.h"

namespace strata {

bool PurgeCandidate::carries(const Label& label) const {
  return std::find(group.begin(), group.end(), label) != group.end() ||
         std::find(labels.begin(), labels.end(), label) != labels.end();
}

bool PurgeFilter::empty() const {
  return !keyspace && !tenant && !type && !source && !tag && !key_prefix && !version &&
         !older_than && !where;
}

std::uint64_t PurgeResult::removed() const {
  std::uint64_t sum = 0;
  for (const Tier& tier : tiers) sum += tier.removed;
  return sum;
}

namespace {

constexpr std::size_t kPageRecords = 256;
constexpr std::size_t kKeysAtOnce = 1'000;  // invalidated by one call

// The labels that the filter asks for.
Labels labels_of(const PurgeFilter& filter) {
  Labels labels;
  const auto add = [&](LabelKind kind, const std::optional<std::string>& text) {
    if (text) labels.emplace_back(kind, *text);
  };
  add(LabelKind::kKeyspace, filter.keyspace);
  add(LabelKind::kTenant, filter.tenant);
  add(LabelKind::kType, filter.type);
  add(LabelKind::kSource, filter.source);
  add(LabelKind::kTag, filter.tag);
  return labels;
}

// "keyspace user, key from 1:user::4, older than 30d, a predicate"
std::string described(const PurgeFilter& filter, const Labels& labels) {
  std::string text = internal::describe_labels(labels);
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (filter.key_prefix) add("key from " + *filter.key_prefix);
  if (filter.version) add("version " + *filter.version);
  if (filter.older_than) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*filter.older_than);
    add("older than " + describe_duration(ms));
  }
  if (filter.where) add("a predicate");
  return text;
}

std::optional<Error> refuse(const PurgeFilter& filter, const Labels& labels) {
  if (filter.empty()) {
    return Error{ErrorCode::kRejected, "a purge without a filter; clear() removes everything", {}};
  }
  for (const Label& label : labels) {
    if (Result<void> valid = label.validate(); !valid) return valid.error();
  }
  if (filter.older_than && *filter.older_than < Duration(0)) {
    return Error{ErrorCode::kRejected, "a purge of what is older than a negative duration", {}};
  }
  return std::nullopt;
}

// A purge that is under way.
class Purge {
 public:
  Purge(Cache::State& cache, const PurgeFilter& filter, const Labels& labels, PurgeResult& result)
      : cache_(cache), filter_(filter), labels_(labels), result_(result) {
    for (std::size_t depth = cache.tiers.size(); depth-- > 0;) {
      result.tiers.push_back({std::string(cache.tiers[depth]->name()), 0});
    }
    result.tiers.push_back({std::string(cache.hot->name()), 0});
  }

  void run() {
    for (std::size_t place = 0; place < cache_.tiers.size(); ++place) {
      look_through(*cache_.tiers[cache_.tiers.size() - 1 - place], result_.tiers[place]);
    }
    look_through_memory();
  }

 private:
  void look_through(Tier& tier, PurgeResult::Tier& told) {
    std::optional<ScanCursor> cursor = ScanCursor();
    while (cursor) {
      const Result<ScanPage> page = tier.scan(*cursor, kPageRecords, {});
      if (!page) {
        cache_.note_failure(tier.name(), "looking through", page.error());
        note(page.error());
        break;
      }
      for (const Record& record : page->records) {
        if (!matches({.tier = told.name,
                      .key = record.key_text,
                      .group = record.group,
                      .labels = record.labels,
                      .version = record.version,
                      .age = internal::age_of(cache_, record.lifetime),
                      .size_bytes = record.payload.size(),
                      .negative = record.negative})) {
          continue;
        }
        take(record.key_text, &told);
      }
      cursor = page->next;
    }
    remove();
  }

  void look_through_memory() {
    std::uint64_t cursor = 0;
    do {
      std::vector<EntryRef> entries;
      cursor = cache_.hot->scan(cursor, entries);
      const Instant now = cache_.clock->now();
      for (const EntryRef& entry : entries) {
        const LabelGroup* const group = entry->group();
        const EntryDetails* const details = entry->details();
        if (!matches({.tier = cache_.hot->name(),
                      .key = entry->key_text(),
                      .group = group != nullptr ? std::span<const Label>(group->labels)
                                                : std::span<const Label>(),
                      .labels = entry->labels(),
                      .version = details != nullptr ? std::string_view(details->version)
                                                    : std::string_view(),
                      .age = std::max(between(entry->written_at(), now), Duration(0)),
                      .size_bytes = entry->footprint_bytes(),
                      .negative = entry->negative()})) {
          continue;
        }
        take(entry->key_text(), nullptr);
      }
    } while (cursor != 0);
    remove();
  }

  [[nodiscard]] bool matches(const PurgeCandidate& candidate) const {
    const bool carries_all = std::all_of(labels_.begin(), labels_.end(), [&](const Label& label) {
      return candidate.carries(label);
    });
    if (!carries_all) return false;
    if (filter_.key_prefix && !candidate.key.starts_with(*filter_.key_prefix)) return false;
    if (filter_.version && candidate.version != *filter_.version) return false;
    if (filter_.older_than && candidate.age <= *filter_.older_than) return false;
    return !filter_.where || filter_.where(candidate);
  }

  // `told`: where it is counted; memory says itself what it removed.
  void take(std::string_view key, PurgeResult::Tier* told) {
    keys_.emplace_back(LabelKind::kKey, key);
    if (told != nullptr) ++told->removed;
    if (keys_.size() >= kKeysAtOnce) remove();
  }

  void remove() {
    if (keys_.empty()) return;
    const InvalidationResult done = internal::invalidate_everywhere(cache_, keys_);
    if (!done.ok()) note(*done.error);
    result_.tiers.back().removed += done.tiers.back().removed.value_or(0);
    keys_.clear();
  }

  void note(const Error& error) {
    if (result_.ok()) result_.error = internal::shared_error(error);
  }

  Cache::State& cache_;
  const PurgeFilter& filter_;
  const Labels& labels_;
  PurgeResult& result_;
  Labels keys_;  // that match and are not invalidated yet
};

}  // namespace

PurgeResult Cache::purge(const PurgeFilter& filter) {
  State& state = *state_;
  PurgeResult result;
  try {
    if (state.is_closed()) {
      result.error = internal::shared_error(state.closed_error());
      return result;
    }
    const Labels labels = labels_of(filter);
    if (auto refused = refuse(filter, labels)) {
      result.error = internal::shared_error(std::move(*refused));
      return result;
    }
    const internal::CauseScope::Text text = [&] { return described(filter, labels); };
    const internal::CauseScope scope(state.causes, CauseKind::kPurge, text);
    Purge(state, filter, labels, result).run();
  } catch (...) {
    result.error = internal::shared_error(
        internal::error_of_exception(ErrorCode::kUnavailable, "a purge that is not complete"));
  }
  return result;
}

}  // namespace strata
