// The baton: who has it, who may have it next, and who waits for what.
#include "testkit/baton.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <semaphore>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/scheduler.h"
#include "strata/ports/thread.h"

namespace strata::testkit {
namespace {

constexpr std::size_t kStepsMax = 1'000'000;  // a thread that asks for ever

enum class Phase { kAble, kOnMutex, kOnCondition, kFinished };

struct Pass {
  std::size_t thread = 0;
  const char* place = "";
};

struct Held {
  const void* mutex = nullptr;
  std::size_t owner = 0;
};

}  // namespace

// Invariants:
// (1) Exactly one thread of the process runs: the one that was let go last. Whatever is here
//     belongs to it, and is handed on by its successor's semaphore.
// (2) `held` has the mutexes that threads of the baton have. One that is taken and not among them
//     belongs to a thread that runs freely, and is waited for as usual.
struct Baton::State {
  struct Runner final : internal::Scheduler {
    State* state = nullptr;
    std::size_t number = 0;
    std::string name;
    std::function<void()> body;
    bool is_background = false;

    Phase phase = Phase::kAble;
    const void* waits_for = nullptr;
    bool has_limit = false;
    bool timed_out = false;
    std::chrono::nanoseconds at_most{};
    const char* place = "its beginning";
    std::binary_semaphore go{0};
    Thread thread;

    void at_point(const char* point) override {
      place = point;
      if (state->on_point) state->on_point(point);
      state->step(*this, point);
    }
    void lock(std::mutex& mutex) override {
      state->step(*this, "lock");
      take(mutex);
    }
    void unlock(std::mutex& mutex) override {
      state->let_go(&mutex);
      mutex.unlock();
    }
    void wait(const void* condition, std::mutex& mutex) override {
      has_limit = false;
      wait_on(condition, mutex);
    }
    bool wait_for(const void* condition, std::mutex& mutex,
                  std::chrono::nanoseconds limit) override {
      has_limit = true;
      at_most = limit;
      wait_on(condition, mutex);
      return !std::exchange(timed_out, false);
    }
    void notify_one(const void* condition) override { state->wake(condition, 1); }
    void notify_all(const void* condition) override { state->wake(condition, SIZE_MAX); }

    void take(std::mutex& mutex) {
      while (!mutex.try_lock()) {
        if (!state->is_held(&mutex)) {
          mutex.lock();
          break;
        }
        phase = Phase::kOnMutex;
        waits_for = &mutex;
        state->hand_on(*this);
      }
      state->held.push_back({&mutex, number});
    }
    void wait_on(const void* condition, std::mutex& mutex) {
      unlock(mutex);
      phase = Phase::kOnCondition;
      waits_for = condition;
      state->hand_on(*this);
      has_limit = false;
      take(mutex);
    }
  };

  [[nodiscard]] bool is_held(const void* mutex) const {
    return std::any_of(held.begin(), held.end(),
                       [&](const Held& one) { return one.mutex == mutex; });
  }

  void let_go(const void* mutex) {
    std::erase_if(held, [&](const Held& one) { return one.mutex == mutex; });
    for (const auto& runner : runners) {
      if (runner->phase == Phase::kOnMutex && runner->waits_for == mutex) make_able(*runner);
    }
  }

  void wake(const void* condition, std::size_t at_most) {
    for (const auto& runner : runners) {
      if (at_most == 0) return;
      if (runner->phase != Phase::kOnCondition || runner->waits_for != condition) continue;
      make_able(*runner);
      --at_most;
    }
  }

  static void make_able(Runner& runner) {
    runner.phase = Phase::kAble;
    runner.waits_for = nullptr;
  }

  // A place where another may go on.
  void step(Runner& runner, const char* place) {
    passes.push_back({runner.number, place});
    if (passes.size() > kStepsMax) fail("this never ends");
    Runner& next = choose(runner);
    if (&next == &runner) return;
    next.go.release();
    runner.go.acquire();
  }

  // A thread that cannot go on lets another one.
  void hand_on(Runner& runner) {
    Runner* next = next_able(runner);
    STRATA_ASSERT(next != nullptr);  // a thread that waits has not finished
    if (next == &runner) return;
    next->go.release();
    runner.go.acquire();
  }

  void finish(Runner& runner) {
    runner.phase = Phase::kFinished;
    Runner* next = next_able(runner);
    (next == nullptr ? everybody_ended : next->go).release();
  }

  // Who goes on when `runner` does not. Nobody when all have finished.
  Runner* next_able(const Runner& runner) {
    for (;;) {
      fill_able();
      if (!able.empty()) return &choose(runner);
      if (count([](const Runner& one) { return one.phase != Phase::kFinished; }) == 0) {
        return nullptr;
      }
      if (let_time_pass()) continue;
      const auto at_work = [](const Runner& one) {
        return one.phase != Phase::kFinished && !one.is_background;
      };
      if (ending || count(at_work) > 0) fail("nobody can go on");
      ending = true;
      for (const auto& one : runners) {
        if (one->phase == Phase::kOnCondition) make_able(*one);
      }
    }
  }

  // Ends the waits for a time, those in the background aside. Whether there were any.
  bool let_time_pass() {
    const auto waits = [](const Runner& one) {
      return one.phase == Phase::kOnCondition && one.has_limit && !one.is_background;
    };
    if (count(waits) == 0) return false;
    std::chrono::nanoseconds least = std::chrono::nanoseconds::max();
    for (const auto& one : runners) {
      if (waits(*one)) least = std::min(least, one->at_most);
    }
    if (pass_time) pass_time(least);
    end_waits(least);
    return true;
  }

