// The operations of the machine, and what the model says of their answers.
#include "fuzz/cache_machine.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/assert.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/random.h"

namespace strata::fuzz {
namespace {

using std::chrono::seconds;

constexpr std::size_t kKeys = 16;
constexpr Duration kTtl = seconds(100);
constexpr Duration kStaleFor = seconds(50);
constexpr Duration kKeepFor = seconds(200);
constexpr Duration kNegativeTtl = seconds(30);

Cache make_cache(Shape shape, const std::shared_ptr<ManualClock>& clock,
                 const std::shared_ptr<Executor>& executor, std::vector<RecordTier*>& tiers) {
  const std::size_t remembered = shape.few_labels ? 4 : 1'024;
  CacheParts parts;
  parts.hot = memory_tier({.enabled = shape.memory,
                           .max_entries = shape.little_room ? 3U : 0U,
                           .max_bytes = 1u << 20,
                           .remembered_labels = remembered,
                           .shards = 1},
                          clock, seeded_random(1));
  for (std::size_t i = 0; i < shape.tiers; ++i) {
    auto tier = std::make_unique<RecordTier>("tier" + std::to_string(i), clock, remembered);
    tiers.push_back(tier.get());
    parts.tiers.push_back(std::move(tier));
  }
  parts.clock = clock;
  parts.executor = executor;
  parts.timer = std::make_shared<ManualTimer>(clock);
  // So that a cache is made quickly.
  parts.options.causes = {.removals = 64, .causes = 64};
  return Cache(std::move(parts));
}

}  // namespace

std::string CacheMachine::id_of(std::uint8_t which) { return std::to_string(which % kKeys); }

CacheMachine::CacheMachine(Shape shape)
    : shape_(shape),
      cache_(make_cache(shape, clock_, executor_, tiers_)),
      values_(cache_.keyspace<int>("values", {.ttl = kTtl,
                                              .ttl_jitter = 0,
                                              .stale_for = shape.stale ? kStaleFor : Duration(0),
                                              .keep_for = kKeepFor,
                                              .negative_ttl = kNegativeTtl,
                                              .type = "thing",
                                              .source = "origin"})),
      derived_(cache_.keyspace<int>("derived", {.ttl = kTtl, .ttl_jitter = 0})) {}

CacheModel::Value CacheMachine::value(const std::string& id, int version, const Labels& tags) {
  const Duration ttl = version == kAbsent ? kNegativeTtl : kTtl;
  const Duration stale = shape_.stale && version != kAbsent ? kStaleFor : Duration(0);
  const Duration keep = version != kAbsent ? kKeepFor : Duration(0);
  CacheModel::Value made{.version = version,
                         .labels = {key_label(values_, id), keyspace("values").id(),
                                    Label(LabelKind::kType, "thing").id(), source("origin").id()},
                         .fresh_until = later(ttl),
                         .stale_until = later(ttl + stale),
                         .keep_until = later(ttl + std::max(stale, keep))};
  for (const Label& label : tags) made.labels.push_back(label.id());
  return made;
}

void CacheMachine::origin_changes(const std::string& id, std::uint8_t how) {
  origin_[id] = how % 8 == 0 ? kAbsent : ++last_version_;
}

// Of a look-up that loads nothing.
void CacheMachine::check_read(const std::string& key, const Lookup<int>& found) {
  const Instant now = clock_->now();
  switch (found.outcome()) {
    case Outcome::kHit:
      STRATA_ASSERT(model_.may_be_fresh(key, *found, now));
      break;
    case Outcome::kNegativeHit:
      STRATA_ASSERT(model_.may_be_fresh(key, kAbsent, now));
      break;
    case Outcome::kStaleHit:
      STRATA_ASSERT(model_.may_be_stale(key, *found, now));
      break;
    default:
      STRATA_ASSERT(found.outcome() == Outcome::kMiss);
  }
}

void CacheMachine::get(const std::string& id) { check_read(id, values_.get(id)); }

void CacheMachine::get_many(std::uint8_t which, std::uint8_t how) {
  Ids ids;
  for (std::size_t i = 0; i <= how % 4; ++i)
    ids.push_back(id_of(static_cast<std::uint8_t>(which + i)));
  const std::vector<Lookup<int>> found = values_.get_many(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) check_read(ids[i], found[i]);
}

// Of a look-up whose loader does not fail. `was_known`: a tier may have had what it brought.
void CacheMachine::check_loaded(const std::string& id, const Lookup<int>& found, const Labels& tags,
                                CacheModel::Moment began, bool was_known) {
  const Instant now = clock_->now();
  const Outcome outcome = found.outcome();
  if (outcome == Outcome::kLoaded || outcome == Outcome::kRefreshed) {
    const int brought = found.has_value() ? *found : kAbsent;
    STRATA_ASSERT(brought == version(id));
    // A refresh that brings another value is an invalidation of what depends on the key, unless
    // something of it was invalidated meanwhile.
    const bool differs =
        outcome == Outcome::kRefreshed && brought != kAbsent && !was_known && model_.now() == began;
    if (differs) model_.invalidate({key_label(values_, id)});
    model_.store(id, value(id, brought, tags), differs ? model_.now() : began);
  } else if (outcome == Outcome::kStaleHit) {
    STRATA_ASSERT(model_.may_be_kept(id, *found, now));
  } else {
    STRATA_ASSERT(outcome != Outcome::kError);
    check_read(id, found);
  }
}

// `how`: the tag; whether it is known at the call; whether the loader invalidates it.
void CacheMachine::load(const std::string& id, std::uint8_t how) {
  const Label label = tag(tag_text(how));
  const CacheModel::Moment began = model_.now();
  const bool at_the_call = (how & 4) != 0;
  const bool invalidates = (how & 0x18) == 0x18;
  CallOptions call;
  if (at_the_call) call.labels = {label};
  call.bypass = (how & 0x60) == 0x60;
  // The loader may run in the background, when nobody looks at its answer: it may be stored.
  const auto was_known = std::make_shared<bool>(true);
  const auto loader = [this, id, label, began, invalidates,
                       was_known](Load& load) -> std::optional<int> {
    const int brought = version(id);
    *was_known = model_.may_have(id, brought);
    load.depends_on(label);
    if (invalidates) {
      cache_.invalidate(label);
      model_.invalidate({label.id()});
    }
    model_.store(id, value(id, brought, {label}), began);
    return brought == kAbsent ? std::nullopt : std::optional<int>(brought);
  };
  const Lookup<int> found = values_.get_or_load(id, loader, call);
  check_loaded(id, found, {label}, began, *was_known);
}

void CacheMachine::load_many(std::uint8_t which, std::uint8_t how) {
  Ids ids;
  for (std::size_t i = 0; i <= how % 4; ++i)
    ids.push_back(id_of(static_cast<std::uint8_t>(which + i)));
  const Label label = tag(tag_text(how));
  const CacheModel::Moment began = model_.now();
  const auto loader = [this, label, began](std::span<const std::string> missing,
                                           Load& load) -> Result<std::vector<std::optional<int>>> {
    load.depends_on(label);
    std::vector<std::optional<int>> brought;
    for (const std::string& id : missing) {
      const int one = version(id);
      model_.store(id, value(id, one, {label}), began);
      brought.push_back(one == kAbsent ? std::nullopt : std::optional<int>(one));
    }
    return brought;
  };
  const std::vector<Lookup<int>> found = values_.get_or_load_many(ids, loader);
  for (std::size_t i = 0; i < ids.size(); ++i) check_loaded(ids[i], found[i], {label}, began, true);
}

void CacheMachine::fail(const std::string& id) {
  const auto found = values_.get_or_load(id, [](Load&) -> Result<int> {
    return Error{ErrorCode::kLoadFailed, "down", {}};
  });
  const Instant now = clock_->now();
  if (found.outcome() == Outcome::kStaleHit) {
    STRATA_ASSERT(model_.may_be_kept(id, *found, now));
  } else if (found.outcome() != Outcome::kError) {
    check_read(id, found);
  }
}

// A value of the second keyspace, computed from one of the first.
void CacheMachine::derive(const std::string& id, std::uint8_t how) {
  const std::string base = id_of(how);
  const std::string key = "derived " + id;
  const CacheModel::Moment began = model_.now();
  bool is_stale = false;
  const auto found = derived_.get_or_load(id, [&](Load& load) -> Result<std::optional<int>> {
    const Lookup<int> from = load.get(values_, base);
    check_read(base, from);
    is_stale = from.outcome() == Outcome::kStaleHit;
    if (from.has_value()) return std::optional<int>(*from);
    return Error{ErrorCode::kLoadFailed, "nothing to compute it from", {}};
  });
  if (found.outcome() == Outcome::kError) return;
  if (found.outcome() != Outcome::kLoaded && found.outcome() != Outcome::kRefreshed) {
    return check_read(key, found);
  }
  if (is_stale) return;
  CacheModel::Value made{.version = *found,
                         .labels = model_.labels_of(base, *found),
                         .fresh_until = later(kTtl),
                         .stale_until = later(kTtl),
                         .keep_until = later(kTtl)};
  made.labels.push_back(key_label(derived_, id));
  made.labels.push_back(key_label(values_, base));
  made.labels.push_back(keyspace("derived").id());
  model_.store(key, std::move(made), began);
}

void CacheMachine::put(const std::string& id, std::uint8_t how) {
  const Label label = tag(tag_text(how));
  const int stored = ++last_version_;
  origin_[id] = stored;
  const PutResult done = values_.put(id, stored, {.labels = {label}});
  STRATA_ASSERT(done.ok());
  model_.invalidate({key_label(values_, id)});
  model_.store(id, value(id, stored, {label}), model_.now());
  const Lookup<int> found = values_.get(id);
  check_read(id, found);
  const bool must_be_there = shape_.tiers > 0 || shape_.memory;
  STRATA_ASSERT(found.has_value() == must_be_there);
}

void CacheMachine::erase(const std::string& id, std::uint8_t how) {
  if (how % 3 == 0) {
    values_.erase(id);
  } else if (how % 3 == 1) {
    values_.invalidate(id);
  } else {
    values_.erase_many(std::vector<std::string>{id});
  }
  model_.invalidate({key_label(values_, id)});
  STRATA_ASSERT(values_.get(id).outcome() == Outcome::kMiss);
}

void CacheMachine::invalidate(std::uint8_t how) {
  const auto these = [this](const Labels& labels) {
    cache_.invalidate(labels);
    CacheModel::LabelIds ids;
    for (const Label& label : labels) ids.push_back(label.id());
    model_.invalidate(ids);
  };
  switch (how % 12) {
    case 0:
      cache_.clear();
      return model_.invalidate_everything();
    case 1:
      return these({keyspace("values")});
    case 2:
      return these({keyspace("derived")});
    case 3:
      return these({Label(LabelKind::kType, "thing")});
    case 4:
      return these({source("origin"), tag("t0")});
    case 5:
      return these({tag("t1"), tag("t2"), tag("nobody has it")});
    default:
      return these({tag(tag_text(how))});
  }
}

// What makes the cache have less without anything being invalidated.
void CacheMachine::forget(std::uint8_t how) {
  const std::uint64_t entries = shape_.little_room ? 3 : 0;
  switch (how % 4) {
    case 0:
      if (!shape_.memory) return;
      cache_.hot_tier().resize(entries, 0);
      return cache_.hot_tier().resize(entries, 1u << 20);
    case 1:
      if (!tiers_.empty()) tiers_.front()->forget_all();
      return;
    case 2:
      (void)cache_.remove_expired();
      return;
    default:
      return clock_->step_wall(seconds(how) - seconds(100));
  }
}

void CacheMachine::apply(std::uint8_t what, std::uint8_t which, std::uint8_t how) {
  const std::string id = id_of(which);
  switch (what % 16) {
    case 0:
    case 1:
      get(id);
      break;
    case 2:
    case 3:
    case 4:
      load(id, how);
      break;
    case 5:
      load_many(which, how);
      break;
    case 6:
      get_many(which, how);
      break;
    case 7:
      put(id, how);
      break;
    case 8:
      erase(id, how);
      break;
    case 9:
      invalidate(how);
      break;
    case 10:
      derive(id, how);
      break;
    case 11:
      fail(id);
      break;
    case 12:
      clock_->advance(seconds(how % 64));
      break;
    case 13:
      (void)executor_->run_one();
      break;
    case 14:
      forget(how);
      break;
    default:
      if (how % 2 == 0) {
        origin_changes(id, how);
      } else {
        (void)values_.touch(id, kTtl);
        const Duration stale = shape_.stale ? kStaleFor : Duration(0);
        model_.touch(id, later(kTtl), later(kTtl + stale), later(kTtl + kKeepFor));
      }
  }
  cache_.hot_tier().check_invariants();
}

}  // namespace strata::fuzz
