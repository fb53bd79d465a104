// Reading through the cache from a source: parameters, versions, absence, the source's own ttl.
#include <future>
#include <string>
#include <vector>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

// A source that answers what the test says and records what it was asked.
class TestSource final : public Source {
 public:
  std::string_view name() const override { return "census"; }
  const std::vector<SourceParameter>& parameters() const override { return parameters_; }
  Result<SourceReply> fetch(const SourceRequest& request) override {
    asked.push_back(request);
    if (failure) return *failure;
    return reply;
  }
  void close() override { closed = true; }

  SourceReply reply{.body = "body"};
  std::optional<Error> failure;
  std::vector<SourceRequest> asked;
  bool closed = false;

 private:
  std::vector<SourceParameter> parameters_{
      {.name = "dataset", .required = true},
      {.name = "year", .required = false, .default_value = "2022"}};
};

class SourceTest : public CacheFixture {
 protected:
  SourceTest() : cache_(make_cache()), source_(std::make_shared<TestSource>()) {
    const SourceOptions options{.keyspace = {.ttl = minutes(5),
                                             .ttl_jitter = 0,
                                             .keep_for = minutes(60),
                                             .negative_ttl = seconds(30)},
                                .tags = {"set:{dataset}", "year:{year}"}};
    EXPECT_TRUE(cache_.add_source(source_, options).ok());
  }
  Lookup<std::string> read(const std::string& dataset) {
    return cache_.read("census", {{"dataset", dataset}});
  }

  Cache cache_;
  std::shared_ptr<TestSource> source_;
};

TEST_F(SourceTest, TheSourceIsAskedOnceAndDefaultsAreFilledIn) {
  EXPECT_EQ(read("acs5").value(), "body");
  EXPECT_EQ(read("acs5").outcome(), Outcome::kHit);
  EXPECT_EQ(cache_.read("census", {{"year", "2022"}, {"dataset", "acs5"}}).outcome(), Outcome::kHit)
      << "saying a default, in any order, is the same question";
  EXPECT_EQ(cache_.read("census", {{"year", "2021"}, {"dataset", "acs5"}}).outcome(),
            Outcome::kLoaded);
  ASSERT_EQ(source_->asked.size(), 2u);
  EXPECT_EQ(source_->asked[0].params, (Params{{"dataset", "acs5"}, {"year", "2022"}}));
  EXPECT_EQ(cache_.source_key("census", {{"dataset", "acs5"}}).value().text(),
            "1:census:::dataset=acs5&year=2022");
}

TEST_F(SourceTest, ItsLabelAndItsTagsInvalidate) {
  EXPECT_TRUE(read("a"));
  EXPECT_TRUE(read("b"));
  cache_.invalidate(tag("set:a"));
  EXPECT_EQ(read("b").outcome(), Outcome::kHit);
  EXPECT_EQ(read("a").outcome(), Outcome::kLoaded);
  cache_.invalidate(source("census"));
  EXPECT_EQ(read("a").outcome(), Outcome::kLoaded);
  EXPECT_EQ(read("b").outcome(), Outcome::kLoaded);
  cache_.invalidate(tag("year:2022"));
  EXPECT_EQ(read("b").outcome(), Outcome::kLoaded);
}

TEST_F(SourceTest, AKnownVersionIsAskedForAndKeptWhenUnmodified) {
  source_->reply.version = "\"v1\"";
  source_->reply.last_modified = WallTime{1000};
  EXPECT_TRUE(read("a"));
  clock_->advance(minutes(6));
  source_->reply = {.status = SourceReply::Status::kNotModified};
  const auto renewed = read("a");
  EXPECT_EQ(renewed.outcome(), Outcome::kRefreshed);
  EXPECT_EQ(*renewed, "body");
  EXPECT_EQ(source_->asked.back().known_version, "\"v1\"");
  EXPECT_EQ(source_->asked.back().known_last_modified, WallTime{1000});
  clock_->advance(minutes(6));
  EXPECT_TRUE(read("a"));
  EXPECT_EQ(source_->asked.back().known_version, "\"v1\"") << "kept through the renewal";
}

TEST_F(SourceTest, AbsenceIsRememberedByItsTtl) {
  source_->reply = {.status = SourceReply::Status::kAbsent};
  EXPECT_TRUE(read("a").absent());
  EXPECT_EQ(read("a").outcome(), Outcome::kNegativeHit);
  cache_.invalidate(tag("set:a"));
  EXPECT_EQ(read("a").outcome(), Outcome::kLoaded) << "tags hold for absence too";
}

TEST_F(SourceTest, TheSourcesTtlShortensAndNeverLengthens) {
  source_->reply.ttl = seconds(10);
  EXPECT_EQ(between(clock_->now(), read("a").entry()->fresh_until()), Duration(seconds(10)));
  source_->reply.ttl = minutes(100);
  EXPECT_EQ(between(clock_->now(), read("b").entry()->fresh_until()), Duration(minutes(5)));
  source_->reply.ttl = Duration(0);
  EXPECT_TRUE(read("c"));
  EXPECT_EQ(read("c").outcome(), Outcome::kLoaded) << "not to be stored";
}

