// Tests of the source that opens when it can.
#include "config/waiting_source.h"

#include <gtest/gtest.h>

#include <string>

#include "strata/sources/function_source.h"

namespace strata::internal {
namespace {

struct Origin {
  Result<std::shared_ptr<Source>> open() {
    ++tries;
    if (!is_there) return Error{ErrorCode::kUnavailable, "try " + std::to_string(tries), {}};
    return function_source("a", {{.name = "id"}}, [](const SourceRequest& request) {
      return Result<SourceReply>(SourceReply{.body = "for " + request.params.at(0).second});
    });
  }
  std::shared_ptr<Source> waiting() {
    return waiting_source("a", {{.name = "id"}}, {ErrorCode::kUnavailable, "not yet", {}},
                          [this] { return open(); });
  }
  bool is_there = false;
  int tries = 0;
};

SourceRequest request_for(const std::string& id) {
  SourceRequest request;
  request.params = {{"id", id}};
  return request;
}

TEST(WaitingSource, EachFetchTriesUntilOneOpens) {
  Origin origin;
  const auto source = origin.waiting();
  EXPECT_EQ(source->name(), "a");
  ASSERT_EQ(source->parameters().size(), 1u);
  EXPECT_EQ(source->fetch(request_for("1")).error().message, "try 1");
  EXPECT_EQ(source->fetch(request_for("1")).error().message, "try 2");
  origin.is_there = true;
  EXPECT_EQ(source->fetch(request_for("1")).value().body, "for 1");
  EXPECT_EQ(source->fetch(request_for("2")).value().body, "for 2");
  EXPECT_EQ(origin.tries, 3);
}

TEST(WaitingSource, WhileOneFetchOpensOthersGetTheLastError) {
  Origin origin;
  std::shared_ptr<Source> source;
  std::string seen_inside;
  source = waiting_source("a", {}, {ErrorCode::kUnavailable, "not yet", {}},
                          [&]() -> Result<std::shared_ptr<Source>> {
                            seen_inside = source->fetch(request_for("1")).error().message;
                            return origin.open();
                          });
  EXPECT_EQ(source->fetch(request_for("1")).error().message, "try 1");
  EXPECT_EQ(seen_inside, "not yet");
  EXPECT_EQ(source->fetch(request_for("1")).error().message, "try 2");
  EXPECT_EQ(seen_inside, "try 1");
}

TEST(WaitingSource, ClosedIsClosedOpenedOrNot) {
  Origin origin;
  const auto never_opened = origin.waiting();
  never_opened->close();
  EXPECT_EQ(never_opened->fetch(request_for("1")).error().code, ErrorCode::kClosed);
  EXPECT_EQ(origin.tries, 0);

  origin.is_there = true;
  const auto opened = origin.waiting();
  EXPECT_TRUE(opened->fetch(request_for("1")).ok());
  opened->close();
  opened->close();
  EXPECT_EQ(opened->fetch(request_for("1")).error().code, ErrorCode::kClosed);
}

TEST(WaitingSource, WhatOpensDuringCloseIsClosedToo) {
  Origin origin;
  origin.is_there = true;
  std::shared_ptr<Source> source;
  source = waiting_source("a", {{.name = "id"}}, {ErrorCode::kUnavailable, "not yet", {}}, [&] {
    source->close();
    return origin.open();
  });
  EXPECT_EQ(source->fetch(request_for("1")).error().code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace strata::internal
