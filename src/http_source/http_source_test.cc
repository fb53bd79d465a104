#include "strata/http_source/http_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "testkit/http_origin.h"

namespace strata {
namespace {

using testkit::HttpConnection;
using testkit::HttpHeaders;
using testkit::HttpOrigin;
using testkit::HttpRequest;

class HttpSource : public testing::Test {
 protected:
  HttpOptions options(const std::string& path = "/value") const {
    HttpOptions result;
    result.name = "api";
    result.url_template = origin_.url(path);
    result.allow_private = true;
    return result;
  }

  // What the origin answers to every request from now on.
  void answer(int status, HttpHeaders headers, std::string body) {
    origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
      connection.reply(status, headers, body);
    });
  }

  static Result<SourceReply> fetch(HttpOptions options, SourceRequest request = {}) {
    return http_source(std::move(options)).value()->fetch(request);
  }

  void expect_error(const Result<SourceReply>& reply, ErrorCode code,
                    const std::vector<std::string>& parts) const {
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, code) << reply.error().message;
    for (const std::string& part : parts) {
      EXPECT_NE(reply.error().message.find(part), std::string::npos) << reply.error().message;
    }
  }

  HttpOrigin origin_{
      [](const HttpRequest&, HttpConnection& connection) { connection.reply(200, {}, "hello"); }};
};

TEST_F(HttpSource, AReplyTellsWhatItsHeadersTell) {
  answer(200,
         {{"ETag", "\"v1\""},
          {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
          {"Content-Type", "text/plain"},
          {"Cache-Control", "max-age=60"},
          {"Age", "10"}},
         "hello");
  const SourceReply reply = fetch(options()).value();
  EXPECT_EQ(reply.status, SourceReply::Status::kFound);
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.version, "\"v1\"");
  EXPECT_EQ(reply.last_modified, WallTime{784111777000});
  EXPECT_EQ(reply.content_type, "text/plain");
  EXPECT_EQ(reply.ttl, std::chrono::seconds(50));
}

TEST_F(HttpSource, WithoutAnETagTheLastModificationIsTheVersion) {
  answer(200, {{"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}}, "hello");
  EXPECT_EQ(fetch(options()).value().version, "Sun, 06 Nov 1994 08:49:37 GMT");
  answer(203, {}, "hello");
  EXPECT_EQ(fetch(options()).value().body, "hello");
  EXPECT_EQ(fetch(options()).value().version, "");
  EXPECT_EQ(fetch(options()).value().last_modified, std::nullopt);
}

TEST_F(HttpSource, WhatIsKnownBecomesOneCondition) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  struct Case {
    std::string version;
    std::optional<WallTime> last_modified;
    std::string none_match;
    std::string modified_since;
  };
  const std::vector<Case> cases{{"", std::nullopt, "", ""},
                                {"W/\"a b\"", std::nullopt, "W/\"a b\"", ""},
                                {"unquoted", std::nullopt, "unquoted", ""},
                                {date, std::nullopt, "", date},
                                {"", WallTime{784111777999}, "", date},
                                {"\"1\"", WallTime{784111777999}, "\"1\"", ""},
                                {"a\r\nX-Evil: 1", std::nullopt, "", ""},
                                {"\xC3\xA9", std::nullopt, "", ""},
                                {std::string(300, 'x'), WallTime{784111777000}, "", date}};
  for (const Case& known : cases) {
    SCOPED_TRACE(known.version);
    SourceRequest request;
    request.known_version = known.version;
    request.known_last_modified = known.last_modified;
    ASSERT_TRUE(fetch(options(), request).ok());
    const HttpRequest seen = origin_.requests().back();
    EXPECT_EQ(seen.header("if-none-match"), known.none_match);
    EXPECT_EQ(seen.header("if-modified-since"), known.modified_since);
    EXPECT_EQ(seen.header("x-evil"), "");
  }
}

TEST_F(HttpSource, NotModifiedKeepsWhatIsKnown) {
  answer(304, {{"Cache-Control", "max-age=5"}}, "");
  SourceRequest request;
  request.known_version = "\"1\"";
  request.known_last_modified = WallTime{1000};
  const SourceReply reply = fetch(options(), request).value();
  EXPECT_EQ(reply.status, SourceReply::Status::kNotModified);
  EXPECT_EQ(reply.version, "\"1\"");
  EXPECT_EQ(reply.last_modified, WallTime{1000});
  EXPECT_EQ(reply.ttl, std::chrono::seconds(5));
  EXPECT_EQ(reply.body, "");
  expect_error(fetch(options()), ErrorCode::kLoadFailed, {"304"});
}

TEST_F(HttpSource, AbsenceIsWhatTheOptionsSay) {
  for (const int status : {404, 410}) {
    answer(status, {{"Cache-Control", "max-age=7"}}, "no such thing");
    const SourceReply reply = fetch(options()).value();
    EXPECT_EQ(reply.status, SourceReply::Status::kAbsent);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.ttl, std::chrono::seconds(7));
  }
  HttpOptions other = options();
  other.absent_statuses = {204, 503};
  expect_error((answer(404, {}, ""), fetch(other)), ErrorCode::kLoadFailed, {"404"});
  for (const int status : {204, 503}) {
    origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
      connection.send("HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 0\r\n\r\n");
    });
    EXPECT_EQ(fetch(other).value().status, SourceReply::Status::kAbsent) << status;
  }
}

