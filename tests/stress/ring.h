// Ring: the last events of a key, for the story of a failure.
//
// Threads   Thread-safe and without a lock. An event that is being overwritten while it is told
//           may be told as a mixture of two.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <ostream>
#include <string_view>

namespace strata::stress {

enum class Act : std::uint8_t {
  kNone,
  kLoads,        // a loader asked the origin and got this version
  kBegins,       // the origin has this version from now on; its invalidation begins
  kInvalidated,  // and has returned
  kPuts,         // as kBegins, with a put
  kHasPut,
  kReads,        // a look-up answered this version
  kReadsNothing  // a look-up answered that nothing exists
};

[[nodiscard]] constexpr std::string_view to_string(Act act) {
  constexpr std::array<std::string_view, 8> kNames{
      "nothing", "loads", "begins to invalidate",        "has invalidated", "begins to put",
      "has put", "reads", "reads that there is none, at"};
  return kNames[static_cast<std::size_t>(act)];
}

class Ring {
 public:
  static constexpr std::size_t kEvents = 512;

  void add(std::size_t thread, Act act, std::uint32_t version) {
    const std::uint64_t packed = (std::uint64_t{version} << 32) |
                                 (static_cast<std::uint64_t>(thread) << 8) |
                                 static_cast<std::uint64_t>(act);
    events_[next_.fetch_add(1, std::memory_order_relaxed) % kEvents].store(
        packed, std::memory_order_relaxed);
  }

  void tell(std::ostream& out) const {
    const std::uint64_t end = next_.load(std::memory_order_relaxed);
    for (std::uint64_t at = end > kEvents ? end - kEvents : 0; at < end; ++at) {
      const std::uint64_t packed = events_[at % kEvents].load(std::memory_order_relaxed);
      out << "  " << at << ": thread " << ((packed >> 8) & 0xff) << ' '
          << to_string(static_cast<Act>(packed & 0xff)) << " version " << (packed >> 32) << '\n';
    }
  }

 private:
  std::atomic<std::uint64_t> next_{0};
  std::array<std::atomic<std::uint64_t>, kEvents> events_{};
};

}  // namespace strata::stress
