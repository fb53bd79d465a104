// Shadow: the rules of HorizonRules over an array of nodes.
#include "memory/policy/shadow.h"

#include <algorithm>
#include <new>

#include "core/assert.h"

namespace strata::memory {
namespace {

constexpr std::uint64_t kTicksPerCapacity = 64;
constexpr std::size_t kGhostBytes = 4;
// A bucket of ghosts that is not full.
constexpr std::size_t kGhostSlackBytes = 32;

std::uint32_t fingerprint_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>((hash * 0xa0761d6478bd642fULL) >> 32);
}

// Ghosts are remembered by what is remembered of residents: the fingerprint, spread out again.
std::uint64_t ghost_hash(std::uint32_t fingerprint) { return fingerprint * 0xd6e8feb86659fd93ULL; }

}  // namespace

Shadow::Shadow(const Arm& arm, const ShadowOptions& options)
    : arm_(&arm),
      bounds_{.max_entries = options.max_entries, .max_weight = options.max_weight},
      capacity_(options.max_entries),
      places_(std::clamp<std::uint32_t>(options.residents, 1, kResidentsMax)),
      nodes_(new (std::nothrow) Node[places_ + 1]()),
      chains_(new (std::nothrow) Index[places_]) {
  STRATA_ASSERT(options.max_entries <= places_);
  if (is_valid() && bounds_.max_weight != 0) {
    weights_.reset(new (std::nothrow) std::uint32_t[places_ + 1]());
    if (weights_ == nullptr) nodes_.reset();
  }
  if (!is_valid()) return;
  std::fill_n(chains_.get(), places_, kNoIndex);
  for (std::uint32_t i = 0; i <= places_; ++i) free(static_cast<Index>(i));
  ghost_.fit(options.ghosts);
  update_share();
}

void Shadow::follow(const Arm& arm) {
  arm_ = &arm;
  update_share();
}

void Shadow::thin(std::uint8_t level, const ShadowOptions& options) {
  STRATA_ASSERT(options.residents <= places_);
  STRATA_ASSERT((options.max_weight != 0) == (bounds_.max_weight != 0));
  const std::uint32_t former_count = count_;
  for (const HorizonQueue queue : {kSmall, kMain}) {
    Index index = row(queue).tail;
    row(queue) = {};
    while (index != kNoIndex) {
      const Index next = nodes_[index].towards_head;
      if (nodes_[index].level >= level) {
        push(index, queue);
      } else {
        unchain(index);
        free(index);
        --count_;
      }
      index = next;
    }
  }
  bounds_ = {.max_entries = options.max_entries, .max_weight = options.max_weight};
  capacity_ = options.max_entries != 0 || former_count == 0
                  ? options.max_entries
                  : std::max<std::uint64_t>(1, capacity_ * count_ / former_count);
  update_share();
  make_room();
}

// As Horizon's.
void Shadow::update_share() {
  const std::uint64_t mean_weight = count_ == 0 ? 0 : weight() / count_;
  main_share_ =
      share_beside(bounds_, arm_->small_permille, arm_->least_small(capacity_), mean_weight);
}

bool Shadow::main_is_over() const {
  const Row& main = row(kMain);
  const bool is_there = spared_ != kNoIndex && nodes_[spared_].queue == kMain;
  return main.count - (is_there ? 1 : 0) > main_share_.entries ||
         main.weight - (is_there ? weight_of(spared_) : 0) > main_share_.weight;
}

// As Share::has_room_beside().
bool Shadow::main_has_room() const {
  const Row& main = row(kMain);
  const std::uint64_t weight = main_share_.weight;
  return main.count < main_share_.entries &&
         main.weight < (weight == UINT64_MAX ? weight : weight - weight / 16);
}

Shadow::Index& Shadow::chain_of(std::uint32_t fingerprint) const {
  return chains_[static_cast<std::size_t>((std::uint64_t{fingerprint} * places_) >> 32)];
}

Shadow::Index Shadow::find(std::uint32_t fingerprint) const {
  Index index = chain_of(fingerprint);
  while (index != kNoIndex && nodes_[index].fingerprint != fingerprint) index = nodes_[index].next;
  return index;
}

void Shadow::push(Index index, HorizonQueue to) {
  Row& target = row(to);
  nodes_[index].queue = to & 0xf;
  nodes_[index].towards_head = kNoIndex;
  (target.head == kNoIndex ? target.tail : nodes_[target.head].towards_head) = index;
  target.head = index;
  ++target.count;
  target.weight += weight_of(index);
}

void Shadow::pop(Index index) {
  Row& from = row(nodes_[index].queue);
  const Index towards_head = nodes_[index].towards_head;
  if (from.tail == index) {
    from.tail = towards_head;
    if (from.tail == kNoIndex) from.head = kNoIndex;
  } else {
    STRATA_ASSERT(from.tail == spared_ && nodes_[spared_].towards_head == index);
    nodes_[spared_].towards_head = towards_head;
    if (from.head == index) from.head = spared_;
  }
  --from.count;
  from.weight -= weight_of(index);
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
  unchain(handle);
  free(handle);
  --count_;
}

void Shadow::unchain(Index handle) {
  Index* link = &chain_of(nodes_[handle].fingerprint);
  while (*link != handle) link = &nodes_[*link].next;
  *link = nodes_[handle].next;
}

void Shadow::remember(Handle handle) {
  ghost_.insert(ghost_hash(nodes_[handle].fingerprint), nodes_[handle].last_use, now_);
}

