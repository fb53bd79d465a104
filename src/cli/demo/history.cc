// Judges reads by the versions that the origins had.
#include "cli/demo/history.h"

#include <atomic>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include "core/assert.h"
#include "core/mutex.h"

namespace strata::demo {

// Three numbers per object.
//
// Invariants:
// (1) floor <= committed <= announced; none of them ever decreases.
// (2) floor is a version that was committed when an invalidation of the object began which has
//     returned since.
// (3) A value's version was announced before any origin could answer it.
//
// A reader loads the floor before its read starts. By (2) the cache promises at least that
// version: the invalidation returned before the read started, and the promise is about origin
// reads that began before the invalidation did, which may have brought anything older. A version
// above `announced`, loaded after the read ended, was never at the origin, by (3).
struct History::State {
  struct Versions {
    std::atomic<std::uint64_t> announced{1};
    std::atomic<std::uint64_t> committed{1};
    std::atomic<std::uint64_t> floor{1};
  };
  enum class What { kCommitted, kInvalidationBegan, kInvalidationReturned };
  struct Event {
    Instant at;
    What what = What::kCommitted;
    std::uint64_t version = 0;
    std::shared_ptr<const std::string> how;
  };

  State(const Objects& the_objects, std::shared_ptr<Clock> the_clock)
      : objects(the_objects), clock(std::move(the_clock)), versions(the_objects.size()) {}

  void note(ObjectId object, const Event& event) STRATA_REQUIRES(mutex) {
    std::vector<Event>& kept = events[object];
    if (kept.size() == kEventsPerObject) kept.erase(kept.begin());
    kept.push_back(event);
  }

  const Objects& objects;
  const std::shared_ptr<Clock> clock;
  std::vector<Versions> versions;
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> stale_reads{0};
  std::atomic<std::uint64_t> impossible_reads{0};

  mutable Mutex mutex;
  std::unordered_map<ObjectId, std::vector<Event>> events STRATA_GUARDED_BY(mutex);
  std::vector<std::string> stories STRATA_GUARDED_BY(mutex);
};

namespace {

void raise(std::atomic<std::uint64_t>& number, std::uint64_t to) {
  std::uint64_t seen = number.load();
  while (seen < to && !number.compare_exchange_weak(seen, to)) {
  }
}

std::string at_line(Duration offset, const std::string& what) {
  char text[32];
  std::snprintf(text, sizeof text, "  %+10.3f ms  ", static_cast<double>(offset.count()) / 1e6);
  return text + what + "\n";
}

}  // namespace

History::History(const Objects& objects, std::shared_ptr<Clock> clock)
    : state_(std::make_unique<State>(objects, std::move(clock))) {}
History::~History() = default;

std::uint64_t History::announce(ObjectId object) {
  return state_->versions[object].announced.fetch_add(1) + 1;
}

void History::committed(ObjectId object, std::uint64_t version) {
  STRATA_ASSERT(version <= state_->versions[object].announced.load());
  raise(state_->versions[object].committed, version);
  const MutexLock lock(state_->mutex);
  state_->note(object, {state_->clock->now(), State::What::kCommitted, version, nullptr});
}

std::uint64_t History::current(ObjectId object) const {
  return state_->versions[object].committed.load();
}

History::Covered History::invalidation_begins(std::span<const ObjectId> objects, std::string how) {
  Covered covered{.versions = {}, .how = std::make_shared<const std::string>(std::move(how))};
  covered.versions.reserve(objects.size());
  for (const ObjectId object : objects) covered.versions.emplace_back(object, current(object));

  const MutexLock lock(state_->mutex);
  const Instant now = state_->clock->now();
  for (const auto& [object, version] : covered.versions) {
    state_->note(object, {now, State::What::kInvalidationBegan, version, covered.how});
  }
  return covered;
}

void History::invalidation_returned(const Covered& covered) {
  const Instant now = state_->clock->now();
  for (const auto& [object, version] : covered.versions) {
    raise(state_->versions[object].floor, version);
  }
  const MutexLock lock(state_->mutex);
  for (const auto& [object, version] : covered.versions) {
    state_->note(object, {now, State::What::kInvalidationReturned, version, covered.how});
  }
}

History::ReadStart History::read_begins(ObjectId object) const {
  return {
      .object = object, .floor = state_->versions[object].floor.load(), .at = state_->clock->now()};
}

Verdict History::read_ended(const ReadStart& start, std::uint64_t version,
                            std::string_view answered_by) {
  state_->reads.fetch_add(1, std::memory_order_relaxed);
  const bool known = version > 0 && version <= state_->versions[start.object].announced.load();
  if (known && version >= start.floor) return Verdict::kGood;

  (known ? state_->stale_reads : state_->impossible_reads).fetch_add(1);
  const MutexLock lock(state_->mutex);
  if (state_->stories.size() < kStories) {
    std::string story(to_string(state_->objects.kind(start.object)));
    story.append(" ").append(state_->objects.name(start.object));
    story += ": a read brought " +
             (version == 0 ? "another object's value" : "version " + std::to_string(version)) +
             ", from " + std::string(answered_by) + "; the oldest that may come is " +
             std::to_string(start.floor) + "\n";
    for (const State::Event& event : state_->events[start.object]) {
      const std::string number = std::to_string(event.version);
      const std::string what =
          event.what == State::What::kCommitted ? "version " + number + " is at the origin"
          : event.what == State::What::kInvalidationBegan
              ? "invalidation " + *event.how + " begins, at version " + number
              : "invalidation " + *event.how + " has returned: " + number + " or newer from now";
      story += at_line(between(start.at, event.at), what);
    }
    story += at_line(Duration(0), "the read begins");
    story += at_line(between(start.at, state_->clock->now()), "the read has ended");
    state_->stories.push_back(std::move(story));
  }
  return known ? Verdict::kStale : Verdict::kImpossible;
}

std::uint64_t History::reads() const { return state_->reads.load(); }
std::uint64_t History::stale_reads() const { return state_->stale_reads.load(); }
std::uint64_t History::impossible_reads() const { return state_->impossible_reads.load(); }

std::vector<std::string> History::stories() const {
  const MutexLock lock(state_->mutex);
  return state_->stories;
}

}  // namespace strata::demo
