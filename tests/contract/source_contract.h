// The contract of Source: what every source promises, whatever is behind it.
//
// A source under test comes with a SourceWorld, which owns the origin behind it and can make
// values appear there, change, fail or hang. Three suites ask for more and more:
//
//   SourceContract                every source
//   InterruptibleSourceContract   those that end a running fetch at its deadline and at close()
//   VersionedSourceContract       those that answer kNotModified
//
//   INSTANTIATE_TEST_SUITE_P(Http, SourceContract, testing::Values(http_world), world_name);
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "strata/ports/clock.h"
#include "strata/ports/source.h"
#include "strata/testing/manual_clock.h"

namespace strata::testkit {

class SourceWorld {
 public:
  virtual ~SourceWorld() = default;

  // A source named "contract", whose parameters are `id`, required, and `language`, by default
  // "en". One at a time; the world outlives it.
  [[nodiscard]] virtual std::shared_ptr<Source> make_source(std::shared_ptr<Clock> clock) = 0;

  // What the origin holds from now on under (id, language).
  virtual void set(const std::string& id, const std::string& language, const std::string& text) = 0;
  virtual void remove(const std::string& id, const std::string& language) = 0;
  // The body by which the source brings `text`.
  [[nodiscard]] virtual std::string body_of(const std::string& text) const { return text; }

  // Whether every fetch fails from now on.
  virtual void set_broken(bool is_broken) = 0;
  // From now on no fetch comes to its end by itself.
  virtual void hang() = 0;
  // Waits until a fetch hangs.
  virtual void wait_until_hanging() = 0;
};

using MakeSourceWorld = std::unique_ptr<SourceWorld> (*)();

class SourceContract : public testing::TestWithParam<MakeSourceWorld> {
 protected:
  static Result<SourceReply> fetch(Source& source, Params params, Deadline deadline = {}) {
    SourceRequest request;
    request.params = std::move(params);
    request.deadline = deadline;
    return source.fetch(request);
  }

  static void expect_found(const Result<SourceReply>& reply, const std::string& body) {
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(reply->status, SourceReply::Status::kFound);
    EXPECT_EQ(reply->body, body);
  }

  static void expect_absent(const Result<SourceReply>& reply) {
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(reply->status, SourceReply::Status::kAbsent);
    EXPECT_EQ(reply->body, "");
  }

  // `parts`: what the message must mention, the source's name aside.
  static void expect_error(const Result<SourceReply>& reply, ErrorCode code,
                           const std::vector<std::string>& parts = {}) {
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, code) << reply.error().message;
    EXPECT_NE(reply.error().message.find("\"contract\""), std::string::npos)
        << reply.error().message;
    for (const std::string& part : parts) {
      EXPECT_NE(reply.error().message.find(part), std::string::npos) << reply.error().message;
    }
  }

  const std::unique_ptr<SourceWorld> world_ = GetParam()();
  const std::shared_ptr<Source> source_ = world_->make_source(system_clock());
};

TEST_P(SourceContract, TellsItsNameAndItsParameters) {
  EXPECT_EQ(source_->name(), "contract");
  std::vector<std::string> described;
  for (const SourceParameter& parameter : source_->parameters()) {
    described.push_back(parameter.name +
                        (parameter.required ? "!" : "=" + parameter.default_value));
  }
  std::sort(described.begin(), described.end());
  EXPECT_EQ(described, (std::vector<std::string>{"id!", "language=en"}));
}

TEST_P(SourceContract, BringsTheValue) {
  world_->set("1", "en", "one");
  expect_found(fetch(*source_, {{"id", "1"}, {"language", "en"}}), world_->body_of("one"));
}

TEST_P(SourceContract, WhatDoesNotExistIsAbsentAndNoError) {
  world_->set("1", "en", "one");
  expect_absent(fetch(*source_, {{"id", "2"}}));
  world_->remove("1", "en");
  expect_absent(fetch(*source_, {{"id", "1"}}));
}

TEST_P(SourceContract, AnEmptyValueIsAValue) {
  world_->set("1", "en", "");
  expect_found(fetch(*source_, {{"id", "1"}}), world_->body_of(""));
}

