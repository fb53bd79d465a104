// Baton: real threads of which exactly one runs, in an order that a Picker chooses.
//
//   Baton baton;
//   baton.thread("load", [&] { cache.get_or_load(...); });
//   baton.thread("change", [&] { cache.invalidate(...); });
//   PriorityPicker picker(seed, baton.threads(), 200, 2);
//   baton.run(picker);
//
// The choice is made at each yield point (core/yield_point.h), before each lock, and where a
// thread waits for a lock or a condition of core/mutex.h or ends. So, if the threads do the same
// in every run, the order is a function of the picker alone. They must not wait for each other in
// another way, nor for a thread that is none of the baton's.
//
// Time      Stands still, but for what the threads themselves do to the clock and say so. When
//           nobody can go on and somebody waits for a time, `pass_time` is called with the
//           shortest of these times, and then that wait ends.
// Errors    When nobody can go on at all, the process ends and says who waits for what.
// Threads   The calls belong to the test's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "testkit/picker.h"

namespace strata::testkit {

class Baton {
 public:
  Baton();
  ~Baton();
  Baton(const Baton&) = delete;
  Baton& operator=(const Baton&) = delete;

  // Adds a thread, which begins with run().
  void thread(const std::string& name, std::function<void()> body);
  // One that need not end: it is woken, and ending() is true, when all others have.
  void background(const std::string& name, std::function<void()> body);
  void set_pass_time(std::function<void(std::chrono::nanoseconds)> pass_time);
  // Called by a thread that comes to a yield point, before anybody else may go on.
  void set_on_point(std::function<void(const char* point)> on_point);

  // Says that a thread of the baton has moved the clock: waits that end by then do.
  void time_passed(std::chrono::nanoseconds by);

  [[nodiscard]] std::size_t threads() const;
  [[nodiscard]] bool ending() const;

  // Runs the threads to their ends, once.
  void run(Picker& picker);
  // How many steps that took.
  [[nodiscard]] std::size_t steps() const;
  // The order in which they ran: one line for each time that one of them went on, with the places
  // that it passed.
  [[nodiscard]] std::string story() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::testkit
