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
      places_(std::clamp<std::uint32_t>(options.residents, 1, kResidentsMax)) {
  STRATA_ASSERT(options.max_entries <= places_);
  try {
    allocate(options);
  } catch (const std::bad_alloc&) {
    nodes_.reset();
    return;
  }
  std::fill_n(chains_.get(), places_, kNoIndex);
  for (std::uint32_t i = 0; i <= places_; ++i) free(static_cast<Index>(i));
  ghost_.fit(options.ghosts);
  update_share();
}

void Shadow::allocate(const ShadowOptions& options) {
  nodes_ = std::make_unique<Node[]>(places_ + 1);
  chains_ = std::make_unique<Index[]>(places_);
  if (has_weights(options)) {
    weights_ = std::make_unique<std::uint32_t[]>(places_ + 1);
    grades_ = std::make_unique<Grades>(options.aim);
    grades_->worth.set_counts_places(bounds_.counts_places(0));
  }
  rows_ = std::make_unique<Row[]>(row_count());
}

void Shadow::follow(const Arm& arm) {
  arm_ = &arm;
  update_share();
}

void Shadow::thin(std::uint8_t level, const ShadowOptions& options) {
  STRATA_ASSERT(options.max_entries <= places_);
  STRATA_ASSERT((options.max_weight != 0) == (bounds_.max_weight != 0));
  const std::uint32_t former_count = residents();
  for (unsigned place = 0; place < row_count(); ++place) {
    const std::uint32_t all = rows_[place].count;
    for (std::uint32_t i = 0; i < all; ++i) {
      const Index index = rows_[place].tail;
      const HorizonQueue queue = queue_of(index);
      const std::uint8_t grade = grade_at(index);
      pop(index);
      if (nodes_[index].level >= level) {
        push(index, queue, grade);
        continue;
      }
      if (grades_ != nullptr) grades_->worth.remove(weight_of(index), 0);
      unchain(index);
      free(index);
    }
  }
  bounds_ = {.max_entries = options.max_entries, .max_weight = options.max_weight};
  capacity_ = options.max_entries != 0 || former_count == 0
                  ? options.max_entries
                  : std::max<std::uint64_t>(1, capacity_ * residents() / former_count);
  ghost_.fit(options.ghosts);
  update_share();
  make_room();
}

// As Horizon's.
void Shadow::update_share() {
  const std::uint64_t mean_weight = residents() == 0 ? 0 : weight() / residents();
  main_share_ =
      share_beside(bounds_, arm_->small_permille, arm_->least_small(capacity_), mean_weight);
}

bool Shadow::main_is_over() const {
  const bool is_there = spared_ != kNoIndex && queue_of(spared_) == kMain;
  return count(kMain) - (is_there ? 1 : 0) > main_share_.entries ||
         weight(kMain) - (is_there ? weight_of(spared_) : 0) > main_share_.weight;
}

// As Share::has_room_beside().
bool Shadow::main_has_room() const {
  const std::uint64_t most = main_share_.weight;
  return count(kMain) < main_share_.entries &&
         weight(kMain) < (most == UINT64_MAX ? most : most - most / 16);
}

void Shadow::remember(Handle handle) {
  ghost_.insert(ghost_hash(nodes_[handle].fingerprint), nodes_[handle].last_use, now_);
}

Shadow::Index Shadow::insert(const Sample& sample, HorizonQueue to, std::uint8_t grade) {
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
  push(index, to, grade);
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
  std::uint8_t grade = Worth::kMeanGrade;
  if (grades_ != nullptr) {
    grades_->worth.add(sample.weight, 0);
    grade = grades_->worth.grade(sample.weight, 0);
  }
  const int lead = grade - Worth::kMeanGrade - horizon_lead();
  const bool is_hot = last_use.has_value() && rules.is_hot(*last_use, horizon_, lead);
  rules.clean(kCleaningMoves);
  spared_ = insert(sample, rules.place(is_hot), grade);
  make_room();
  spared_ = kNoIndex;
}

// What is taken away may be anywhere in its row.
void Shadow::forget(std::uint32_t fingerprint) {
  const Index found = find(fingerprint);
  if (found == kNoIndex) return;
  if (grades_ != nullptr) grades_->worth.remove(weight_of(found), 0);
  pull(found);
  unchain(found);
  free(found);
}

