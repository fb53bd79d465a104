// explain(): what every tier, the graph and the journal say of one key.
#include "strata/codecs/encryption.h"
#include "tiered/lifetimes.h"
#include "tiered/packing.h"
#include "tiered/paths.h"

namespace strata {
namespace {

constexpr std::size_t kHistory = 16;  // removals that are told

void add_labels(Labels& labels, std::span<const Label> more) {
  labels.insert(labels.end(), more.begin(), more.end());
}

Duration at_least_zero(Duration duration) { return std::max(duration, Duration(0)); }

Explanation::Place place_of(const Cache::State& cache, const Entry& entry) {
  const Instant now = cache.clock->now();
  Explanation::Place place{.tier = std::string(cache.hot->name()),
                           .negative = entry.negative(),
                           .age = at_least_zero(between(entry.written_at(), now)),
                           .fresh_left = at_least_zero(between(now, entry.fresh_until())),
                           .kept_left = at_least_zero(between(now, entry.keep_until())),
                           .load_cost = entry.load_cost(),
                           .size_bytes = entry.footprint_bytes()};
  if (entry.group() != nullptr) add_labels(place.labels, entry.group()->labels);
  add_labels(place.labels, entry.labels());
  if (entry.details() != nullptr) place.version = entry.details()->version;
  return place;
}

Explanation::Place place_of(const Cache::State& cache, const Tier& tier, const Record& record) {
  const Remaining left = remaining(record.lifetime, cache.clock->now(), cache.clock->wall_now(),
                                   cache.clock->boot_id());
  Explanation::Place place{.tier = std::string(tier.name()),
                           .negative = record.negative,
                           .age = at_least_zero(internal::age_of(cache, record.lifetime)),
                           .fresh_left = at_least_zero(left.fresh),
                           .kept_left = at_least_zero(left.kept),
                           .load_cost = std::chrono::microseconds(record.load_cost_us),
                           .size_bytes = record.payload.size(),
                           .value_bytes = record.raw_size,
                           .compression = record.compression};
  if (const auto id = encryption_key_of(record)) place.encryption_key = to_string(*id);
  add_labels(place.labels, record.group);
  add_labels(place.labels, record.labels);
  place.version = record.version;
  return place;
}

// Of the tier that a removal happened in; memory's goes without saying.
std::string_view name_of(const Cache::State& cache, TierPlace place) {
  if (place == 0) return {};
  // A former process may have had more tiers.
  return place <= cache.tiers.size() ? cache.tiers[place - 1]->name() : "a tier that is no more";
}

// The key's keyspace, if it is open.
std::shared_ptr<internal::KeyspaceState> keyspace_of(Cache::State& cache, KeyRef key) {
  const Result<Key> parsed = Key::parse(key.text, key.long_params);
  if (!parsed) return nullptr;
  const MutexLock lock(cache.keyspaces_mutex);
  const auto found = cache.keyspaces.find(parsed->keyspace());
  return found != cache.keyspaces.end() ? found->second : nullptr;
}

// Why the keyspace would not use the record, as far as that needs no decoding.
std::optional<MissReason> refusal_by_header(const Record& record, KeyRef key,
                                            const internal::KeyspaceState& keyspace) {
  const auto refusal = internal::refusal_of(record, key, keyspace);
  return refusal == MissReason::kCorrupt ? std::nullopt : refusal;
}

}  // namespace

DependencyGraph& Cache::dependencies() { return state_->dependencies; }
const CauseJournal& Cache::journal() const { return state_->causes.journal(); }

Explanation Cache::explain(KeyRef key) {
  State& state = *state_;
  Explanation why{.key = std::string(key.text)};
  if (!state.birthplace.is_here()) return why;
  // What is there only because nobody has met it since it was invalidated goes now, and says why.
  EntryRef entry = state.hot->peek(key);
  if (!entry) entry = state.hot->get(key);
  if (entry) why.places.push_back(place_of(state, *entry));
  const auto keyspace = keyspace_of(state, key);
  std::optional<MissReason> refusal;
  for (const auto& tier : state.tiers) {
    const Result<std::optional<Record>> record = tier->get(key, {});
    if (!record) {
      why.failures.push_back(std::string(tier->name()) + ": " + record.error().message);
    } else if (record->has_value() && (*record)->key_text == key.text) {
      Explanation::Place place = place_of(state, *tier, **record);
      place.refusal = keyspace ? refusal_by_header(**record, key, *keyspace)
                               : internal::sealed_from(**record, state.keys.get());
      if (!refusal) refusal = place.refusal;
      why.places.push_back(std::move(place));
    }
  }
  const CauseJournal& journal = state.causes.journal();
  const LabelId id = key_label_id(key.hash);
  why.miss = journal.classify(id);
  if (why.places.empty() && !why.failures.empty()) why.miss = MissReason::kError;
  if (refusal) why.miss = *refusal;
  if (!why.places.empty() && why.places.front().negative) why.miss = MissReason::kNegative;
  const WallTime now = state.causes.now();
  for (const Removal& removal : journal.history(id, kHistory)) {
    why.history.push_back(journal.text(removal, now, name_of(state, removal.tier)));
  }
  const Label label(LabelKind::kKey, key.text);
  why.sources = state.dependencies.sources_of(label);
  why.dependents = state.dependencies.dependents_of(label);
  return why;
}

}  // namespace strata
