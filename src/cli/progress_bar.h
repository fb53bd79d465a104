// ProgressBar: how far a command has come, for somebody who waits at a terminal.
//
// Nothing is shown within the first second, and nothing where messages go to a file. The line is
// taken away at the end, and what is written in between takes its place.
//
// Threads   Confined to the main thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/console.h"
#include "strata/ports/clock.h"

namespace strata::cli {

class ProgressBar {
 public:
  ProgressBar(Console& console, const Clock& clock)
      : console_(console), clock_(clock), start_(clock.now()), shown_(start_) {}
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `total`: 0 if it is not known.
  void show(std::string_view what, std::uint64_t done, std::uint64_t total);
  void clear();

  // What is shown: "entries [#####-----]  50 %, 1,000 of 2,000".
  [[nodiscard]] static std::string text(std::string_view what, std::uint64_t done,
                                        std::uint64_t total);

 private:
  Console& console_;
  const Clock& clock_;
  const Instant start_;
  Instant shown_;
  bool is_shown_ = false;
};

}  // namespace strata::cli