// In its place, unless it is of another grade now. Room is made at the cost of others.
void Shadow::change_weight(std::uint32_t fingerprint, std::uint32_t weight) {
  const Index found = find(fingerprint);
  if (weights_ == nullptr || found == kNoIndex) return;
  const HorizonQueue queue = queue_of(found);
  grades_->worth.remove(weights_[found], 0);
  grades_->worth.add(weight, 0);
  const std::uint8_t grade = grades_->worth.grade(weight, 0);
  if (grade == grade_at(found)) {
    queue_weights_[queue - 1] += weight;
    queue_weights_[queue - 1] -= weights_[found];
    weights_[found] = weight;
  } else {
    pull(found);
    weights_[found] = weight;
    push(found, queue, grade);
  }
  spared_ = found;
  make_room();
  spared_ = kNoIndex;
}

bool Shadow::is_over() const {
  return residents() > places_ || (bounds_.max_entries != 0 && residents() > bounds_.max_entries) ||
         (bounds_.max_weight != 0 && weight() > bounds_.max_weight);
}

// What does not fit at all leaves last.
void Shadow::make_room() {
  while (is_over()) {
    if (bounds_.max_weight != 0) {
      const std::uint64_t held = residents() - (spared_ != kNoIndex ? 1 : 0);
      const std::uint64_t difference = held > capacity_ ? held - capacity_ : capacity_ - held;
      if (difference * 8 > capacity_) capacity_ = held;
      update_share();
    }
    if (grades_ != nullptr) {
      grades_->worth.set_counts_places(bounds_.counts_places(residents()));
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

unsigned Shadow::grades_in_use() const {
  unsigned used = 0;
  for (unsigned grade = 0; grade < grade_count(); ++grade) {
    const bool is_used = rows_[grade].count + rows_[grade_count() + grade].count > 0;
    used += is_used ? 1 : 0;
  }
  return used;
}

std::size_t Shadow::footprint_bytes() const {
  const std::size_t weights =
      weights_ == nullptr ? 0 : (places_ + 1) * sizeof(std::uint32_t) + sizeof(Grades);
  return sizeof(*this) + (places_ + 1) * sizeof(Node) + places_ * sizeof(Index) + weights +
         row_count() * sizeof(Row) + ghost_.footprint_bytes();
}

std::size_t Shadow::footprint_bytes_max(const ShadowOptions& options) {
  const std::size_t weight = has_weights(options) ? sizeof(std::uint32_t) : 0;
  const std::size_t rows =
      has_weights(options) ? sizeof(Grades) + 2 * Worth::kGrades * sizeof(Row) : 2 * sizeof(Row);
  return sizeof(Shadow) + rows + (options.residents + 1) * (sizeof(Node) + sizeof(Index) + weight) +
         options.ghosts * kGhostBytes + kGhostSlackBytes;
}

void Shadow::check_invariants() const {
  std::uint32_t queued = 0;
  for (const HorizonQueue queue : {kSmall, kMain}) {
    std::uint32_t all = 0;
    std::uint64_t sum = 0;
    for (std::uint8_t grade = 0; grade < grade_count(); ++grade) {
      const Row& its = row(queue, grade);
      std::uint32_t entries = 0;
      for (Index i = its.tail; i != kNoIndex; i = nodes_[i].towards_head) {
        STRATA_ASSERT(&row_of(i) == &its && queue_of(i) == queue);
        STRATA_ASSERT(find(nodes_[i].fingerprint) == i);
        STRATA_ASSERT(nodes_[i].towards_head != kNoIndex || its.head == i);
        ++entries;
        sum += weight_of(i);
      }
      STRATA_ASSERT(its.count == entries);
      all += entries;
    }
    STRATA_ASSERT(count(queue) == all);
    STRATA_ASSERT(weight(queue) == sum);
    queued += all;
  }
  if (grades_ != nullptr) grades_->worth.check_invariants(residents(), weight());
  STRATA_ASSERT(queued == residents());
  STRATA_ASSERT(!is_over());
}

}  // namespace strata::memory
