// The rounds of a storm.
#include "stress/storm.h"

#include <array>
#include <atomic>
#include <vector>

#include "core/assert.h"
#include "core/mutex.h"
#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/random.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/threads.h"

namespace strata::stress {
namespace {

constexpr std::size_t kTagsPerEntry = 10;
constexpr std::uint32_t kTagsInvalidatedOneIn = 20;  // of a round
constexpr std::uint32_t kKeysInvalidatedOneIn = 50;

const LabelGroup& group() {
  static const LabelGroup kGroup{{keyspace("storm")}};
  return kGroup;
}

std::string key_text(std::uint32_t entry) { return "1:storm::" + std::to_string(entry) + ":"; }

// As many tags as entries, so that each is carried by about ten.
std::uint32_t tag_of(std::uint32_t entry, std::size_t which, std::uint32_t tags) {
  testkit::Random random((std::uint64_t{entry} << 8) | which);
  return static_cast<std::uint32_t>(random.below(tags));
}

Label label_of(std::uint32_t number) { return tag("tag:" + std::to_string(number)); }

}  // namespace

// Invariant: a flag of `tags_gone` or `keys_gone` is set when the invalidation has returned, and
// cleared only while no other thread runs.
struct Storm::State {
  explicit State(const StormOptions& given)
      : options(given), tags_gone(given.entries), keys_gone(given.entries) {}

  [[nodiscard]] bool gone(std::uint32_t entry) const {
    if (keys_gone[entry].load()) return true;
    for (std::size_t which = 0; which < kTagsPerEntry; ++which) {
      if (tags_gone[tag_of(entry, which, options.entries)].load()) return true;
    }
    return false;
  }

  void fill(std::uint32_t entry) {
    const std::string text = key_text(entry);
    EntryRef made = Entry::make<std::uint32_t>({text, key_hash(text), {}}, entry);
    made->set_group(&group());
    made->set_times(kNever, kNever);
    Labels labels;
    for (std::size_t which = 0; which < kTagsPerEntry; ++which) {
      labels.push_back(label_of(tag_of(entry, which, options.entries)));
    }
    made->set_labels(labels);
    const FillOutcome filled = tier->fill(std::move(made), tier->position());
    STRATA_ASSERT(filled == FillOutcome::kStored);
  }

  [[nodiscard]] bool is_there(std::uint32_t entry) {
    const std::string text = key_text(entry);
    const EntryRef found = tier->get({text, key_hash(text), {}});
    if (found && found->value<std::uint32_t>() != entry) report(entry, "is another's value");
    return static_cast<bool>(found);
  }

  void report(std::uint32_t entry, const std::string& what) {
    const MutexLock lock(mutex);
    if (result.wrong.empty()) result.wrong = "entry " + std::to_string(entry) + " " + what;
  }

  // Invalidates what the writer's turn is of, in random order.
  void write(testkit::Random& random, std::atomic<std::int64_t>& left) {
    std::uint64_t removed = 0;
    std::uint64_t done = 0;
    while (left.fetch_sub(1) > 0) {
      const auto number = static_cast<std::uint32_t>(random.below(options.entries));
      const bool is_key = random.one_in(3);
      const Label label = is_key ? Label(LabelKind::kKey, key_text(number)) : label_of(number);
      removed += tier->invalidate({&label, 1}).removed.value_or(0);
      (is_key ? keys_gone : tags_gone)[number].store(true);
      ++done;
    }
    const MutexLock lock(mutex);
    result.removed += removed;
    result.invalidations += done;
  }

  void read(testkit::Random& random, const std::atomic<std::int64_t>& left) {
    std::uint64_t done = 0;
    while (left.load() > 0) {
      const auto entry = static_cast<std::uint32_t>(random.below(options.entries));
      const bool was_gone = gone(entry);
      if (is_there(entry) && was_gone) report(entry, "is served, though it was invalidated");
      ++done;
    }
    const MutexLock lock(mutex);
    result.reads += done;
  }

  void play_round(std::uint64_t round) {
    std::atomic<std::int64_t> left{options.entries / kTagsInvalidatedOneIn +
                                   options.entries / kKeysInvalidatedOneIn};
    testkit::run_threads(options.writers + options.readers, [&](std::size_t thread) {
      testkit::Random random(options.seed * 1'000'000 + round * 1'000 + thread);
      thread < options.writers ? write(random, left) : read(random, left);
    });
    for (std::uint32_t entry = 0; entry < options.entries; ++entry) {
      const bool there = is_there(entry);
      if (there == gone(entry)) {
        report(entry, there ? "is left, though it was invalidated" : "went with something else");
      }
    }
    for (std::uint32_t entry = 0; entry < options.entries; ++entry) {
      if (gone(entry)) fill(entry);
    }
    for (std::uint32_t number = 0; number < options.entries; ++number) {
      tags_gone[number] = false;
      keys_gone[number] = false;
    }
  }

  const StormOptions options;
  std::vector<std::atomic<bool>> tags_gone;
  std::vector<std::atomic<bool>> keys_gone;
  std::unique_ptr<HotTier> tier = memory_tier({.max_bytes = 64ULL << 30, .shards = 64},
                                              std::make_shared<ManualClock>(), seeded_random(1));
  Mutex mutex;
  StormResult result STRATA_GUARDED_BY(mutex);
};

Storm::Storm(const StormOptions& options) : state_(std::make_unique<State>(options)) {}
Storm::~Storm() = default;
HotTier& Storm::tier() { return *state_->tier; }

StormResult Storm::run() {
  State& state = *state_;
  for (std::uint32_t entry = 0; entry < state.options.entries; ++entry) state.fill(entry);
  for (std::uint64_t round = 0;; ++round) {
    state.play_round(round);
    const MutexLock lock(state.mutex);
    state.result.rounds = round + 1;
    const bool enough = state.result.invalidations >= state.options.invalidations;
    if (enough || !state.result.wrong.empty()) return state.result;
  }
}

}  // namespace strata::stress
