// Fault loops: every call to a tier fails in turn, and reads still work and are never stale.
#include <array>
#include <string>

#include "cache/cache_fixture.h"
#include "testkit/fault_loop.h"
#include "testkit/random.h"

namespace strata::testkit {
namespace {

class CacheFault : public CacheFixture, public testing::WithParamInterface<FaultKind> {};

TEST_P(CacheFault, ReadsWorkAndNothingStaleIsServedWhicheverCallFails) {
  fail_each_call(GetParam(), [this](const std::shared_ptr<FaultPlan>& plan) {
    faults_ = plan;
    Cache cache = make_cache(2);
    auto users = cache.keyspace<std::string>("user", {.keep_for = minutes(60)});
    int version = 0;
    const auto load = [&](Load& handle) {
      handle.tag("t");
      return "v" + std::to_string(version);
    };
    const auto expect = [&](int at_least) {
      const auto found = users.get_or_load("1", load);
      ASSERT_TRUE(found);
      EXPECT_GE(std::stoi(found->substr(1)), at_least);
      empty_memory(cache);
      const auto below = users.get("1");
      if (below) {
        EXPECT_GE(std::stoi(below->substr(1)), at_least);
      }
    };
    expect(0);
    version = 1;
    cache.invalidate(tag("t"));
    expect(1);
    version = 2;
    EXPECT_TRUE(users.put("1", "v2").ok());
    expect(2);
    version = 3;
    users.erase("1");
    expect(3);
    version = 4;
    cache.clear();
    expect(4);
    (void)users.touch("1", minutes(1));
    (void)cache.remove_expired();
    (void)cache.flush();
    const std::vector<std::string> ids{"1", "2"};
    EXPECT_EQ(users.get_many(ids).size(), 2u);
    check(cache);
  });
}

// Every fault that a tier can have, in any mixture, and memory that forgets and declines: what is
// answered is never older than the last change.
class CacheChaos : public CacheFixture {
 protected:
  void run(std::uint64_t seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    faults_ = std::make_shared<FaultPlan>(seed, clock_);
    memory_fails_ = true;
    Cache cache = make_cache(2);
    faults_->add({.call = "records", .probability = 0.2}).value();
    faults_->add({.call = "*.put", .probability = 0.3, .effect = FaultEffect::kLostAnswer}).value();
    faults_->add({.call = "*.fill", .probability = 0.3, .effect = FaultEffect::kLostAnswer})
        .value();
    faults_->add({.call = "deep", .probability = 0.2}).value();
    faults_
        ->add({.call = "deep", .probability = 0.1, .effect = FaultEffect::kDelay, .by = seconds(2)})
        .value();
    faults_->add({.call = "hot", .probability = 0.2}).value();
    auto users = cache.keyspace<std::string>("user", {.ttl = minutes(1), .keep_for = minutes(60)});
    std::array<int, 4> versions{};
    for (int step = 0; step < 400; ++step) {
      const auto at = random.below(versions.size());
      const std::string id = std::to_string(at);
      const auto load = [&](Load& handle) {
        handle.tag("t" + id);
        return std::to_string(versions[at]);
      };
      switch (random.below(6)) {
        case 0:
          ++versions[at];
          EXPECT_TRUE(cache.invalidate(tag("t" + id)).ok());
          break;
        case 1:
          ++versions[at];
          (void)users.put(id, std::to_string(versions[at]), {.labels = {tag("t" + id)}});
          break;
        case 2:
          clock_->advance(seconds(static_cast<int>(random.below(30))));
          break;
        case 3:
          empty_memory(cache);
          break;
        default:
          break;
      }
      const auto found = users.get_or_load(id, load);
      ASSERT_TRUE(found) << "the source answers";
      ASSERT_EQ(*found, std::to_string(versions[at])) << "step " << step;
    }
    check(cache);
    EXPECT_GT(faults_->faults("records"), 20u);
    EXPECT_GT(faults_->faults("hot"), 20u);
  }
};

TEST_F(CacheChaos, NoMixtureOfFaultsMakesAnAnswerStale) {
  for (std::uint64_t seed = 1; seed <= 30 && !HasFailure(); ++seed) run(seed);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CacheFault,
                         testing::Values(FaultKind::kOnce, FaultKind::kFromThenOn));

}  // namespace
}  // namespace strata::testkit
