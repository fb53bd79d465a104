// R17: a process with a cache forks. The child can neither use nor harm what is its parent's, and
// can have a cache of its own; the parent does not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/mutant.h"
#include "fault/fork_rounds.h"
#include "memory/epochs.h"
#include "strata/strata.h"
#include "testkit/forked.h"
#include "testkit/sanitizer.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace {
// What the threads that a child does not have were about to free is nobody's there.
std::atomic<bool> g_leaks_are_expected{false};
}  // namespace

// NOLINTNEXTLINE: the leak sanitizer asks for it by this name.
extern "C" int __lsan_is_turned_off() { return g_leaks_are_expected ? 1 : 0; }

namespace strata {
namespace {

using ::testing::HasSubstr;
using testkit::ChildEnd;
using testkit::forked;

using testkit::kRefusal;
using testkit::refusals;

class R17Fork : public ::testing::Test {
 protected:
  testkit::TempDir folder_;
  std::optional<Cache> cache_ = make_cache("cache.db").value();
  Keyspace<std::string> users_ = cache_->keyspace<std::string>("user");

  [[nodiscard]] Result<Cache> make_cache(const std::string& name) const {
    return CacheBuilder().memory({}).sqlite({.path = folder_.file(name)}).build();
  }
  // Whether another cache can have the file.
  [[nodiscard]] bool is_free(const std::string& name) const {
    return make_cache(name).value().stats().tiers.at(1).tier.state == TierState::kOk;
  }
};

TEST_F(R17Fork, EveryCallInTheChildIsClosedAndTheParentKeepsItsFile) {
  ASSERT_TRUE(users_.put("1", "ada").ok());
  EXPECT_EQ(forked([&] { return refusals(*cache_, users_); }), kRefusal);
  EXPECT_EQ(users_.get("1").value(), "ada");
  EXPECT_FALSE(is_free("cache.db")) << "it is still the parent's";
}

TEST_F(R17Fork, TheChildMayDestroyWhatItHasOfTheCache) {
  ASSERT_TRUE(users_.put("1", "ada").ok());
  EXPECT_EQ(forked([&] {
              cache_->close();
              cache_.reset();
              return std::string("destroyed");
            }),
            "destroyed");
  EXPECT_EQ(forked([&] { return std::string("exits"); }, ChildEnd::kWithStatics), "exits");
  ASSERT_TRUE(users_.put("2", "bob").ok());
  ASSERT_TRUE(cache_->flush().ok());
  cache_.reset();
  Cache again = make_cache("cache.db").value();
  EXPECT_EQ(again.stats().tiers.at(1).tier.state, TierState::kOk);
  EXPECT_EQ(again.keyspace<std::string>("user").get("1").value_or("-"), "ada");
  EXPECT_EQ(again.keyspace<std::string>("user").get("2").value_or("-"), "bob");
}

// In a quiet process, where a child that goes on as if nothing had happened finds no lock held.
TEST_F(R17Fork, AChildThatDoesNotNoticeWouldBeFound) {
  ASSERT_TRUE(users_.put("1", "ada").ok());
  const auto answer = [&] { return users_.get("1").value_or("refused"); };
  EXPECT_EQ(forked(answer), "refused");
  const std::string found = forked([&] {
    strata::testing::set_mutant(strata::testing::Mutant::kForkUnnoticed);
    return answer();
  });
  EXPECT_EQ(found, "ada");
  testkit::Reliability("R17", "forks of a process that is busy with a cache")
      .found("fork-unnoticed", 1);
}

// The process that forks is busy everywhere: some thread is within every lock that there is.
TEST_F(R17Fork, FromABusyProcessNoChildHangsAndNothingOfTheParentIsLost) {
  testkit::ForkRounds rounds(folder_.file("busy.db"), [] { g_leaks_are_expected = true; });
  while (rounds.forks < (STRATA_SANITIZED != 0 ? 60 : 160) && !HasFailure()) rounds.fork_one();
  rounds.end();
  rounds.report();
}

TEST_F(R17Fork, AChildOfABusyProcessHasACacheOfItsOwn) {
  std::atomic<bool> is_over{false};
  std::thread busy([&] {
    for (int i = 0; !is_over; ++i) (void)users_.put(i, std::to_string(i));
  });
  for (int round = 0; round < (STRATA_SANITIZED != 0 ? 20 : 40); ++round) {
    const std::string name = "child" + std::to_string(round) + ".db";
    EXPECT_EQ(forked([&] {
                Cache own = make_cache(name).value();
                auto users = own.keyspace<std::string>("user");
                (void)users.put("1", "child");
                own.invalidate(tag("org:7"));
                const bool flushed = own.flush().ok();
                return users.get("1").value_or("-") + (flushed ? " flushed" : " not flushed");
              }),
              "child flushed");
  }
  is_over = true;
  busy.join();
  Cache childs = make_cache("child0.db").value();
  EXPECT_EQ(childs.keyspace<std::string>("user").get("1").value_or("-"), "child");
}

TEST_F(R17Fork, ALoaderThatForksReturnsInTheChildWithoutStoring) {
  std::string said;
  const auto found = users_.get_or_load("1", [&](Load&) -> std::string {
    std::fflush(nullptr);
    int ends[2];
    if (::pipe(ends) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(30);
      said = "child";
      ::close(ends[0]);
      ::dup2(ends[1], 99);
      return "of the child";
    }
    ::close(ends[1]);
    char text[64] = {};
    const ssize_t size = ::read(ends[0], text, sizeof text - 1);
    said = size > 0 ? text : "nothing";
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return "of the parent";
  });
  if (said == "child") {
    const std::string answer = found.value_or("-") + ", then " + users_.get("1").error().message;
    [[maybe_unused]] const ssize_t written = ::write(99, answer.data(), answer.size());
    ::_exit(0);
  }
  EXPECT_THAT(said, HasSubstr("of the child, then the cache belongs to"));
  EXPECT_EQ(found.value(), "of the parent");
  EXPECT_EQ(users_.get("1").value(), "of the parent");
}

// A helper process that outlives its parent, as a shell that a server started does.
TEST_F(R17Fork, AChildThatLivesOnDoesNotKeepTheFileOfAParentThatWasKilled) {
  cache_.reset();
  int alive[2];
  ASSERT_EQ(::pipe(alive), 0);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    ::alarm(30);
    Cache cache = make_cache("orphan.db").value();
    (void)cache.keyspace<std::string>("user").put("1", "ada");
    (void)cache.flush();
    if (::fork() == 0) {
      ::alarm(30);
      ::close(alive[1]);
      [[maybe_unused]] ssize_t size = ::write(ready[1], "r", 1);
      char byte = 0;
      size = ::read(alive[0], &byte, 1);  // until the test lets it go
      ::_exit(0);
    }
    ::pause();
  }
  ::close(alive[0]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(is_free("orphan.db")) << "the parent has it";
  ::kill(parent, SIGKILL);
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  Cache next = make_cache("orphan.db").value();
  EXPECT_EQ(next.stats().tiers.at(1).tier.reason, "");
  EXPECT_EQ(next.keyspace<std::string>("user").get("1").value_or("-"), "ada");
  ::close(alive[1]);
  ::close(ready[0]);
  ::close(ready[1]);
}

// What another thread was reading at the fork holds nothing up in the child, which has no such
// thread; what the forking one reads does.
TEST(R17ForkOfReaders, ReadersThatAChildDoesNotHaveAreForgotten) {
  memory::forget_readers_at_forks();
  std::atomic<bool> is_reading = false;
  std::atomic<bool> may_end = false;
  std::thread reader([&] {
    const memory::EpochGuard guard;
    is_reading = true;
    while (!may_end) std::this_thread::yield();
  });
  testkit::wait_until([&] { return is_reading.load(); });
  const auto held_up = [] {
    const memory::Epoch epoch = memory::begin_epoch();
    return std::string(epoch.bound < epoch.begun ? "held up" : "nothing is held up");
  };
  EXPECT_EQ(forked(held_up), "nothing is held up");
  {
    const memory::EpochGuard guard;
    EXPECT_EQ(forked(held_up), "held up");
  }
  EXPECT_EQ(held_up(), "held up") << "the parent still has the reader";
  may_end = true;
  reader.join();
}

}  // namespace
}  // namespace strata
