// Cause: an operation that made values wrong, and what caused that in its turn.
//
// Causes form chains by their parents' ids, recorded when they happen: an invalidation by a rule,
// for an event, that came from another process. Nothing is inferred afterwards.
//
// Threads   Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/core/ticket.h"
#include "strata/core/time.h"

namespace strata {

// Increases with every cause, over restarts too where the journal is kept. Zero: none.
enum class CauseId : std::uint64_t { kNone = 0 };

enum class CauseKind : std::uint8_t {
  // Calls of the API. The text is what they were given: labels, a key, a filter.
  kInvalidate,
  kPut,
  kErase,
  kExpire,
  kClear,
  kPurge,
  // What makes such calls. The text is a name.
  kEvent,
  kRule,
  kTransaction,
  kOutbox,
  kRefresh,     // a refresh that brought a different value
  kDependency,  // the graph: a new edge, or a label where a closure was cut
  kProcess,     // the number of a process, where a chain came from elsewhere
  kCli,
};

inline constexpr std::size_t kCauseKindCount = 14;
inline constexpr std::array<CauseKind, kCauseKindCount> kCauseKinds{
    CauseKind::kInvalidate,  CauseKind::kPut,    CauseKind::kErase,   CauseKind::kExpire,
    CauseKind::kClear,       CauseKind::kPurge,  CauseKind::kEvent,   CauseKind::kRule,
    CauseKind::kTransaction, CauseKind::kOutbox, CauseKind::kRefresh, CauseKind::kDependency,
    CauseKind::kProcess,     CauseKind::kCli};

// Stable names: "invalidate", "put", ..., "process", "cli".
[[nodiscard]] std::string_view to_string(CauseKind kind);

// What begins.
struct NewCause {
  CauseKind kind = CauseKind::kInvalidate;
  std::string_view text;
  CauseId parent = CauseId::kNone;
  WallTime at;
};

// What is remembered of it.
struct Cause {
  CauseId id = CauseId::kNone;
  CauseId parent = CauseId::kNone;
  CauseKind kind = CauseKind::kInvalidate;
  WallTime at;
  std::string text;              // fit to be shown, at most limits::kCauseTextBytes
  std::optional<Ticket> number;  // of the invalidation in the memory tier, if it was one
  bool is_former = false;        // of a process before this one

  friend bool operator==(const Cause&, const Cause&) = default;
};

}  // namespace strata
