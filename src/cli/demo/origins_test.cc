// Tests of the demo's origins: what they answer is what the history says they have.
#include "cli/demo/origins.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "cli/demo/package.h"
#include "cli/demo/sample_catalogue.h"
#include "cli/workload/scratch_folder.h"
#include "strata/ports/thread.h"
#include "strata/sources/sqlite_query_source.h"

namespace strata::demo {
namespace {

class OriginsTest : public ::testing::Test {
 protected:
  ObjectId id(ObjectKind kind, std::string_view name) const {
    return origins_->objects().find(kind, name).value();
  }

  const Catalogue catalogue_ = sample_catalogue();
  const std::unique_ptr<workload::ScratchFolder> folder_ =
      workload::ScratchFolder::create("demo").value();
  const std::unique_ptr<Origins> origins_ =
      Origins::create(catalogue_, folder_->file("places.db"), system_clock()).value();
};

TEST_F(OriginsTest, APackageAndItsSectionAreAnsweredInTheirVersion) {
  PackageOrigin origin(origins_->objects(), origins_->history(), system_clock());
  const ObjectId bash = id(ObjectKind::kPackage, "bash");
  ASSERT_TRUE(origins_->change(bash).ok());
  ASSERT_TRUE(origins_->change(bash).ok());

  const HttpResponse package = origin.answer({.path = "/packages/bash"});
  EXPECT_EQ(package.status, 200);
  EXPECT_EQ(package.etag, "\"3\"");
  EXPECT_EQ(stamp_of(package.body, "name").version, 3u);
  const HttpResponse section = origin.answer({.path = "/sections/shells"});
  EXPECT_EQ(section.body, R"({"section":"shells","version":3,"packages":["bash","zsh"]})");
  EXPECT_EQ(stamp_of(origin.answer({.path = "/packages/zsh"}).body, "name").version, 1u);
  EXPECT_EQ(stamp_of(origin.answer({.path = "/sections/devel"}).body, "section").version, 1u);
}

TEST_F(OriginsTest, WhatIsNotThereIs404) {
  PackageOrigin origin(origins_->objects(), origins_->history(), system_clock());
  for (const char* path : {"/", "/packages/", "/packages/none", "/packages/shells",
                           "/sections/bash", "/places/Europe%2FParis"}) {
    EXPECT_EQ(origin.answer({.path = path}).status, 404) << path;
  }
}

TEST_F(OriginsTest, CallsAreCountedByObjectAndCanBeWaitedFor) {
  PackageOrigin origin(origins_->objects(), origins_->history(), system_clock());
  const ObjectId bash = id(ObjectKind::kPackage, "bash");
  EXPECT_FALSE(origin.wait_for_calls(bash, 1, std::chrono::milliseconds(1)));
  (void)origin.answer({.path = "/packages/bash"});
  (void)origin.answer({.path = "/packages/zsh"});
  EXPECT_EQ(origin.calls(bash), 1u);
  EXPECT_TRUE(origin.wait_for_calls(bash, 1, std::chrono::hours(1)));
}

// Round by round, so that the waiter is waiting when the call comes, in most of them.
TEST_F(OriginsTest, WhoWaitsForACallIsTold) {
  PackageOrigin origin(origins_->objects(), origins_->history(), system_clock());
  const ObjectId bash = id(ObjectKind::kPackage, "bash");
  constexpr std::uint64_t kRounds = 200;
  std::atomic<std::uint64_t> waiting{0};
  Thread waiter("waiter", [&] {
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
      waiting = round;
      EXPECT_TRUE(origin.wait_for_calls(bash, round, std::chrono::hours(1)));
    }
  });
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    while (waiting < round) std::this_thread::yield();
    (void)origin.answer({.path = "/packages/bash"});
  }
  waiter.join();
}

TEST_F(OriginsTest, AChangedPlaceIsReadInItsNewVersion) {
  const auto source = sqlite_query_source({.name = "places",
                                           .path = origins_->places_path(),
                                           .sql = PlacesOrigin::kQuery,
                                           .shape = QueryShape::kRow})
                          .value();
  const auto body_of = [&](const char* country, const char* zone) {
    const Result<SourceReply> reply =
        source->fetch({.params = {{"country", country}, {"zone", zone}}});
    return reply ? reply->body : reply.error().message;
  };
  EXPECT_EQ(stamp_of(body_of("DE", "Europe/Berlin"), "zone").version, 1u)
      << body_of("DE", "Europe/Berlin");
  const ObjectId berlin = id(ObjectKind::kPlace, "Europe/Berlin");
  ASSERT_TRUE(origins_->change(berlin).ok());
  EXPECT_EQ(origins_->history().current(berlin), 2u);
  const std::string body = body_of("DE", "Europe/Berlin");
  EXPECT_EQ(stamp_of(body, "zone").name, "Europe/Berlin");
  EXPECT_EQ(stamp_of(body, "zone").version, 2u);
  EXPECT_EQ(stamp_of(body_of("DE", "Europe/Busingen"), "zone").version, 1u);
  EXPECT_EQ(body_of("FR", "Europe/Berlin"), "") << "both parameters count";
}

TEST_F(OriginsTest, TheFileOfPlacesMustBeNew) {
  const auto again = Origins::create(catalogue_, folder_->file("places.db"), system_clock());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace strata::demo