  void end_waits(std::chrono::nanoseconds passed) {
    for (const auto& one : runners) {
      if (one->phase != Phase::kOnCondition || !one->has_limit) continue;
      one->at_most -= passed;
      if (one->at_most > std::chrono::nanoseconds(0)) continue;
      one->timed_out = true;
      make_able(*one);
    }
  }

  template <typename Is>
  [[nodiscard]] std::size_t count(const Is& is) const {
    return static_cast<std::size_t>(std::count_if(runners.begin(), runners.end(),
                                                  [&](const auto& runner) { return is(*runner); }));
  }

  void fill_able() {
    able.clear();
    for (const auto& runner : runners) {
      if (runner->phase == Phase::kAble) able.push_back(runner->number);
    }
  }

  Runner& choose(const Runner& current) {
    fill_able();
    const std::size_t chosen = picker->pick({.step = passes.size(),
                                             .current = current.number,
                                             .current_may_go_on = current.phase == Phase::kAble,
                                             .able = able});
    Runner& next = *runners[chosen];
    STRATA_ASSERT(next.phase == Phase::kAble);
    return next;
  }

  [[noreturn]] void fail(const char* what) const {
    std::fprintf(stderr, "%s:\n", what);
    for (const auto& runner : runners) {
      std::fprintf(stderr, "  %s, after %s: %s\n", runner->name.c_str(), runner->place,
                   state_of(*runner).c_str());
    }
    std::fputs(story().c_str(), stderr);
    std::abort();
  }

  [[nodiscard]] std::string state_of(const Runner& runner) const {
    if (runner.phase == Phase::kFinished) return "has ended";
    if (runner.phase == Phase::kAble) return "can go on";
    if (runner.phase == Phase::kOnCondition) return "waits for a condition";
    for (const Held& one : held) {
      if (one.mutex == runner.waits_for) return "waits for a lock of " + runners[one.owner]->name;
    }
    return "waits for a lock";
  }

  // Locks are told as a number; they have no names.
  [[nodiscard]] std::string story() const {
    std::string text;
    std::size_t locks = 0;
    const auto tell_locks = [&] {
      if (locks > 0) text += " [" + std::to_string(locks) + " locks]";
      locks = 0;
    };
    for (std::size_t i = 0; i < passes.size(); ++i) {
      if (i == 0 || passes[i].thread != passes[i - 1].thread) {
        tell_locks();
        text += (i == 0 ? "  " : "\n  ") + runners[passes[i].thread]->name + ":";
      }
      if (std::strcmp(passes[i].place, "lock") == 0) {
        ++locks;
        continue;
      }
      tell_locks();
      text += std::string(" ") + passes[i].place;
    }
    tell_locks();
    return text + "\n";
  }

  std::vector<std::unique_ptr<Runner>> runners;
  std::function<void(std::chrono::nanoseconds)> pass_time;
  std::function<void(const char*)> on_point;
  Picker* picker = nullptr;
  bool ending = false;
  std::vector<Held> held;
  std::vector<Pass> passes;
  std::vector<std::size_t> able;
  std::binary_semaphore everybody_ended{0};
};

Baton::Baton() : state_(std::make_unique<State>()) {}
Baton::~Baton() = default;

void Baton::thread(const std::string& name, std::function<void()> body) {
  auto runner = std::make_unique<State::Runner>();
  runner->state = state_.get();
  runner->number = state_->runners.size();
  runner->name = name;
  runner->body = std::move(body);
  state_->runners.push_back(std::move(runner));
}

void Baton::background(const std::string& name, std::function<void()> body) {
  thread(name, std::move(body));
  state_->runners.back()->is_background = true;
}

void Baton::set_pass_time(std::function<void(std::chrono::nanoseconds)> pass_time) {
  state_->pass_time = std::move(pass_time);
}

void Baton::set_on_point(std::function<void(const char* point)> on_point) {
  state_->on_point = std::move(on_point);
}

std::size_t Baton::threads() const { return state_->runners.size(); }
bool Baton::ending() const { return state_->ending; }
std::size_t Baton::steps() const { return state_->passes.size(); }
std::string Baton::story() const { return state_->story(); }

void Baton::time_passed(std::chrono::nanoseconds by) { state_->end_waits(by); }

void Baton::run(Picker& picker) {
  STRATA_ASSERT(!state_->runners.empty());
  STRATA_ASSERT(state_->picker == nullptr);
  State& state = *state_;
  state.picker = &picker;
  state.passes.reserve(1'024);
  for (const auto& one : state.runners) {
    State::Runner* runner = one.get();
    runner->thread = Thread(runner->name, [&state, runner] {
      runner->go.acquire();
      internal::thread_scheduler = runner;
      runner->body();
      internal::thread_scheduler = nullptr;
      state.finish(*runner);
    });
  }
  // Nobody ran before: the first one that is chosen did not interrupt anybody.
  State::Runner& first = *state.runners.front();
  state.fill_able();
  State::Runner& chosen = *state.runners[picker.pick(
      {.step = 0, .current = first.number, .current_may_go_on = false, .able = state.able})];
  chosen.go.release();
  state.everybody_ended.acquire();
  for (const auto& one : state.runners) one->thread.join();
}

}  // namespace strata::testkit
