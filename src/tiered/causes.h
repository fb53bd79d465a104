// Causes: the journal of a cache, and on whose behalf each thread works at the moment.
//
//   const CauseScope scope(causes, CauseKind::kPut, [&] { return std::string(key.text); });
//   hot.put(...);          // what leaves memory meanwhile, in this thread, left because of it
//
// A scope within another one has it as its parent. A cause whose scope is lazy is recorded when
// something leaves because of it: puts that replace nothing cost nothing.
//
// Threads   Causes is thread-safe; a scope is confined to its thread. Threads beyond the slots
//           that threads have of their own work on nobody's behalf.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "core/thread_slot.h"
#include "strata/core/entry.h"
#include "strata/labels/cause_journal.h"
#include "strata/load/tickets.h"
#include "strata/ports/clock.h"
#include "strata/ports/tier.h"

namespace strata::internal {

class CauseScope;

class Causes {
 public:
  // `lower`: the tiers below memory.
  Causes(CauseJournalOptions options, std::size_t lower, const Clock& clock)
      : lower_(lower), journal_(with_tiers(options, lower)), clock_(clock) {}

  [[nodiscard]] CauseJournal& journal() { return journal_; }
  [[nodiscard]] const CauseJournal& journal() const { return journal_; }
  [[nodiscard]] WallTime now() const { return clock_.wall_now(); }

  // Records that the entry left memory. `earlier`: the number of the invalidation that had made
  // it wrong, which may still be running; zero: it leaves on behalf of the calling thread.
  void note(const Entry& entry, RemovalCause cause, Ticket earlier);
  // Records what left lower tier `depth`.
  void note_below(std::size_t depth, std::span<const RecordRemoval> removals);
  // Says what the lower tiers counted a put or erase as, where `before` and `after` leave no
  // doubt: each stood one number higher after it than before.
  void set_lower_numbers(CauseId cause, const Tickets& before, const Tickets& after);

  // The place of lower tier `depth` in the journal.
  [[nodiscard]] static TierPlace place_of(std::size_t depth) {
    return static_cast<TierPlace>(depth + 1);
  }

 private:
  friend class CauseScope;
  [[nodiscard]] static CauseJournalOptions with_tiers(CauseJournalOptions options,
                                                      std::size_t lower) {
    options.tiers = lower + 1;
    return options;
  }
  const std::size_t lower_;
  CauseJournal journal_;
  const Clock& clock_;
  std::array<CauseScope*, kThreadSlots> current_{};  // by the slot of the thread
};

class CauseScope {
 public:
  using Text = std::function<std::string()>;

  // Lazy, unless id() is called. `text` is called at most once, and must not outlive what it
  // refers to.
  CauseScope(Causes& causes, CauseKind kind, const Text& text);
  ~CauseScope();
  CauseScope(const CauseScope&) = delete;
  CauseScope& operator=(const CauseScope&) = delete;

  // Whether it is an invalidation of labels, rather than a put or what led to one.
  [[nodiscard]] bool invalidates() const {
    return kind_ == CauseKind::kInvalidate || kind_ == CauseKind::kClear ||
           kind_ == CauseKind::kExpire || kind_ == CauseKind::kDependency;
  }
  // The recorded cause; kNone if there was no memory for it. Its parents are recorded first.
  CauseId id() noexcept;
  [[nodiscard]] bool is_recorded() const { return id_ != CauseId::kNone; }
  // When it was recorded. Precondition: id() was called.
  [[nodiscard]] WallTime at() const { return at_; }

 private:
  friend class Causes;
  Causes& causes_;
  const CauseKind kind_;
  const Text& text_;
  CauseScope* parent_ = nullptr;
  unsigned slot_ = 0;
  CauseId id_ = CauseId::kNone;
  WallTime at_;
};

// Where an event came from, as the first cause of what follows: "outbox shop", "pid 4711",
// "cli purge". What names none of these is taken for a process.
struct Origin {
  CauseKind kind = CauseKind::kProcess;
  std::string_view text;
};
[[nodiscard]] Origin parse_origin(std::string_view origin);

// "tag org:7, keyspace user": as much of it as a cause keeps.
[[nodiscard]] std::string describe_labels(std::span<const Label> labels);

}  // namespace strata::internal
