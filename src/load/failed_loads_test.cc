// What is remembered of failed loads, for how long, and what bounds it.
#include "load/failed_loads.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "strata/core/limits.h"

namespace strata {
namespace {

using std::chrono::milliseconds;

constexpr BackoffTimes kTimes{milliseconds(100), milliseconds(350)};

KeyRef key_of(const std::string& text) { return {text, key_hash(text), {}}; }
Instant at(int ms) { return {milliseconds(ms)}; }

LoadFailure failure(const std::string& message) {
  return {std::make_shared<const Error>(Error{ErrorCode::kLoadFailed, message, {}}), {}, {}, 0};
}

std::string found(const FailedLoads& failed, const std::string& key, Instant now) {
  const auto found = failed.find(key_of(key), now);
  return found ? found->failure->error->message : "nothing";
}

TEST(FailedLoads, AFailureIsFoundUntilItsTimeEnds) {
  FailedLoads failed;
  EXPECT_EQ(found(failed, "a", at(0)), "nothing");
  failed.remember(key_of("a"), failure("down"), kTimes, at(0));
  EXPECT_EQ(found(failed, "a", at(99)), "down");
  EXPECT_EQ(failed.find(key_of("a"), at(60))->left, Duration(milliseconds(40)));
  EXPECT_EQ(found(failed, "a", at(100)), "nothing");
  EXPECT_EQ(found(failed, "b", at(0)), "nothing");
}

TEST(FailedLoads, EachFurtherFailureWaitsTwiceAsLongUpToTheLongest) {
  FailedLoads failed;
  int now = 0;
  for (const int waits : {100, 200, 350, 350}) {
    failed.remember(key_of("a"), failure("down"), kTimes, at(now));
    EXPECT_EQ(failed.find(key_of("a"), at(now))->left, Duration(milliseconds(waits)));
    now += 1000;
  }
  failed.forget(key_of("a"));
  failed.remember(key_of("a"), failure("down"), kTimes, at(now));
  EXPECT_EQ(failed.find(key_of("a"), at(now))->left, kTimes.first) << "a success lies between";
}

TEST(FailedLoads, TheFirstTimeIsKeptToThoughTheLongestIsShorter) {
  FailedLoads failed;
  const BackoffTimes times{milliseconds(100), Duration(0)};
  for (const int now : {0, 1000}) {
    failed.remember(key_of("a"), failure("down"), times, at(now));
    EXPECT_EQ(failed.find(key_of("a"), at(now))->left, times.first);
  }
}

TEST(FailedLoads, WaitingForEverDoesNotOverflow) {
  FailedLoads failed;
  for (int i = 0; i < 100; ++i) {
    failed.remember(key_of("a"), failure("down"), {milliseconds(1), kForever}, at(i));
  }
  EXPECT_EQ(failed.find(key_of("a"), {Duration(kForever.count() - 1)})->left, kForever);
}

TEST(FailedLoads, WhatIsForgottenIsNotFound) {
  FailedLoads failed;
  failed.forget(key_of("a"));
  failed.remember(key_of("a"), failure("down"), kTimes, at(0));
  failed.forget(key_of("b"));
  EXPECT_EQ(found(failed, "a", at(0)), "down");
  failed.forget(key_of("a"));
  failed.forget(key_of("a"));
  EXPECT_EQ(found(failed, "a", at(0)), "nothing");
  failed.remember(key_of("a"), failure("again"), kTimes, at(0));
  EXPECT_EQ(found(failed, "a", at(0)), "again");
}

TEST(FailedLoads, KeysThatShareAPlaceAreToldApart) {
  FailedLoads failed;
  const KeyRef one{"one", 7, {}};
  const KeyRef other{"other", 7 + limits::kFailedLoads, {}};
  const KeyRef same_hash{"same", 7, {}};
  const KeyRef long_params{"one", 7, "a=1"};
  failed.remember(one, failure("down"), kTimes, at(0));
  EXPECT_FALSE(failed.find(other, at(0)));
  EXPECT_FALSE(failed.find(same_hash, at(0)));
  EXPECT_FALSE(failed.find(long_params, at(0)));
  failed.forget(same_hash);
  EXPECT_TRUE(failed.find(one, at(0)));
  failed.remember(other, failure("down"), kTimes, at(0));
  EXPECT_FALSE(failed.find(one, at(0))) << "the newer one has the place";
  EXPECT_EQ(failed.find(other, at(0))->left, kTimes.first) << "it is the other's first failure";
}

TEST(FailedLoads, ThreadsMayRememberFindAndForgetTheSameKeys) {
  FailedLoads failed;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&failed, t] {
      for (int i = 0; i < 2'000; ++i) {
        const std::string key = std::to_string(i % 3);
        if (t < 2) failed.remember(key_of(key), failure(key), kTimes, at(i));
        if (t == 2) failed.forget(key_of(key));
        const std::string message = found(failed, key, at(i));
        EXPECT_TRUE(message == key || message == "nothing") << message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const char* key : {"0", "1", "2"}) failed.forget(key_of(key));
  for (const char* key : {"0", "1", "2"}) EXPECT_EQ(found(failed, key, at(0)), "nothing");
}

}  // namespace
}  // namespace strata
