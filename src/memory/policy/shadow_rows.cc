// Shadow: its nodes, in rows and chains.
#include "core/assert.h"
#include "memory/policy/shadow.h"

namespace strata::memory {

// As GradedQueue's tail_but().
Shadow::Handle Shadow::tail(HorizonQueue queue) {
  if (grades_ == nullptr) return last_of(row(queue, Worth::kMeanGrade));
  const std::uint8_t turn = grades_->turns[queue - 1].grade();
  if (turn != Turns::kNobody) {
    const Index last = last_of(row(queue, turn));
    if (last != kNoIndex) return last;
  }
  const Row& mean = row(queue, Worth::kMeanGrade);
  return mean.count == count(queue) ? last_of(mean) : take_turn(queue);
}

Shadow::Index Shadow::take_turn(HorizonQueue queue) {
  Turns::Rows entries{};
  for (std::uint8_t grade = 0; grade < Worth::kGrades; ++grade) {
    if (last_of(row(queue, grade)) != kNoIndex) entries[grade] = row(queue, grade).count;
  }
  const std::uint8_t grade = grades_->turns[queue - 1].give(entries);
  return grade == Turns::kNobody ? kNoIndex : last_of(row(queue, grade));
}

void Shadow::end_turn(Index index) {
  if (grades_ != nullptr) grades_->turns[queue_of(index) - 1].end(grade_at(index));
}

void Shadow::set_horizon(std::uint16_t horizon) {
  horizon_ = horizon;
  if (grades_ == nullptr) return;
  const Index last = tail(kMain);
  grades_->horizon = last == kNoIndex ? Worth::kMeanGrade : grade_at(last);
}

void Shadow::push(Index index, HorizonQueue to, std::uint8_t grade) {
  Row& target = row(to, grade);
  nodes_[index].place = static_cast<unsigned>(&target - rows_.get() + 1) & 0xf;
  nodes_[index].towards_head = kNoIndex;
  (target.head == kNoIndex ? target.tail : nodes_[target.head].towards_head) = index;
  target.head = index;
  ++target.count;
  ++counts_[to - 1];
  queue_weights_[to - 1] += weight_of(index);
}

// Its row's last one, or the last but the one that is spared.
void Shadow::pop(Index index) {
  end_turn(index);
  Row& from = row_of(index);
  const Index towards_head = nodes_[index].towards_head;
  if (from.tail == index) {
    from.tail = towards_head;
    if (from.tail == kNoIndex) from.head = kNoIndex;
  } else {
    STRATA_ASSERT(from.tail == spared_ && nodes_[spared_].towards_head == index);
    nodes_[spared_].towards_head = towards_head;
    if (from.head == index) from.head = spared_;
  }
  count_out(index);
}

void Shadow::count_out(Index index) {
  --row_of(index).count;
  --counts_[queue_of(index) - 1];
  queue_weights_[queue_of(index) - 1] -= weight_of(index);
}

// As pop(), wherever it is. O(entries of the row).
void Shadow::pull(Index index) {
  end_turn(index);
  Row& from = row_of(index);
  Index before = kNoIndex;
  for (Index at = from.tail; at != index; at = nodes_[at].towards_head) before = at;
  const Index after = nodes_[index].towards_head;
  (before == kNoIndex ? from.tail : nodes_[before].towards_head) = after;
  if (from.head == index) from.head = before;
  count_out(index);
}

void Shadow::free(Index index) {
  nodes_[index].place = 0;
  nodes_[index].next = free_;
  free_ = index;
}

void Shadow::move(Handle handle, HorizonQueue to) {
  const std::uint8_t grade = grade_of(handle);
  pop(handle);
  push(handle, to, grade);
}

void Shadow::take(Handle handle) {
  if (grades_ != nullptr) grades_->worth.remove(weight_of(handle), 0);
  pop(handle);
  unchain(handle);
  free(handle);
}

void Shadow::unchain(Index handle) {
  Index* link = &chain_of(nodes_[handle].fingerprint);
  while (*link != handle) link = &nodes_[*link].next;
  *link = nodes_[handle].next;
}

}  // namespace strata::memory
