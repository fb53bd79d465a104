// Shadow: the rules of HorizonRules over an array of nodes.
#include "memory/policy/shadow.h"

#include <algorithm>
#include <new>

#include "core/assert.h"

namespace strata::memory {
namespace {

constexpr std::uint32_t kTicksPerCapacity = 64;

// Ghosts are remembered by what is remembered of residents: the fingerprint, spread out again.
std::uint64_t ghost_hash(std::uint32_t fingerprint) { return fingerprint * 0xd6e8feb86659fd93ULL; }

}  // namespace

Shadow::Shadow(const Arm& arm, const ShadowOptions& options)
    : arm_(arm),
      capacity_(std::clamp<std::uint32_t>(options.residents, 1, kResidentsMax)),
      main_share_(static_cast<std::uint32_t>(
          capacity_ - std::min<std::uint64_t>(
                          capacity_, std::max<std::uint64_t>(capacity_ * arm.small_permille / 1000,
                                                             arm.least_small(capacity_))))),
      nodes_(new (std::nothrow) Node[capacity_]()),
      chains_(new (std::nothrow) Index[capacity_]) {
  if (!is_valid()) return;
  std::fill_n(chains_.get(), capacity_, kNoIndex);
  for (std::uint32_t i = 0; i < capacity_; ++i) free(static_cast<Index>(i));
  ghost_.fit(options.ghosts);
}

Shadow::Index& Shadow::chain_of(std::uint32_t fingerprint) const {
  return chains_[static_cast<std::size_t>((std::uint64_t{fingerprint} * capacity_) >> 32)];
}

Shadow::Index Shadow::find(std::uint32_t fingerprint) const {
  Index index = chain_of(fingerprint);
  while (index != kNoIndex && nodes_[index].fingerprint != fingerprint) index = nodes_[index].next;
  return index;
}

void Shadow::push(Index index, HorizonQueue to) {
  Row& target = row(to);
  nodes_[index].queue = to;
  nodes_[index].towards_head = kNoIndex;
  (target.head == kNoIndex ? target.tail : nodes_[target.head].towards_head) = index;
  target.head = index;
  ++target.count;
}

void Shadow::pop(Index index) {
  Row& from = row(nodes_[index].queue);
  STRATA_ASSERT(from.tail == index);
  from.tail = nodes_[index].towards_head;
  if (from.tail == kNoIndex) from.head = kNoIndex;
  --from.count;
}

void Shadow::free(Index index) {
  nodes_[index].queue = kNone;
  nodes_[index].next = free_;
  free_ = index;
}

void Shadow::move(Handle handle, HorizonQueue to) {
  pop(handle);
  push(handle, to);
}

void Shadow::take(Handle handle) {
  pop(handle);
  Index* link = &chain_of(nodes_[handle].fingerprint);
  while (*link != handle) link = &nodes_[*link].next;
  *link = nodes_[handle].next;
  free(handle);
  --count_;
}

void Shadow::remember(Handle handle) {
  ghost_.insert(ghost_hash(nodes_[handle].fingerprint), nodes_[handle].last_use, now_);
}

void Shadow::insert(std::uint32_t fingerprint, HorizonQueue to) {
  const Index index = free_;
  STRATA_ASSERT(index != kNoIndex);
  Node& node = nodes_[index];
  free_ = node.next;
  Index& chain = chain_of(fingerprint);
  node = {.fingerprint = fingerprint, .next = chain, .last_use = now_};
  chain = index;
  push(index, to);
  ++count_;
}

bool Shadow::use(std::uint64_t hash) {
  const auto fingerprint = static_cast<std::uint32_t>((hash * 0xa0761d6478bd642fULL) >> 32);
  if (const Index found = find(fingerprint); found != kNoIndex) {
    Node& node = nodes_[found];
    if (node.uses < arm_.most_uses) ++node.uses;
    node.last_use = now_;
    return true;
  }
  if (++misses_since_tick_ >= capacity_ / kTicksPerCapacity) {
    misses_since_tick_ = 0;
    ++now_;
  }
  HorizonRules<Shadow> rules(*this, arm_, now_);
  const std::optional<std::uint16_t> last_use = ghost_.take(ghost_hash(fingerprint));
  const bool is_hot = last_use.has_value() && rules.is_hot(*last_use, horizon_);
  if (count_ == capacity_) static_cast<void>(rules.evict(kMaxTurns, kCleaningMoves));
  rules.clean(kCleaningMoves);
  insert(fingerprint, rules.place(is_hot));
  return false;
}

std::size_t Shadow::footprint_bytes() const {
  return sizeof(*this) + capacity_ * (sizeof(Node) + sizeof(Index)) + ghost_.footprint_bytes();
}

void Shadow::check_invariants() const {
  std::uint32_t queued = 0;
  for (const HorizonQueue queue : {kSmall, kMain}) {
    std::uint32_t count = 0;
    for (Index i = row(queue).tail; i != kNoIndex; i = nodes_[i].towards_head) {
      STRATA_ASSERT(nodes_[i].queue == queue);
      STRATA_ASSERT(nodes_[i].uses <= arm_.most_uses);
      STRATA_ASSERT(find(nodes_[i].fingerprint) == i);
      STRATA_ASSERT(nodes_[i].towards_head != kNoIndex || row(queue).head == i);
      ++count;
    }
    STRATA_ASSERT(row(queue).count == count);
    queued += count;
  }
  STRATA_ASSERT(queued == count_);
  STRATA_ASSERT(count_ <= capacity_);
}

}  // namespace strata::memory
