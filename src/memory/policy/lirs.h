// Lirs: who is used again soon stays, rather than who was used last.
//
// Entries with a low inter-reference recency (LIR) have nearly all of the shard. The others (HIR)
// pass through a short queue and leave from there. A stack has all that were used since the
// coldest LIR entry was, in the order of their last uses, evicted ones too: a HIR entry that is
// used while it is there was used again sooner than the coldest LIR entry, and takes its place.
//
// Source: Jiang, Zhang: "LIRS: an efficient low inter-reference recency set replacement policy",
// SIGMETRICS 2002. The stack remembers three evicted entries for each that is held; with an
// unbounded history all that were used since, as in the paper.
//
// Threads   As Policy.
// Memory    44 bytes for each entry in the stack, held or remembered.
#pragma once

#include <cstdint>

#include "memory/policy/bounds.h"
#include "memory/policy/lirs_nodes.h"
#include "memory/policy/policy.h"
#include "memory/policy/queue.h"

namespace strata::memory {

struct LirsOptions {
  bool unbounded_history = false;  // and then the work of a call has no bound either
};

class Lirs final : public Policy {
 public:
  static constexpr std::uint64_t kHirPermille = 10;
  static constexpr std::uint64_t kHirEntriesMin = 2;
  static constexpr std::uint64_t kHistoryPerEntry = 3;

  explicit Lirs(const LirsOptions& options = {});

  void set_bounds(std::uint64_t max_entries, std::uint64_t max_weight) override;
  [[nodiscard]] bool wants_hits() const override { return true; }
  void on_hit(Resident& entry) override;
  void insert(Resident& entry) override;
  void replace(Resident& former, Resident& incoming) override;
  void erase(Resident& entry) override;
  [[nodiscard]] Resident* evict(const Resident* spared) override;
  [[nodiscard]] Standing standing(const Resident& entry) const override;
  [[nodiscard]] std::uint64_t entries() const override { return lir_.entries() + hir_.entries(); }
  [[nodiscard]] std::uint64_t weight() const override { return lir_.weight() + hir_.weight(); }
  [[nodiscard]] std::size_t footprint_bytes() const override { return nodes_.footprint_bytes(); }
  void check_invariants() const override;

 private:
  // The node of an entry, or kNoNode if it is not in the stack.
  [[nodiscard]] LirsIndex node_of(const Resident& entry) const;
  [[nodiscard]] bool is_lir(LirsIndex index) const;
  [[nodiscard]] int turns() const;

  void stack_push(LirsIndex index);
  void stack_unlink(LirsIndex index);
  void history_push(LirsIndex index);
  void history_unlink(LirsIndex index);
  void forget(LirsIndex index);
  void become_lir(Resident& entry);
  void update_share();
  void demote_excess();
  void prune();

  Queue lir_{1};  // in no order: the stack has theirs
  Queue hir_{2};
  LirsNodes nodes_;
  LirsIndex top_ = kNoNode;
  LirsIndex bottom_ = kNoNode;
  LirsIndex newest_ = kNoNode;  // of those that are only remembered
  LirsIndex oldest_ = kNoNode;
  std::uint64_t history_ = 0;
  Bounds bounds_;
  Share lir_share_;
  LirsOptions options_;
};

}  // namespace strata::memory
