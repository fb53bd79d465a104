// Picker: who goes on at each step of a schedule. Three ways to choose.
//
// SerialPicker     lets a thread run until it waits or ends.
// PriorityPicker   random priorities from a seed, which change at a few random steps: a mistake
//                  that takes d decisions is met with a probability of at least 1/(n * k^(d-1))
//                  in a schedule of n threads and k steps ("probabilistic concurrency testing").
// ExhaustivePicker every schedule in which at most so many threads are interrupted while they
//                  could go on, one schedule after the other.
//
// Threads   Confined to the thread that has the baton.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "testkit/random.h"

namespace strata::testkit {

// A place where more than one thread could go on, or another than the one before.
struct Choice {
  std::size_t step = 0;
  std::size_t current = 0;            // who ran until now
  bool current_may_go_on = false;     // whether it is among `able`
  std::span<const std::size_t> able;  // never empty; in the order of the threads' numbers
};

class Picker {
 public:
  virtual ~Picker() = default;
  // One of choice.able.
  [[nodiscard]] virtual std::size_t pick(const Choice& choice) = 0;
};

class SerialPicker final : public Picker {
 public:
  [[nodiscard]] std::size_t pick(const Choice& choice) override {
    return choice.current_may_go_on ? choice.current : choice.able.front();
  }
};

class PriorityPicker final : public Picker {
 public:
  // `steps`: how long a schedule is, about. `changes`: how often a priority falls.
  PriorityPicker(std::uint64_t seed, std::size_t threads, std::size_t steps, std::size_t changes);
  [[nodiscard]] std::size_t pick(const Choice& choice) override;

 private:
  Random random_;
  std::size_t fair_after_;  // then everybody gets a turn: a thread may wait for another by asking
  std::vector<std::uint64_t> priorities_;  // by thread
  std::vector<std::size_t> changes_;       // steps, the last one first
};

class ExhaustivePicker final : public Picker {
 public:
  explicit ExhaustivePicker(std::size_t interruptions) : interruptions_(interruptions) {}
  [[nodiscard]] std::size_t pick(const Choice& choice) override;
  // Goes on to the next schedule; false when all were played.
  [[nodiscard]] bool next();

 private:
  struct Branch {
    std::vector<std::size_t> able;  // the one that costs nothing first
    std::size_t taken = 0;
    bool interrupts = false;  // whether another than the first interrupts a thread
  };
  const std::size_t interruptions_;
  std::vector<Branch> path_;
  std::size_t depth_ = 0;  // of path_, in the schedule that is being played
  std::size_t used_ = 0;   // interruptions so far
};

}  // namespace strata::testkit
