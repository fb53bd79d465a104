// The choices of schedules.
#include "testkit/picker.h"

#include <algorithm>
#include <functional>

#include "core/assert.h"

namespace strata::testkit {

PriorityPicker::PriorityPicker(std::uint64_t seed, std::size_t threads, std::size_t steps,
                               std::size_t changes)
    : random_(seed), fair_after_(20 * steps + 1'000) {
  for (std::size_t i = 0; i < threads; ++i) priorities_.push_back(changes + 1 + i);
  for (std::size_t i = threads; i > 1; --i) {
    std::swap(priorities_[i - 1], priorities_[random_.below(i)]);
  }
  for (std::size_t i = 0; i < changes; ++i) changes_.push_back(1 + random_.below(steps + 1));
  std::sort(changes_.begin(), changes_.end(), std::greater<>());
}

std::size_t PriorityPicker::pick(const Choice& choice) {
  if (choice.step > fair_after_) return choice.able[random_.below(choice.able.size())];
  while (!changes_.empty() && changes_.back() <= choice.step) {
    priorities_[choice.current] = changes_.size();  // below all, and below the falls before
    changes_.pop_back();
  }
  return *std::max_element(
      choice.able.begin(), choice.able.end(),
      [this](std::size_t a, std::size_t b) { return priorities_[a] < priorities_[b]; });
}

std::size_t ExhaustivePicker::pick(const Choice& choice) {
  const std::size_t usual = choice.current_may_go_on ? choice.current : choice.able.front();
  const bool exhausted = choice.current_may_go_on && used_ >= interruptions_;
  if (choice.able.size() == 1 || exhausted) return usual;
  if (depth_ == path_.size()) {
    Branch branch{.able = {usual}, .interrupts = choice.current_may_go_on};
    for (const std::size_t thread : choice.able) {
      if (thread != usual) branch.able.push_back(thread);
    }
    path_.push_back(std::move(branch));
  }
  const Branch& branch = path_[depth_++];
  // Or else the threads do not do the same in every run.
  STRATA_ASSERT(branch.able.size() == choice.able.size());
  STRATA_ASSERT(branch.able.front() == usual);
  if (branch.interrupts && branch.taken > 0) ++used_;
  return branch.able[branch.taken];
}

bool ExhaustivePicker::next() {
  depth_ = 0;
  used_ = 0;
  while (!path_.empty() && path_.back().taken + 1 == path_.back().able.size()) path_.pop_back();
  if (path_.empty()) return false;
  ++path_.back().taken;
  return true;
}

}  // namespace strata::testkit