TEST_P(SourceContract, RemembersNothing) {
  world_->set("1", "en", "old");
  expect_found(fetch(*source_, {{"id", "1"}}), world_->body_of("old"));
  world_->set("1", "en", "new");
  expect_found(fetch(*source_, {{"id", "1"}}), world_->body_of("new"));
}

TEST_P(SourceContract, OptionalParametersHaveTheirDefault) {
  world_->set("1", "en", "one");
  world_->set("1", "de", "eins");
  expect_found(fetch(*source_, {{"id", "1"}}), world_->body_of("one"));
  expect_found(fetch(*source_, {{"id", "1"}, {"language", "de"}}), world_->body_of("eins"));
}

TEST_P(SourceContract, TheOrderOfParametersDoesNotMatter) {
  world_->set("1", "de", "eins");
  expect_found(fetch(*source_, {{"language", "de"}, {"id", "1"}}), world_->body_of("eins"));
}

TEST_P(SourceContract, UnknownParametersAreRejectedByName) {
  expect_error(fetch(*source_, {{"id", "1"}, {"colour", "red"}}), ErrorCode::kRejected,
               {"colour", "id", "language"});
}

TEST_P(SourceContract, MissingParametersAreRejectedByName) {
  expect_error(fetch(*source_, {{"language", "de"}}), ErrorCode::kRejected, {"id"});
}

TEST_P(SourceContract, RepeatedParametersAreRejectedByName) {
  expect_error(fetch(*source_, {{"id", "1"}, {"id", "2"}}), ErrorCode::kRejected, {"id"});
}

// Values that mean something to SQL, URLs, patterns or shells. A source may refuse one, but it
// never brings another value than the one that was asked for.
TEST_P(SourceContract, ValuesMeanNothingButThemselves) {
  const std::vector<std::string> ids{"'",
                                     "''",
                                     "\"",
                                     "1' OR '1'='1",
                                     "1; DROP TABLE value",
                                     "1 --",
                                     "%",
                                     "%25",
                                     "_",
                                     "*",
                                     "a/b",
                                     "a?b",
                                     "a&language=de",
                                     "a=b",
                                     "a#b",
                                     "a b",
                                     "a+b",
                                     "{id}",
                                     ":id",
                                     "..",
                                     ".",
                                     "../1",
                                     "a\\b",
                                     "\xC3\xA9\xE2\x82\xAC",
                                     "a\nb",
                                     "a\r\nX: y",
                                     std::string("a\0b", 3),
                                     "\xFF\xFE",
                                     "NULL",
                                     "0",
                                     "1e0",
                                     " 1",
                                     "1 "};
  world_->set("1", "en", "one");
  world_->set("a", "de", "other");
  for (const std::string& id : ids) {
    SCOPED_TRACE(testing::PrintToString(id));
    const Result<SourceReply> before = fetch(*source_, {{"id", id}});
    if (!before.ok()) {
      expect_error(before, ErrorCode::kRejected, {"id"});
      continue;
    }
    expect_absent(before);
    world_->set(id, "en", "value of " + std::to_string(id.size()));
    expect_found(fetch(*source_, {{"id", id}}),
                 world_->body_of("value of " + std::to_string(id.size())));
    world_->remove(id, "en");
  }
  expect_found(fetch(*source_, {{"id", "1"}}), world_->body_of("one"));
}

TEST_P(SourceContract, AFailingOriginIsAnErrorAndNotAbsence) {
  world_->set("1", "en", "one");
  world_->set_broken(true);
  for (const char* id : {"1", "2"}) {
    const Result<SourceReply> reply = fetch(*source_, {{"id", id}});
    ASSERT_FALSE(reply.ok());
    EXPECT_TRUE(reply.error().code == ErrorCode::kLoadFailed ||
                reply.error().code == ErrorCode::kUnavailable)
        << reply.error().message;
  }
  world_->set_broken(false);
  expect_found(fetch(*source_, {{"id", "1"}}), world_->body_of("one"));
}

