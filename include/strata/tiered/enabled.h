// Enabled: whether a keyspace is cached: true, false, or for a share of its keys.
//
//   auto users = cache.keyspace<User>("user", {.enabled = Enabled::percent(25)});
//   users.set_enabled(false);   // every read goes to its source from now on
//
// Promise   Which keys a share takes depends on the keys alone: every process agrees, also in
//           other releases, and a larger share has all keys of a smaller one.
// Threads   A plain value.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

namespace strata {

class Enabled {
 public:
  // Not from numbers: percent() is for those.
  template <std::same_as<bool> All>
  constexpr Enabled(All all) : parts_(all ? kParts : std::uint16_t{0}) {}
  // From 0 to 100, in steps of 0.01; what is outside counts as the nearer end.
  [[nodiscard]] static constexpr Enabled percent(double share) {
    Enabled enabled(false);
    const double parts = share * (kParts / 100.0) + 0.5;
    if (parts >= kParts) enabled.parts_ = kParts;
    if (parts >= 1 && parts < kParts) enabled.parts_ = static_cast<std::uint16_t>(parts);
    return enabled;
  }

  [[nodiscard]] constexpr bool all() const { return parts_ == kParts; }
  [[nodiscard]] constexpr bool none() const { return parts_ == 0; }
  [[nodiscard]] constexpr double percent() const { return parts_ / (kParts / 100.0); }
  // Whether a key with this hash (Key::hash()) is cached.
  [[nodiscard]] constexpr bool includes(std::uint64_t key_hash) const {
    return all() || (!none() && bucket(key_hash) < parts_);
  }

  friend constexpr bool operator==(Enabled, Enabled) = default;

 private:
  static constexpr std::uint16_t kParts = 10'000;
  // Of kParts. Other bits than those by which ttls differ and shards are chosen.
  [[nodiscard]] static constexpr std::uint64_t bucket(std::uint64_t key_hash) {
    return ((key_hash * 0x9E37'79B9'7F4A'7C15) >> 32) * kParts >> 32;
  }

  std::uint16_t parts_;
};

// "true", "false" or "12.5%".
[[nodiscard]] std::string to_string(Enabled enabled);

}  // namespace strata