TEST_F(SourceTest, AFailingSourceLeavesTheKeptValue) {
  EXPECT_TRUE(read("a"));
  clock_->advance(minutes(6));
  source_->failure = Error{ErrorCode::kUnavailable, "connection refused", {}};
  const auto kept = read("a");
  EXPECT_EQ(kept.outcome(), Outcome::kStaleHit);
  EXPECT_EQ(*kept, "body");
  EXPECT_EQ(read("b").error().message, "connection refused");
}

TEST_F(SourceTest, UnknownSourcesAndParametersAreErrorsThatListWhatThereIs) {
  const auto unknown = cache_.read("censsus", {});
  EXPECT_EQ(unknown.error().code, ErrorCode::kRejected);
  EXPECT_NE(unknown.error().message.find("census"), std::string::npos);
  EXPECT_EQ(cache_.read("census", {}).error().code, ErrorCode::kRejected) << "dataset is required";
  EXPECT_EQ(cache_.read("census", {{"dataset", "a"}, {"yaer", "1"}}).error().code,
            ErrorCode::kRejected);
  EXPECT_TRUE(source_->asked.empty());
  EXPECT_FALSE(cache_.add_source(source_).ok()) << "its name is taken";
  Cache other = make_cache(0);
  EXPECT_FALSE(other.add_source(source_, {.tags = {"{country}"}}).ok());
  EXPECT_FALSE(other.add_source(source_, {.tags = {"{dataset"}}).ok());
  EXPECT_EQ(other.sources().size(), 0u);
}

TEST_F(SourceTest, ClosingTheCacheClosesItsSources) {
  EXPECT_EQ(cache_.sources().size(), 1u);
  cache_.close();
  EXPECT_TRUE(source_->closed);
  EXPECT_EQ(read("a").error().code, ErrorCode::kClosed);
}

TEST_F(SourceTest, AnAsynchronousReadIsAsAnyOther) {
  auto first = cache_.read_async("census", {{"dataset", "acs5"}}).future();
  auto joined = cache_.read_async("census", {{"dataset", "acs5"}}).future();
  executor_->run_all();
  EXPECT_EQ(first.get().value(), "body");
  EXPECT_EQ(joined.get().value(), "body");
  EXPECT_EQ(source_->asked.size(), 1u);
  EXPECT_EQ(cache_.read_async("census", {{"dataset", "acs5"}}).future().get().outcome(),
            Outcome::kHit)
      << "at once";
  EXPECT_EQ(cache_.read_async("nobody", {}).future().get().error().code, ErrorCode::kRejected);
  EXPECT_EQ(cache_.read_async("census", {}).future().get().error().code, ErrorCode::kRejected);
}

// A read that waited on the executor's only thread for a load behind it would wait for ever.
TEST_F(SourceTest, AsynchronousReadsNeedOneThread) {
  CacheParts parts;
  parts.hot = memory_tier({}, clock_, seeded_random(1));
  parts.clock = system_clock();
  parts.executor = thread_pool({.threads = 1});
  Cache cache(std::move(parts));
  EXPECT_TRUE(cache.add_source(source_, {.keyspace = {.soft_timeout = minutes(1)}}).ok());
  std::vector<std::future<Lookup<std::string>>> reads;
  for (int i = 0; i < 8; ++i) {
    reads.push_back(cache.read_async("census", {{"dataset", "d" + std::to_string(i)}}).future());
  }
  for (auto& read : reads) EXPECT_EQ(read.get().value(), "body");
}

TEST_F(SourceTest, ASourceIsSwitchedOffByItsName) {
  EXPECT_TRUE(cache_.set_enabled("census", false).ok());
  for (std::size_t i = 1; i <= 2; ++i) {
    EXPECT_TRUE(read("acs5").disabled());
    EXPECT_EQ(source_->asked.size(), i);
  }
  EXPECT_TRUE(cache_.set_enabled("census", true).ok());
  EXPECT_FALSE(read("acs5").disabled());
  EXPECT_EQ(read("acs5").outcome(), Outcome::kHit);
}

TEST_F(SourceTest, ReadsRefreshAhead) {
  auto cache = make_cache();
  const SourceOptions options{
      .keyspace = {.ttl = seconds(100), .ttl_jitter = 0, .refresh_ahead = 0.5}};
  ASSERT_TRUE(cache.add_source(source_, options).ok());
  const auto body = [&] { return cache.read("census", {{"dataset", "acs5"}}).value(); };
  EXPECT_EQ(body(), "body");
  source_->reply.body = "new";
  clock_->advance(seconds(63));
  EXPECT_EQ(body(), "body");
  executor_->run_all();
  EXPECT_EQ(body(), "new");
  EXPECT_EQ(source_->asked.size(), 2u);
}

}  // namespace
}  // namespace strata::testkit
