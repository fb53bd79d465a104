// Two tiers on one file, and each allocation of a call of the one failing: the other goes on.
#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <string>

#include "testkit/failing_allocations.h"
#include "testkit/shared_bed.h"

namespace strata::sqlite {
namespace {

class SharedOutOfMemory : public ::testing::Test, protected SharedBed {
 protected:
  // What throws leaves nothing open, in which the other would find the file locked.
  void expect_open_for_the_other(const std::function<void(const Record&)>& call) {
    const long failed = testkit::fail_each_allocation([&](testkit::FailingAllocations& failing) {
      // Labels of which no process knows yet.
      const std::string name = "k" + std::to_string(++count_);
      const Record record = bed.record(name, "value", {tag(name), tag("t")});
      catch_up();  // so that their threads have nothing to do
      failing.begin();
      try {
        call(record);
      } catch (const std::bad_alloc&) {
        ++thrown_;
      }
      failing.end();
      const auto filled = b->fill(bed.record("of b", "value"), b->position(), {});
      EXPECT_TRUE(filled.ok()) << filled.error().message;
    });
    EXPECT_GT(failed, 0);
  }
  int count_ = 0;
  int thrown_ = 0;
};

TEST_F(SharedOutOfMemory, AChangeLeavesTheFileOpen) {
  expect_open_for_the_other(
      [&](const Record& record) { static_cast<void>(a->fill(record, a->position(), {})); });
  EXPECT_GT(thrown_, 0);
  expect_open_for_the_other([&](const Record& record) {
    static_cast<void>(a->put(key_of(record.key_text), &record, a->position(), {}));
  });
}

TEST_F(SharedOutOfMemory, AnInvalidationIsNotLost) {
  bed.fill(*a, "k", "old", {tag("t")});
  long calls = 0;
  expect_open_for_the_other([&](const Record& record) {
    a->invalidate(record.labels);
    ++calls;
  });
  EXPECT_GT(calls, 1) << "nothing is thrown";
  EXPECT_EQ(value_of(*b, "k"), "-");
}

TEST_F(SharedOutOfMemory, AReadLeavesItsConnectionAsItWas) {
  bed.fill(*a, "k", "value", {tag("u")});
  expect_open_for_the_other([&](const Record&) { static_cast<void>(a->get(key_of("k"), {})); });
  EXPECT_GT(thrown_, 0);
  EXPECT_EQ(value_of(*a, "k"), "value");
}

}  // namespace
}  // namespace strata::sqlite
