// PackageOrigin: what the HTTP origin answers: /packages/<name> and /sections/<name>, as JSON.
//
// The version of an answer is the one that the history says the origin has; it is also the ETag.
//
// Threads   Thread-safe; answer() is called by the server's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "cli/demo/history.h"
#include "cli/demo/http_message.h"
#include "cli/demo/objects.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::demo {

class PackageOrigin {
 public:
  PackageOrigin(const Objects& objects, const History& history, std::shared_ptr<Clock> clock);
  ~PackageOrigin();

  [[nodiscard]] HttpResponse answer(const HttpRequest& request);

  // How often the origin was asked for the object.
  [[nodiscard]] std::uint64_t calls(ObjectId object) const;
  // Waits until it was asked `calls` times in all; returns whether it was, within `at_most`.
  [[nodiscard]] bool wait_for_calls(ObjectId object, std::uint64_t calls, Duration at_most) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::demo