Shadow::Index Shadow::insert(const Sample& sample, HorizonQueue to) {
  const std::uint32_t fingerprint = fingerprint_of(sample.hash);
  const Index index = free_;
  STRATA_ASSERT(index != kNoIndex);
  Node& node = nodes_[index];
  free_ = node.next;
  Index& chain = chain_of(fingerprint);
  node = {.fingerprint = fingerprint,
          .next = chain,
          .last_use = now_,
          .level = level_of(sample_place(sample.hash))};
  if (weights_ != nullptr) weights_[index] = sample.weight;
  chain = index;
  push(index, to);
  ++count_;
  return index;
}

bool Shadow::look(std::uint32_t fingerprint) {
  const Index found = find(fingerprint);
  if (found == kNoIndex) return false;
  Node& node = nodes_[found];
  if (node.uses < arm_->most_uses) ++node.uses;
  node.last_use = now_;
  return true;
}

void Shadow::tick() {
  if (++misses_since_tick_ < capacity_ / kTicksPerCapacity) return;
  misses_since_tick_ = 0;
  ++now_;
}

void Shadow::add(const Sample& sample) {
  tick();
  HorizonRules<Shadow> rules(*this, *arm_, now_);
  const std::optional<std::uint16_t> last_use =
      ghost_.take(ghost_hash(fingerprint_of(sample.hash)));
  const bool is_hot = last_use.has_value() && rules.is_hot(*last_use, horizon_);
  rules.clean(kCleaningMoves);
  spared_ = insert(sample, rules.place(is_hot));
  make_room();
  spared_ = kNoIndex;
}

// O(residents of the queue): what is taken away may be anywhere in it.
void Shadow::forget(std::uint32_t fingerprint) {
  const Index found = find(fingerprint);
  if (found == kNoIndex) return;
  Row& from = row(nodes_[found].queue);
  Index before = kNoIndex;
  for (Index at = from.tail; at != found; at = nodes_[at].towards_head) before = at;
  const Index after = nodes_[found].towards_head;
  (before == kNoIndex ? from.tail : nodes_[before].towards_head) = after;
  if (from.head == found) from.head = before;
  --from.count;
  from.weight -= weight_of(found);
  unchain(found);
  free(found);
  --count_;
}

void Shadow::change_weight(std::uint32_t fingerprint, std::uint32_t weight) {
  const Index found = find(fingerprint);
  if (weights_ == nullptr || found == kNoIndex || weights_[found] == weight) return;
  row(nodes_[found].queue).weight += weight;
  row(nodes_[found].queue).weight -= weights_[found];
  weights_[found] = weight;
  make_room();
}

bool Shadow::is_over() const {
  return count_ > places_ || (bounds_.max_entries != 0 && count_ > bounds_.max_entries) ||
         (bounds_.max_weight != 0 && weight() > bounds_.max_weight);
}

// What does not fit at all leaves last.
void Shadow::make_room() {
  while (is_over()) {
    if (bounds_.max_weight != 0) {
      const std::uint64_t held = count_ - (spared_ != kNoIndex ? 1 : 0);
      const std::uint64_t difference = held > capacity_ ? held - capacity_ : capacity_ - held;
      if (difference * 8 > capacity_) capacity_ = held;
      update_share();
    }
    HorizonRules<Shadow> rules(*this, *arm_, now_);
    if (rules.evict(kMaxTurns, kCleaningMoves) == kNoIndex) spared_ = kNoIndex;
  }
}

bool Shadow::use(std::uint64_t hash, std::uint32_t weight) {
  return see({.hash = hash, .weight = weight, .kind = UseKind::kHit});
}

bool Shadow::see(const Sample& sample) {
  const std::uint32_t fingerprint = fingerprint_of(sample.hash);
  switch (sample.kind) {
    case UseKind::kHit:
    case UseKind::kReplace: {
      const bool found = look(fingerprint);
      if (!found) add(sample);
      if (found && sample.kind == UseKind::kReplace) change_weight(fingerprint, sample.weight);
      return found;
    }
    case UseKind::kMiss:
      return look(fingerprint);
    case UseKind::kInsert:
      if (find(fingerprint) == kNoIndex) {
        add(sample);
      } else {
        change_weight(fingerprint, sample.weight);
      }
      return false;
    case UseKind::kErase:
      forget(fingerprint);
      return false;
    case UseKind::kGone:
      break;
  }
  return false;
}

std::size_t Shadow::footprint_bytes() const {
  const std::size_t weights = weights_ == nullptr ? 0 : (places_ + 1) * sizeof(std::uint32_t);
  return sizeof(*this) + (places_ + 1) * sizeof(Node) + places_ * sizeof(Index) + weights +
         ghost_.footprint_bytes();
}

std::size_t Shadow::footprint_bytes_max(const ShadowOptions& options) {
  const std::size_t weight = options.max_weight == 0 ? 0 : sizeof(std::uint32_t);
  return sizeof(Shadow) + (options.residents + 1) * (sizeof(Node) + sizeof(Index) + weight) +
         options.ghosts * kGhostBytes + kGhostSlackBytes;
}

void Shadow::check_invariants() const {
  std::uint32_t queued = 0;
  for (const HorizonQueue queue : {kSmall, kMain}) {
    std::uint32_t count = 0;
    std::uint64_t weight = 0;
    for (Index i = row(queue).tail; i != kNoIndex; i = nodes_[i].towards_head) {
      STRATA_ASSERT(nodes_[i].queue == queue);
      STRATA_ASSERT(find(nodes_[i].fingerprint) == i);
      STRATA_ASSERT(nodes_[i].towards_head != kNoIndex || row(queue).head == i);
      ++count;
      weight += weight_of(i);
    }
    STRATA_ASSERT(row(queue).count == count);
    STRATA_ASSERT(row(queue).weight == weight);
    queued += count;
  }
  STRATA_ASSERT(queued == count_);
  STRATA_ASSERT(!is_over());
}

}  // namespace strata::memory
