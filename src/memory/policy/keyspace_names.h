// KeyspaceNames: small numbers for the keyspaces of keys, so that samples can name theirs.
//
// The first few keyspaces get a number each, for good; all others share the number 0. A tenant's
// part of a keyspace has the keyspace's.
//
// Threads   Thread-safe; slot_of() never blocks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "strata/core/limits.h"

namespace strata::memory {

class KeyspaceNames {
 public:
  // Of a key's canonical text (key.h). Text that names no keyspace has 0.
  [[nodiscard]] std::uint8_t slot_of(std::string_view key_text);
  // Empty for 0, and for what has no name yet.
  [[nodiscard]] std::string name_of(std::size_t slot) const;

 private:
  enum State : std::uint8_t { kFree, kBeingNamed, kNamed };

  struct Slot {
    std::atomic<std::uint8_t> state{kFree};
    std::uint8_t size = 0;
    std::array<char, limits::kKeyspaceNameBytes> name{};
    [[nodiscard]] std::string_view text() const { return {name.data(), size}; }
  };

  std::array<Slot, limits::kCurveKeyspaces> slots_;
};

}  // namespace strata::memory
