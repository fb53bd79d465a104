#include "strata/sources/function_source.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "strata/testing/manual_clock.h"

namespace strata {
namespace {

SourceReply reply(std::string body) {
  SourceReply result;
  result.body = std::move(body);
  return result;
}

TEST(FunctionSource, TheFunctionSeesItsParametersInTheirOrder) {
  Params seen;
  const auto source = function_source("numbers",
                                      {{.name = "from", .required = false, .default_value = "1"},
                                       {.name = "to", .required = true, .default_value = ""}},
                                      [&](const SourceRequest& request) {
                                        seen = request.params;
                                        return reply("");
                                      })
                          .value();
  ASSERT_TRUE(source->fetch({.params = {{"to", "9"}}}).ok());
  EXPECT_EQ(seen, (Params{{"from", "1"}, {"to", "9"}}));
}

TEST(FunctionSource, TheFunctionSeesTheConditionAndTheDeadline) {
  SourceRequest seen;
  const auto clock = std::make_shared<ManualClock>();
  const auto source = function_source(
                          "numbers", {},
                          [&](const SourceRequest& request) {
                            seen = request;
                            return reply("");
                          },
                          clock)
                          .value();
  SourceRequest request;
  request.known_version = "7";
  request.known_last_modified = WallTime{12};
  request.deadline.at = saturating_add(clock->now(), std::chrono::seconds(1));
  ASSERT_TRUE(source->fetch(request).ok());
  EXPECT_EQ(seen.known_version, "7");
  EXPECT_EQ(seen.known_last_modified, WallTime{12});
  EXPECT_EQ(seen.deadline.at, request.deadline.at);
}

TEST(FunctionSource, AnExceptionBecomesAnErrorThatCarriesIt) {
  const auto source =
      function_source("numbers", {}, [](const SourceRequest&) -> Result<SourceReply> {
        throw std::out_of_range("no such number");
      }).value();
  const Result<SourceReply> result = source->fetch({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLoadFailed);
  EXPECT_NE(result.error().message.find("\"numbers\""), std::string::npos);
  EXPECT_NE(result.error().message.find("no such number"), std::string::npos);
  EXPECT_THROW(std::rethrow_exception(result.error().exception), std::out_of_range);
}

TEST(FunctionSource, AnythingMayBeThrown) {
  const auto source =
      function_source("numbers", {}, [](const SourceRequest&) -> Result<SourceReply> {
        throw 42;
      }).value();
  const Result<SourceReply> result = source->fetch({});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLoadFailed);
  EXPECT_THROW(std::rethrow_exception(result.error().exception), int);
}

TEST(FunctionSource, AnErrorOfTheFunctionIsPassedOn) {
  const auto source =
      function_source("numbers", {}, [](const SourceRequest&) -> Result<SourceReply> {
        return Error{ErrorCode::kUnavailable, "the line is busy", {}};
      }).value();
  EXPECT_EQ(source->fetch({}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(source->fetch({}).error().message, "the line is busy");
}

TEST(FunctionSource, NotModifiedNeedsACondition) {
  const auto source = function_source("numbers", {}, [](const SourceRequest&) {
                        SourceReply result;
                        result.status = SourceReply::Status::kNotModified;
                        return result;
                      }).value();
  EXPECT_EQ(source->fetch({}).error().code, ErrorCode::kLoadFailed);
  SourceRequest with_version;
  with_version.known_version = "1";
  EXPECT_TRUE(source->fetch(with_version).ok());
  SourceRequest with_time;
  with_time.known_last_modified = WallTime{1};
  EXPECT_TRUE(source->fetch(with_time).ok());
}

TEST(FunctionSource, IsNotCalledInVain) {
  int calls = 0;
  const auto clock = std::make_shared<ManualClock>();
  const auto source = function_source(
                          "numbers", {},
                          [&](const SourceRequest&) {
                            ++calls;
                            return reply("");
                          },
                          clock)
                          .value();
  SourceRequest late;
  late.deadline.at = clock->now();
  EXPECT_EQ(source->fetch(late).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(source->fetch({.params = {{"x", "1"}}}).error().code, ErrorCode::kRejected);
  source->close();
  EXPECT_EQ(source->fetch({}).error().code, ErrorCode::kClosed);
  EXPECT_EQ(calls, 0);
}

TEST(FunctionSource, MalformedDeclarationsAreRejected) {
  const SourceFunction function = [](const SourceRequest&) { return reply(""); };
  EXPECT_EQ(function_source("", {}, function).error().code, ErrorCode::kRejected);
  EXPECT_EQ(function_source("a b", {}, function).error().code, ErrorCode::kRejected);
  EXPECT_EQ(function_source("a", {{.name = ""}}, function).error().code, ErrorCode::kRejected);
  EXPECT_EQ(
      function_source("a", {{.name = "x"}, {.name = "y"}, {.name = "x"}}, function).error().code,
      ErrorCode::kRejected);
  EXPECT_EQ(function_source("a", {}, nullptr).error().code, ErrorCode::kRejected);
}

}  // namespace
}  // namespace strata