TEST_F(HttpSource, AnEmptyAnswerIsAValue) {
  answer(200, {}, "");
  EXPECT_EQ(fetch(options()).value().status, SourceReply::Status::kFound);
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const SourceReply reply = fetch(options()).value();
  EXPECT_EQ(reply.status, SourceReply::Status::kFound);
  EXPECT_EQ(reply.body, "");
}

TEST_F(HttpSource, TryAgainLaterIsUnavailable) {
  for (const int status : {429, 503}) {
    answer(status, {{"Retry-After", "120"}}, "busy");
    expect_error(fetch(options()), ErrorCode::kUnavailable,
                 {"\"api\"", std::to_string(status), "Retry-After \"120\"", "/value"});
  }
}

TEST_F(HttpSource, OtherStatusesAreLoadFailuresThatNameThemselves) {
  for (const int status : {201, 202, 206, 300, 302, 400, 401, 403, 418, 500, 502, 504, 599}) {
    answer(status, {}, "a body that nobody wants");
    expect_error(fetch(options("/value?q=1")), ErrorCode::kLoadFailed,
                 {"\"api\"", "status " + std::to_string(status), "/value?q=***: "});
  }
}

TEST_F(HttpSource, HeadersAreSentAsTheyAre) {
  HttpOptions some = options();
  some.headers = {{"Authorization", "Bearer a b"}, {"X-Empty", ""}, {"Accept", "text/plain"}};
  some.user_agent = "test/1";
  ASSERT_TRUE(fetch(some).ok());
  const HttpRequest seen = origin_.requests().at(0);
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.header("authorization"), "Bearer a b");
  EXPECT_EQ(seen.header("accept"), "text/plain");
  EXPECT_EQ(seen.header("user-agent"), "test/1");
  EXPECT_EQ(seen.header("accept-encoding"), "gzip, deflate");
  const auto has_empty = [](const auto& header) { return header.first == "x-empty"; };
  EXPECT_TRUE(std::any_of(seen.headers.begin(), seen.headers.end(), has_empty));
}

TEST_F(HttpSource, PlaceholdersBecomeTheTarget) {
  const auto source = http_source(options("/a/{x}?q={y}")).value();
  ASSERT_TRUE(source->fetch({.params = {{"y", "1&z=2"}, {"x", "b c"}}}).ok());
  EXPECT_EQ(origin_.requests().at(0).target, "/a/b%20c?q=1%26z%3D2");
}

TEST_F(HttpSource, APointerPicksPartOfTheBody) {
  HttpOptions part = options();
  part.json_pointer = "/users/1";
  answer(200, {{"Content-Type", "application/json"}}, R"({"users": [1, {"b": 2, "a": null}]})");
  EXPECT_EQ(fetch(part).value().body, R"({"a":null,"b":2})");
  answer(200, {}, R"({"users": [1]})");
  expect_error(fetch(part), ErrorCode::kLoadFailed, {"/users/1", "nowhere"});
  answer(200, {}, "<html>");
  expect_error(fetch(part), ErrorCode::kLoadFailed, {"JSON"});
  answer(404, {}, "<html>");
  EXPECT_EQ(fetch(part).value().status, SourceReply::Status::kAbsent);
}

TEST_F(HttpSource, ChunkedBodiesAreJoined) {
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: \"1\"\r\n\r\n");
    for (const char* chunk : {"3\r\nabc\r\n", "2;x=y\r\nde\r\n"}) connection.send(chunk);
    connection.send("0\r\nETag: \"2\"\r\nCache-Control: max-age=9\r\n\r\n");
  });
  const SourceReply reply = fetch(options()).value();
  EXPECT_EQ(reply.body, "abcde");
  EXPECT_EQ(reply.version, "\"1\"") << "a trailer is no header";
  EXPECT_EQ(reply.ttl, std::nullopt);
}

TEST_F(HttpSource, HeadersOfAnInterimAnswerDoNotCount) {
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send(
        "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\nCache-Control: max-age=9\r\n\r\n");
    connection.reply(200, {}, "hello");
  });
  const SourceReply reply = fetch(options()).value();
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.version, "");
  EXPECT_EQ(reply.ttl, std::nullopt);
}

TEST_F(HttpSource, AConnectionIsUsedAgain) {
  const auto source = http_source(options()).value();
  for (const int status : {200, 404, 200, 500, 200}) {
    answer(status, {}, std::string(10'000, 'x'));
    static_cast<void>(source->fetch({}));
  }
  EXPECT_EQ(origin_.requests().size(), 5u);
  EXPECT_EQ(origin_.connection_count(), 1u);
}

TEST_F(HttpSource, AConnectionThatTheServerClosedIsReplaced) {
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.reply(200, {}, "hello");
    connection.close();
  });
  const auto source = http_source(options()).value();
  for (int round = 0; round < 5; ++round) {
    const Result<SourceReply> reply = source->fetch({});
    ASSERT_TRUE(reply.ok()) << reply.error().message;
  }
}

