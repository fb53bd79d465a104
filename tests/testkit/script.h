// Script: real threads that take turns as a test writes them down.
//
// A thread of the script is an actor. It stands still until it is told to go, and parks at the
// yield points (core/yield_point.h) that it is sent to. So a test plays one interleaving of the
// protocol, the same in every run:
//
//   Script script;
//   script.actor("load", [&] { tier.fill(record, ticket, {}); });
//   script.actor("change", [&] { tier.invalidate(labels); });
//   script.run_to("load", "sqlite.fill.compared");  // kParked
//   script.finish("change");                        // kFinished, or kBlocked: it waits
//   script.finish("load");
//
// An actor that waits for another one neither parks nor finishes; the call then returns
// kBlocked. The actor keeps going towards its point when the others let it, and a later call
// that sends it to the same point reports it there.
//
// At the end every actor runs freely until it has finished. Threads that are not actors pass
// all points. One script at a time.
//
// Threads   The calls belong to the test's thread.
// Time      kBlocked is the answer when every thread of the process, the test's own aside, was
//           seen asleep for a fifth of a second on end, or when half a minute has passed.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

namespace strata::testkit {

class Script {
 public:
  enum class Stop { kParked, kFinished, kBlocked };

  Script();
  ~Script();

  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // Adds an actor, which waits at its beginning.
  void actor(const std::string& name, std::function<void()> body);

  // Lets the actor run until it next parks at `point`; other points it passes.
  Stop run_to(const std::string& name, const std::string& point);

  // Lets the actor run to the next point, whichever that is.
  Stop step(const std::string& name);

  // Lets the actor run to its end. kFinished or kBlocked.
  Stop finish(const std::string& name);

  // The point at which the actor is parked: "start" at its beginning, "" while it runs or after
  // it has finished.
  [[nodiscard]] std::string place(const std::string& name) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

std::ostream& operator<<(std::ostream& out, Script::Stop stop);

}  // namespace strata::testkit
