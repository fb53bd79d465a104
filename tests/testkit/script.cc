// The scripted scheduler: who may run, who is parked where, and who waits for whom.
#include "testkit/script.h"

#include <dirent.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/mutex.h"
#include "core/yield_point.h"
#include "strata/ports/thread.h"

namespace strata::testkit {
namespace {

using Stop = Script::Stop;

constexpr std::chrono::milliseconds kSamplePause{10};
constexpr int kQuietSamples = 20;      // asleep for so long: blocked
constexpr int kSamplesMax = 3'000;     // not asleep, and not there either: blocked
constexpr int kQuietAtEndMax = 1'000;  // no actor may block at the end of a script

constexpr const char* kAnyPoint = "*";
constexpr const char* kNoPoint = "";

// The state letter of a task, from the field after the last parenthesis; 'X' if it is gone.
char task_state(const std::string& task) {
  std::ifstream file("/proc/self/task/" + task + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos || end_of_name + 2 >= line.size()) return 'X';
  return line[end_of_name + 2];
}

// Whether every thread of the process but the calling one is asleep. What waits for the disk
// ('D') or for a processor ('R') is not.
bool others_are_asleep() {
  const std::string self = std::to_string(::gettid());
  DIR* folder = ::opendir("/proc/self/task");
  STRATA_ASSERT(folder != nullptr);
  bool asleep = true;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string task = entry->d_name;
    if (task == "." || task == ".." || task == self) continue;
    const char state = task_state(task);
    if (state == 'R' || state == 'D') asleep = false;
  }
  ::closedir(folder);
  return asleep;
}

// Counts samples in a row in which nobody else ran.
class QuietWatch {
 public:
  void sample() {
    ++samples_;
    quiet_ = others_are_asleep() ? quiet_ + 1 : 0;
  }
  [[nodiscard]] int quiet() const { return quiet_; }
  [[nodiscard]] bool blocked() const { return quiet_ >= kQuietSamples || samples_ >= kSamplesMax; }

 private:
  int samples_ = 0;
  int quiet_ = 0;
};

enum class Phase { kParked, kRunning, kFinished };

struct Actor {
  Phase phase = Phase::kParked;
  std::string place = "start";
  std::string target = kNoPoint;
  bool reported = true;  // the test knows that the actor is parked here
  std::thread::id id;
  Thread thread;
};

std::atomic<bool> script_exists{false};

}  // namespace

// Invariants:
// (1) A parked actor does nothing until the test's thread sets its phase to running.
// (2) An actor parks only at its target, and `reported` says whether a call has returned since.
struct Script::State {
  Actor& find(const std::string& name) STRATA_REQUIRES(mutex) {
    const auto found = actors.find(name);
    STRATA_ASSERT(found != actors.end());
    return found->second;
  }

  void park(Actor& actor, const char* point) STRATA_REQUIRES(mutex) {
    actor.phase = Phase::kParked;
    actor.place = point;
    actor.reported = false;
    changed.notify_all();
    while (actor.phase == Phase::kParked) changed.wait(mutex);
  }

  // What every thread of the process does at a yield point.
  void pass(const char* point) {
    const MutexLock lock(mutex);
    for (auto& [name, actor] : actors) {
      if (actor.id != std::this_thread::get_id() || actor.phase != Phase::kRunning) continue;
      if (actor.target == kAnyPoint || actor.target == point) park(actor, point);
      return;
    }
  }

  // What an actor's thread does.
  void act(Actor& actor, const std::function<void()>& body) {
    {
      const MutexLock lock(mutex);
      actor.id = std::this_thread::get_id();
      while (actor.phase == Phase::kParked) changed.wait(mutex);
    }
    body();
    const MutexLock lock(mutex);
    actor.phase = Phase::kFinished;
    changed.notify_all();
  }

  Stop go(const std::string& name, const std::string& target) {
    Actor& actor = aim(name, target);
    QuietWatch watch;
    while (!watch.blocked()) {
      if (const auto stop = await(actor)) return *stop;
      watch.sample();  // without the lock, which would put to sleep whoever passes a point
    }
    return Stop::kBlocked;
  }

  Actor& aim(const std::string& name, const std::string& target) {
    const MutexLock lock(mutex);
    Actor& actor = find(name);
    const bool is_there = target == kAnyPoint || actor.place == target;
    if (actor.phase == Phase::kParked && (actor.reported || !is_there)) release(actor);
    actor.target = target;
    return actor;
  }

  // Where the actor has stopped; nothing if it still runs after a moment.
  std::optional<Stop> await(Actor& actor) {
    const MutexLock lock(mutex);
    if (actor.phase == Phase::kRunning) changed.wait_for(mutex, kSamplePause);
    if (actor.phase == Phase::kRunning) return std::nullopt;
    actor.reported = true;
    return actor.phase == Phase::kParked ? Stop::kParked : Stop::kFinished;
  }

  void release(Actor& actor) STRATA_REQUIRES(mutex) {
    actor.phase = Phase::kRunning;
    actor.place = kNoPoint;
    changed.notify_all();
  }

  // Lets everybody run to the end.
  void end() {
    std::vector<std::string> names;
    {
      const MutexLock lock(mutex);
      for (auto& [name, actor] : actors) {
        names.push_back(name);
        actor.target = kNoPoint;
        if (actor.phase == Phase::kParked) release(actor);
      }
    }
    for (const std::string& name : names) {
      Actor& actor = aim(name, kNoPoint);
      QuietWatch watch;
      while (!await(actor)) {
        watch.sample();
        if (watch.quiet() < kQuietAtEndMax) continue;
        std::fprintf(stderr, "actor \"%s\" never finishes: a deadlock\n", name.c_str());
        std::abort();
      }
    }
  }

  Mutex mutex;
  CondVar changed;
  std::map<std::string, Actor> actors STRATA_GUARDED_BY(mutex);
};

Script::Script() : state_(std::make_shared<State>()) {
  const bool another = script_exists.exchange(true);
  STRATA_ASSERT(!another);
  testing::set_yield_hook([state = state_](const char* point) { state->pass(point); });
}

Script::~Script() {
  state_->end();
  std::map<std::string, Actor> ended;
  {
    const MutexLock lock(state_->mutex);
    ended.swap(state_->actors);
  }
  ended.clear();  // joins
  testing::set_yield_hook({});
  script_exists = false;
}

void Script::actor(const std::string& name, std::function<void()> body) {
  State* state = state_.get();
  const MutexLock lock(state->mutex);
  const auto [added, is_new] = state->actors.try_emplace(name);
  STRATA_ASSERT(is_new);
  Actor* actor = &added->second;
  actor->thread =
      Thread("actor " + name, [state, actor, body = std::move(body)] { state->act(*actor, body); });
}

Stop Script::run_to(const std::string& name, const std::string& point) {
  return state_->go(name, point);
}

Stop Script::step(const std::string& name) { return state_->go(name, kAnyPoint); }

Stop Script::finish(const std::string& name) { return state_->go(name, kNoPoint); }

std::string Script::place(const std::string& name) const {
  const MutexLock lock(state_->mutex);
  return state_->find(name).place;
}

std::ostream& operator<<(std::ostream& out, Script::Stop stop) {
  switch (stop) {
    case Stop::kParked:
      return out << "kParked";
    case Stop::kFinished:
      return out << "kFinished";
    case Stop::kBlocked:
      return out << "kBlocked";
  }
  return out << "not a Stop";
}

}  // namespace strata::testkit