TEST_F(HttpSource, NoMoreConnectionsAreOpenedThanAllowed) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  origin_.set_handler([&](const HttpRequest&, HttpConnection& connection) {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::yield();
    --running;
    connection.reply(200, {}, "hello");
  });
  HttpOptions two = options();
  two.connections = 2;
  const auto source = http_source(two).value();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        if (source->fetch({}).ok()) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 120);
  EXPECT_LE(most, 2);
  EXPECT_LE(origin_.connection_count(), 2u);
}

TEST_F(HttpSource, WhoWaitsForAConnectionKeepsTheDeadline) {
  origin_.set_handler(
      [](const HttpRequest&, HttpConnection& connection) { connection.wait_until_closed(); });
  HttpOptions one = options();
  one.connections = 1;
  one.timeout = std::chrono::hours(1);
  const auto source = http_source(one).value();
  Result<SourceReply> first = SourceReply{};
  std::thread holding([&] { first = source->fetch({}); });
  origin_.wait_for_requests(1);
  SourceRequest request;
  request.deadline.at = saturating_add(system_clock()->now(), std::chrono::milliseconds(30));
  expect_error(source->fetch(request), ErrorCode::kDeadlineExceeded, {"deadline"});
  EXPECT_EQ(origin_.requests().size(), 1u);

  Result<SourceReply> waiting = SourceReply{};
  std::thread queued([&] { waiting = source->fetch({}); });
  source->close();
  holding.join();
  queued.join();
  expect_error(first, ErrorCode::kClosed, {});
  expect_error(waiting, ErrorCode::kClosed, {});
}

TEST_F(HttpSource, AnOriginThatIsTooSlowIsUnavailable) {
  const std::vector<std::string> beginnings{
      "", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"};
  for (const std::string& beginning : beginnings) {
    origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
      connection.send(beginning);
      connection.wait_until_closed();
    });
    HttpOptions impatient = options();
    impatient.timeout = std::chrono::milliseconds(40);
    expect_error(fetch(impatient), ErrorCode::kUnavailable, {"timeout of 40"});
    SourceRequest request;
    request.deadline.at = saturating_add(system_clock()->now(), std::chrono::milliseconds(40));
    expect_error(fetch(options(), request), ErrorCode::kDeadlineExceeded, {"deadline"});
  }
}

TEST_F(HttpSource, NobodyAtTheAddressIsUnavailable) {
  HttpOptions nobody = options();
  nobody.url_template = "http://127.0.0.1:1/";  // no program gets that port by chance
  expect_error(fetch(nobody), ErrorCode::kUnavailable, {"\"api\"", "127.0.0.1"});
}

// The origin waits for a request, the source for a handshake.
TEST_F(HttpSource, ConnectingHasATimeoutOfItsOwn) {
  HttpOptions stuck = options();
  stuck.url_template = "https://127.0.0.1:" + std::to_string(origin_.port()) + "/";
  stuck.connect_timeout = std::chrono::milliseconds(40);
  stuck.timeout = std::chrono::hours(1);
  const Result<SourceReply> reply = fetch(stuck);
  expect_error(reply, ErrorCode::kUnavailable, {"/"});
  EXPECT_EQ(reply.error().message.find("within timeout"), std::string::npos);
}

TEST_F(HttpSource, ANameThatDoesNotResolveIsUnavailable) {
  HttpOptions nameless = options();
  nameless.url_template = "http://nobody.invalid/";
  nameless.connect_timeout = std::chrono::milliseconds(500);
  expect_error(fetch(nameless), ErrorCode::kUnavailable, {"nobody.invalid"});
}

// The reply ends after 0, 1, 2, ... bytes, by an orderly end and by a reset. Half a value is
// never taken for a value.
TEST_F(HttpSource, AReplyThatIsCutAnywhereIsAnError) {
  const std::vector<std::string> replies{
      "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 28\r\n\r\n" +
          testkit::gzip_of("hello")};
  const auto source = http_source(options()).value();
  for (const std::string& reply : replies) {
    for (const bool is_reset : {false, true}) {
      for (std::size_t cut = 0; cut < reply.size(); ++cut) {
        SCOPED_TRACE(testing::Message() << "after " << cut << " bytes of " << reply);
        origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
          connection.send(std::string_view(reply).substr(0, cut));
          is_reset ? connection.reset() : connection.close();
        });
        const Result<SourceReply> answer = source->fetch({});
        if (answer.ok()) {
          // Nothing but the last byte of the blank line after the last chunk is missing.
          ASSERT_EQ(answer->body, "hello");
          ASSERT_EQ(cut, reply.size() - 1);
          continue;
        }
        ASSERT_EQ(answer.error().code, ErrorCode::kLoadFailed) << answer.error().message;
      }
    }
    origin_.set_handler(
        [=](const HttpRequest&, HttpConnection& connection) { connection.send(reply); });
    EXPECT_EQ(source->fetch({}).value().body, "hello") << "and it recovers";
  }
}

}  // namespace
}  // namespace strata
