// Forks a process that is busy with a cache, over and over: the child can use nothing of it and
// harms nothing, and the parent does not notice.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "strata/strata.h"
#include "testkit/forked.h"
#include "testkit/reliability.h"

namespace strata::testkit {

inline constexpr const char* kRefusal =
    "the cache belongs to the process that this one was forked from: open one of its own";

// The code of each call's error, in the child.
inline std::string refusals(Cache& cache, Keyspace<std::string>& users) {
  std::string said;
  const auto note = [&](const char* call, bool refused) {
    if (!refused) said += std::string(call) + " works. ";
  };
  const auto load = [](Load&) { return std::string("loaded"); };
  const auto is_closed = [](const auto& found) {
    return found.has_error() && found.error().code == ErrorCode::kClosed;
  };
  const std::vector<std::string> ids{"1", "2"};
  note("get", is_closed(users.get("1")));
  note("get_or_load", is_closed(users.get_or_load("1", load)));
  note("get_many", is_closed(users.get_many(ids).at(0)));
  note("put", !users.put("1", "bob").ok());
  note("invalidate", !cache.invalidate(tag("org:7")).ok());
  note("expire", !cache.expire(tag("org:7")).ok());
  note("clear", !cache.clear().ok());
  note("flush", !cache.flush().ok());
  note("hottest", !cache.hottest(1).ok());
  note("curve", !cache.curve().ok());
  note("remove_expired", cache.remove_expired() == 0);
  note("a load behind", is_closed(users.get_or_load_async("1", load).future().get()));
  (void)cache.stats();
  return said + users.get("1").error().message;
}

class ForkRounds {
 public:
  // `in_child` runs first in every child.
  ForkRounds(std::string path, std::function<void()> in_child)
      : path_(std::move(path)), in_child_(std::move(in_child)), cache_(open()) {
    for (int thread = 0; thread < 3; ++thread)
      threads_.emplace_back([this, thread] { work(thread); });
  }
  ~ForkRounds() { stop(); }
  ForkRounds(const ForkRounds&) = delete;
  ForkRounds& operator=(const ForkRounds&) = delete;

  void fork_one() {
    const ChildEnd end = forks % 2 == 0 ? ChildEnd::kAtOnce : ChildEnd::kWithStatics;
    const std::string said = forked(
        [&] {
          in_child_();
          if (forks % 3 != 0) return refusals(*cache_, users_);
          cache_.reset();
          return std::string(kRefusal);
        },
        end);
    EXPECT_EQ(said, kRefusal) << "fork " << forks;
    ++forks;
  }

  // The parent goes on, closes its cache, and finds everything again.
  void end() {
    stop();
    EXPECT_TRUE(users_.put("last", "one").ok());
    EXPECT_TRUE(cache_->flush().ok());
    cache_.reset();
    Cache again = open();
    EXPECT_EQ(again.stats().tiers.at(1).tier.state, TierState::kOk);
    EXPECT_EQ(again.keyspace<std::string>("user").get("last").value_or("-"), "one");
  }

  void report() const {
    Reliability report("R17", "forks of a process that is busy with a cache");
    report.count("forks", forks).count("calls meanwhile", calls_);
    report.violations("wrong answers in the parent", wrong_);
  }

  std::uint64_t forks = 0;

 private:
  [[nodiscard]] Cache open() const {
    return CacheBuilder().memory({}).sqlite({.path = path_}).build().value();
  }
  void stop() {
    is_over_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  void work(int thread) {
    for (int i = 0; !is_over_; ++i) {
      const std::string id = std::to_string(thread) + "-" + std::to_string(i % 50);
      const std::string value = std::to_string(i);
      if (!users_.put(id, value, {.labels = {tag("t")}}).ok()) ++wrong_;
      // The first thread invalidates what the others put; they may find nothing, or their own.
      const std::string found = users_.get(id).value_or("-");
      if (found != value && found != "-") ++wrong_;
      if (thread == 0 && i % 20 == 0) cache_->invalidate(tag("t"));
      (void)users_.get_or_load("cold" + value, [](Load&) { return std::string("cold"); });
      ++calls_;
    }
  }

  const std::string path_;
  const std::function<void()> in_child_;
  std::optional<Cache> cache_;
  Keyspace<std::string> users_ = cache_->keyspace<std::string>("user");
  std::atomic<bool> is_over_{false};
  std::atomic<std::uint64_t> wrong_{0};
  std::atomic<std::uint64_t> calls_{0};
  std::vector<std::thread> threads_;
};

}  // namespace strata::testkit
