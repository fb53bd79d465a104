// Changes, invalidates, reads back.
#include "cli/demo/updater.h"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "strata/ports/thread.h"

namespace strata::demo {
namespace {

constexpr std::size_t kObjectsOfSourceChange = 10;
// A load that has not reached the origin by then was answered by somebody else's.
constexpr Duration kWaitForOrigin = std::chrono::milliseconds(500);

enum class By { kKey, kTag };
enum class ThenRead { kAtOnce, kWhenLoaded };

// A thread that reads one object at a time for another.
class Partner {
 public:
  explicit Partner(Front& front) : front_(front), thread_("demo-partner", [this] { run(); }) {}
  ~Partner() {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  void start(ObjectId object) {
    const MutexLock lock(mutex_);
    asked_ = object;
    changed_.notify_all();
  }
  Answer wait() {
    const MutexLock lock(mutex_);
    while (asked_) changed_.wait(mutex_);
    return answer_;
  }

 private:
  // Nothing when it is time to end.
  std::optional<ObjectId> next() {
    const MutexLock lock(mutex_);
    while (!asked_ && !stopping_) changed_.wait(mutex_);
    return stopping_ ? std::nullopt : asked_;
  }
  void run() {
    while (const std::optional<ObjectId> object = next()) {
      Answer answer = front_.read(*object);
      const MutexLock lock(mutex_);
      answer_ = std::move(answer);
      asked_.reset();
      changed_.notify_all();
    }
  }

  Front& front_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  std::optional<ObjectId> asked_ STRATA_GUARDED_BY(mutex_);
  Answer answer_ STRATA_GUARDED_BY(mutex_);
  Thread thread_;  // last: it uses the others
};

}  // namespace

struct Updater::State {
  State(Origins& the_origins, Front& the_front, const Choice& the_choice,
        std::shared_ptr<Random> the_random)
      : origins(the_origins),
        front(the_front),
        choice(the_choice),
        random(std::move(the_random)),
        partner(the_front) {}

  void count_read(const Answer& answer) {
    ++counts.check_reads;
    if (answer.by != AnsweredBy::kNobody) return;
    ++counts.failed;
    if (counts.first_failure.empty()) counts.first_failure = answer.error;
  }
  void check(ObjectId object) { count_read(front.read(object)); }

  Result<void> change(ObjectId object, By by) {
    if (Result<void> changed = origins.change(object); !changed) return changed;
    ++counts.changes;
    ++(by == By::kKey ? counts.by_key : counts.by_tag);
    return by == By::kKey ? front.invalidate_key(object) : front.invalidate_tag(object);
  }

  Result<void> change_and_check(ObjectId object, By by) {
    Result<void> changed = change(object, by);
    if (changed) check(object);
    return changed;
  }

  Result<void> change_during_a_load(ObjectId package, By by, ThenRead then) {
    const std::uint64_t calls = origins.packages().calls(package);
    if (Result<void> changed = change(package, By::kKey); !changed) return changed;
    partner.start(package);
    const bool loading = origins.packages().wait_for_calls(package, calls + 1, kWaitForOrigin);
    // The origin has answered, and the answer is on its way for kAddedDelay yet.
    const Result<void> changed = change(package, by);
    if (changed && loading) ++counts.during_a_load;
    if (changed && then == ThenRead::kAtOnce) check(package);
    count_read(partner.wait());
    if (changed) check(package);
    return changed;
  }

  Origins& origins;
  Front& front;
  const Choice& choice;
  const std::shared_ptr<Random> random;
  Partner partner;
  std::uint64_t steps = 0;
  Counts counts;
};

Updater::Updater(Origins& origins, Front& front, const Choice& choice,
                 std::shared_ptr<Random> random)
    : state_(std::make_unique<State>(origins, front, choice, std::move(random))) {}
Updater::~Updater() = default;

Result<void> Updater::step() {
  State& state = *state_;
  const Choice& choice = state.choice;
  Random& random = *state.random;
  // For tags: mostly of small sections, so that the cache is not emptied all the time.
  const auto packages = state.origins.objects().packages_of(choice.section(random));
  const ObjectId of_section = packages[workload::below(random, packages.size())];
  // Of any popularity: nobody else may load it before the updater looks again.
  const ObjectId of_any = choice.packages()[workload::below(random, choice.packages().size())];
  switch (state.steps++ % 8) {
    case 1:
      return state.change_during_a_load(of_section, By::kTag, ThenRead::kWhenLoaded);
    case 2:
      return state.change_and_check(choice.place(random), By::kKey);
    case 3:
      return state.change_and_check(of_section, By::kTag);
    case 5:
      return state.change_during_a_load(choice.package(random), By::kKey, ThenRead::kAtOnce);
    case 6:
      return state.change_and_check(choice.place(random), By::kTag);
    case 7:
      return state.change_during_a_load(of_any, By::kKey, ThenRead::kWhenLoaded);
    default:
      return state.change_and_check(choice.package(random), By::kKey);
  }
}

Result<void> Updater::change_and_invalidate_source(ObjectKind kind) {
  State& state = *state_;
  std::vector<ObjectId> changed;
  for (std::size_t i = 0; i < kObjectsOfSourceChange; ++i) {
    changed.push_back(kind == ObjectKind::kPlace ? state.choice.place(*state.random)
                                                 : state.choice.package(*state.random));
    if (Result<void> done = state.origins.change(changed.back()); !done) return done;
    ++state.counts.changes;
  }
  Result<void> invalidated = state.front.invalidate_source(kind);
  ++state.counts.by_source;
  if (!invalidated) return invalidated;
  for (const ObjectId object : changed) state.check(object);
  return {};
}

const Updater::Counts& Updater::counts() const { return state_->counts; }

}  // namespace strata::demo