TEST_P(SourceContract, APassedDeadlineIsNotEvenTried) {
  world_->set("1", "en", "one");
  const auto clock = std::make_shared<ManualClock>();
  const std::shared_ptr<Source> source = world_->make_source(clock);
  expect_error(fetch(*source, {{"id", "1"}}, {clock->now()}), ErrorCode::kDeadlineExceeded);
  expect_found(fetch(*source, {{"id", "1"}}, {saturating_add(clock->now(), std::chrono::hours(1))}),
               world_->body_of("one"));
}

TEST_P(SourceContract, AVersionThatIsUnknownBringsTheValue) {
  world_->set("1", "en", "one");
  for (const std::string version : {"\"nonsense\"", "nonsense", "a\r\nb", ""}) {
    SourceRequest request;
    request.params = {{"id", "1"}};
    request.known_version = version;
    expect_found(source_->fetch(request), world_->body_of("one"));
  }
}

TEST_P(SourceContract, AfterCloseEveryFetchIsRefused) {
  world_->set("1", "en", "one");
  expect_found(fetch(*source_, {{"id", "1"}}), world_->body_of("one"));
  source_->close();
  source_->close();
  expect_error(fetch(*source_, {{"id", "1"}}), ErrorCode::kClosed);
}

TEST_P(SourceContract, ManyThreadsGetEachTheirOwnAnswer) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 25;
  for (int id = 0; id < kThreads; ++id) {
    world_->set(std::to_string(id), "en", "text " + std::to_string(id));
  }
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        const std::string id = std::to_string((thread + round) % kThreads);
        const Result<SourceReply> reply = fetch(*source_, {{"id", id}});
        if (reply.ok() && reply->body == world_->body_of("text " + id)) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * kRounds);
}

TEST_P(SourceContract, CloseMayComeAtAnyTime) {
  world_->set("1", "en", "one");
  std::atomic<int> fetched{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      while (true) {
        const Result<SourceReply> reply = fetch(*source_, {{"id", "1"}});
        if (!reply.ok()) {
          if (reply.error().code != ErrorCode::kClosed) ++wrong;
          return;
        }
        if (reply->body != world_->body_of("one")) ++wrong;
        ++fetched;
      }
    });
  }
  while (fetched < 20) std::this_thread::yield();
  source_->close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

class InterruptibleSourceContract : public SourceContract {};

TEST_P(InterruptibleSourceContract, AHangingOriginIsLeftAtTheDeadline) {
  world_->set("1", "en", "one");
  world_->hang();
  const Deadline soon{saturating_add(system_clock()->now(), std::chrono::milliseconds(50))};
  expect_error(fetch(*source_, {{"id", "1"}}, soon), ErrorCode::kDeadlineExceeded);
  EXPECT_GE(system_clock()->now(), soon.at);
}

TEST_P(InterruptibleSourceContract, CloseEndsAHangingFetch) {
  world_->set("1", "en", "one");
  world_->hang();
  Result<SourceReply> reply = SourceReply{};
  std::thread fetching([&] { reply = fetch(*source_, {{"id", "1"}}); });
  world_->wait_until_hanging();
  source_->close();
  fetching.join();
  expect_error(reply, ErrorCode::kClosed);
}

class VersionedSourceContract : public SourceContract {};

TEST_P(VersionedSourceContract, AKnownVersionIsNotSentAgain) {
  world_->set("1", "en", "old");
  SourceRequest request;
  request.params = {{"id", "1"}};
  const Result<SourceReply> first = source_->fetch(request);
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_NE(first->version, "");

  request.known_version = first->version;
  const Result<SourceReply> second = source_->fetch(request);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->status, SourceReply::Status::kNotModified);
  EXPECT_EQ(second->version, first->version);
  EXPECT_EQ(second->body, "");

  world_->set("1", "en", "new");
  const Result<SourceReply> third = source_->fetch(request);
  expect_found(third, world_->body_of("new"));
  EXPECT_NE(third->version, first->version);
}

TEST_P(VersionedSourceContract, WhatWasRemovedIsAbsentAndNotUnmodified) {
  world_->set("1", "en", "one");
  SourceRequest request;
  request.params = {{"id", "1"}};
  request.known_version = source_->fetch(request).value().version;
  world_->remove("1", "en");
  expect_absent(source_->fetch(request));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SourceContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(InterruptibleSourceContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VersionedSourceContract);

}  // namespace strata::testkit
