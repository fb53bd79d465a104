// Tests of GradedQueue: who goes when, and that it is a queue where all are alike.
#include "memory/policy/graded_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace strata::memory {
namespace {

constexpr std::uint8_t kMean = Worth::kMeanGrade;

class GradedQueueTest : public testing::Test {
 protected:
  Resident& push(std::uint8_t grade, std::uint32_t weight = 1) {
    entries.push_back(std::make_unique<Resident>());
    entries.back()->weight = weight;
    queue.push(*entries.back(), grade);
    return *entries.back();
  }
  // The grade of the entry that goes.
  int pop() {
    Resident* tail = queue.tail_but(nullptr);
    if (tail == nullptr) return -1;
    const int grade = queue.grade(*tail);
    queue.unlink(*tail);
    return grade;
  }
  void TearDown() override { queue.check_invariants(); }

  std::vector<std::unique_ptr<Resident>> entries;
  GradedQueue queue{1};
};

TEST_F(GradedQueueTest, OfOneGradeIsAQueue) {
  for (const std::uint8_t grade : {kMean, std::uint8_t{0}}) {
    std::vector<Resident*> order;
    for (int i = 0; i < 10; ++i) order.push_back(&push(grade));
    EXPECT_EQ(queue.tail_but(order[0]), order[1]);
    queue.move_to_head(*order[0], grade);
    queue.move_to_head(*order[3], grade);
    for (const int at : {1, 2, 4, 5, 6, 7, 8, 9, 0, 3}) {
      EXPECT_EQ(queue.tail_but(nullptr), order[at]);
      queue.unlink(*order[at]);
    }
    EXPECT_EQ(queue.tail_but(nullptr), nullptr);
  }
}

// With as many entries coming as going, an entry is at the tail after a time that is proportional
// to its worth.
TEST_F(GradedQueueTest, WhoIsWorthFourTimesAsMuchStaysFourTimesAsLong) {
  std::map<Resident*, int> came;
  std::map<int, std::vector<int>> stays;
  for (int now = 0; now < 60'000; ++now) {
    came[&push(now % 2 == 0 ? kMean : kMean + 1)] = now;
    if (now < 1'000) continue;
    Resident* tail = queue.tail_but(nullptr);
    stays[queue.grade(*tail)].push_back(now - came[tail]);
    queue.unlink(*tail);
  }
  const auto mean_of_late = [&](int grade) {
    const std::vector<int>& all = stays[grade];
    double sum = 0;
    for (std::size_t i = all.size() / 2; i < all.size(); ++i) sum += all[i];
    return sum / static_cast<double>(all.size() - all.size() / 2);
  };
  EXPECT_NEAR(mean_of_late(kMean + 1) / mean_of_late(kMean), 4, 0.2);
  EXPECT_NEAR(mean_of_late(kMean + 1) + mean_of_late(kMean), 2'000, 50);
}

TEST_F(GradedQueueTest, NobodyWaitsForEver) {
  for (int i = 0; i < 10; ++i) push(6);
  int waited = 0;
  for (; waited < 1'000'000; ++waited) {
    push(0);
    if (pop() == 6) break;
  }
  EXPECT_LT(waited, 10'000);
}

TEST_F(GradedQueueTest, TheTurnRemainsUntilItIsUsed) {
  for (std::uint8_t grade = 0; grade < Worth::kGrades; ++grade) {
    for (int i = 0; i < 5; ++i) push(grade);
  }
  for (int i = 0; i < 35; ++i) {
    Resident* tail = queue.tail_but(nullptr);
    for (int again = 0; again < 3; ++again) EXPECT_EQ(queue.tail_but(nullptr), tail);
    EXPECT_NE(queue.tail_but(tail), tail);
    queue.unlink(*queue.tail_but(nullptr));
  }
  EXPECT_EQ(queue.entries(), 0u);
}

TEST_F(GradedQueueTest, TheSparedOneIsNeverChosen) {
  Resident& spared = push(0);
  EXPECT_EQ(queue.tail_but(&spared), nullptr);
  for (int i = 0; i < 5; ++i) push(2);
  for (int i = 0; i < 5; ++i) {
    Resident* tail = queue.tail_but(&spared);
    ASSERT_NE(tail, nullptr);
    EXPECT_NE(tail, &spared);
    queue.unlink(*tail);
  }
  EXPECT_EQ(queue.tail_but(&spared), nullptr);
  EXPECT_EQ(queue.tail_but(nullptr), &spared);
}

TEST_F(GradedQueueTest, AReplacementIsWhereItsGradeIs) {
  Resident& first = push(3, 10);
  push(3, 10);
  Resident same;
  same.weight = 30;
  queue.replace(first, same, 3);
  EXPECT_EQ(queue.weight(), 40u);
  EXPECT_EQ(queue.tail_but(nullptr), &same);
  Resident other;
  other.weight = 5;
  queue.replace(same, other, 6);
  EXPECT_EQ(queue.weight(), 15u);
  EXPECT_EQ(queue.entries(), 2u);
  EXPECT_EQ(queue.grade(other), 6);
  EXPECT_EQ(queue_of(same), 0);
  queue.check_invariants();
  queue.unlink(other);
}

}  // namespace
}  // namespace strata::memory
