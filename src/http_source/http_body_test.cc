// How the bodies of an HTTP source arrive: packed, in part, too large, or none at all.
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "strata/http_source/http_source.h"
#include "testkit/http_origin.h"

namespace strata {
namespace {

using testkit::gzip_of;
using testkit::HttpConnection;
using testkit::HttpHeaders;
using testkit::HttpOrigin;
using testkit::HttpRequest;

std::string zlib_of(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(out.data()), &size,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  out.resize(size);
  return out;
}

// Without the header of two bytes and the sum of four.
std::string raw_deflate_of(const std::string& text) {
  const std::string zlib = zlib_of(text);
  return zlib.substr(2, zlib.size() - 6);
}

class HttpBody : public testing::Test {
 protected:
  HttpOptions options() const {
    HttpOptions result;
    result.name = "api";
    result.url_template = origin_.url("/value");
    result.allow_private = true;
    return result;
  }

  // The origin's framing is complete: Content-Length says how long `body` is.
  void answer(int status, HttpHeaders headers, std::string body) {
    origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
      connection.reply(status, headers, body);
    });
  }
  void answer_bytes(std::string bytes) {
    origin_.set_handler(
        [=](const HttpRequest&, HttpConnection& connection) { connection.send(bytes); });
  }

  static Result<SourceReply> fetch(HttpOptions options) {
    return http_source(std::move(options)).value()->fetch({});
  }

  void expect_load_failure(const HttpOptions& options, const std::string& part) const {
    const Result<SourceReply> reply = fetch(options);
    ASSERT_FALSE(reply.ok()) << part;
    EXPECT_EQ(reply.error().code, ErrorCode::kLoadFailed);
    EXPECT_NE(reply.error().message.find(part), std::string::npos) << reply.error().message;
    EXPECT_EQ(reply.error().message.find("source \"api\": http://127.0.0.1:"), 0u);
  }

  HttpOrigin origin_{
      [](const HttpRequest&, HttpConnection& connection) { connection.reply(200, {}, "hello"); }};
};

TEST_F(HttpBody, PackedBodiesAreUnpacked) {
  std::string text(100'000, 'x');
  text.back() = 'y';
  answer(200, {{"Content-Encoding", "gzip"}}, gzip_of(text));
  EXPECT_EQ(fetch(options()).value().body, text);
  EXPECT_EQ(origin_.requests().back().header("accept-encoding"), "gzip, deflate");
  answer(200, {{"content-encoding", "X-GZIP"}}, gzip_of(text));
  EXPECT_EQ(fetch(options()).value().body, text);
  answer(203, {{"Content-Encoding", "deflate"}}, zlib_of(text));
  EXPECT_EQ(fetch(options()).value().body, text);
  answer(200, {{"Content-Encoding", "deflate"}}, raw_deflate_of(text));
  EXPECT_EQ(fetch(options()).value().body, text);
  answer(200, {{"Content-Encoding", "identity"}}, text);
  EXPECT_EQ(fetch(options()).value().body, text);
  answer(200, {}, gzip_of(text));
  EXPECT_EQ(fetch(options()).value().body, gzip_of(text)) << "nobody called it packed";
}

TEST_F(HttpBody, GzipMayHaveSeveralMembers) {
  answer(200, {{"Content-Encoding", "gzip"}}, gzip_of("one, ") + gzip_of("") + gzip_of("two"));
  EXPECT_EQ(fetch(options()).value().body, "one, two");
}

TEST_F(HttpBody, APackedBodyInChunksIsJoined) {
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n");
    for (const char c : gzip_of("hello")) connection.send("1\r\n" + std::string(1, c) + "\r\n");
    connection.send("0\r\n\r\n");
  });
  EXPECT_EQ(fetch(options()).value().body, "hello");
}

// The exchange is complete by HTTP, so only the stream itself tells that a part is missing.
TEST_F(HttpBody, AStreamCutWithinACompleteAnswerIsAnError) {
  struct Form {
    std::string coding;
    std::string stream;
  };
  const auto source = http_source(options()).value();
  for (const Form& form : {Form{"gzip", gzip_of("hello")}, Form{"deflate", zlib_of("hello")},
                           Form{"deflate", raw_deflate_of("hello")}}) {
    for (std::size_t cut = 1; cut < form.stream.size(); ++cut) {
      answer(200, {{"Content-Encoding", form.coding}}, form.stream.substr(0, cut));
      const Result<SourceReply> reply = source->fetch({});
      ASSERT_FALSE(reply.ok()) << form.coding << " after " << cut;
      ASSERT_EQ(reply.error().code, ErrorCode::kLoadFailed);
      ASSERT_TRUE(
          reply.error().message.ends_with(": the " + form.coding + " body ended in the middle"))
          << reply.error().message;
    }
    answer(200, {{"Content-Encoding", form.coding}}, form.stream);
    EXPECT_EQ(source->fetch({}).value().body, "hello") << "and it recovers";
  }
  EXPECT_EQ(origin_.connection_count(), 1u) << "the connection is well";
}

TEST_F(HttpBody, ACorruptStreamIsAnError) {
  std::string wrong_sum = gzip_of("hello");
  wrong_sum[wrong_sum.size() - 5] ^= 1;
  answer(200, {{"Content-Encoding", "gzip"}}, wrong_sum);
  expect_load_failure(options(), "the gzip body is corrupt: incorrect data check");
  answer(200, {{"Content-Encoding", "gzip"}}, "{\"a\": 1}");
  expect_load_failure(options(), "the gzip body is corrupt: incorrect header check");
  answer(200, {{"Content-Encoding", "deflate"}}, std::string(100, '\xFF'));
  expect_load_failure(options(), "the deflate body is corrupt: invalid block type");
}

TEST_F(HttpBody, WhatFollowsTheStreamIsAnError) {
  answer(200, {{"Content-Encoding", "gzip"}}, gzip_of("hello") + "<!-- served by x -->");
  expect_load_failure(options(), "the gzip body goes on after its end");
  answer(200, {{"Content-Encoding", "deflate"}}, zlib_of("hello") + zlib_of("hello"));
  expect_load_failure(options(), "the deflate body goes on after its end");
}

TEST_F(HttpBody, ACompressionBombIsCutOffByItsUnpackedSize) {
  const std::string bomb = testkit::gzip_bomb(50'000'000);
  ASSERT_LT(bomb.size(), 400'000u);
  answer(200, {{"Content-Encoding", "gzip"}}, bomb);
  HttpOptions limited = options();
  limited.max_body_bytes = 1'000'000;
  expect_load_failure(limited, "the body exceeds max_body_bytes of 1000000");
}

TEST_F(HttpBody, AnEndlessRowOfEmptyMembersIsCutOff) {
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n");
    while (connection.send(gzip_of("") + gzip_of(""))) {
    }
    connection.close();
  });
  HttpOptions limited = options();
  limited.max_body_bytes = 1000;
  expect_load_failure(limited, "longer than twice max_body_bytes of 1000");
}

// What does not shrink grows a little.
TEST_F(HttpBody, APackedBodyOfJustTheLimitFits) {
  HttpOptions limited = options();
  limited.max_body_bytes = 1000;
  answer(200, {{"Content-Encoding", "gzip"}}, gzip_of(std::string(1000, 'x')));
  EXPECT_EQ(fetch(limited).value().body.size(), 1000u);
  answer(200, {{"Content-Encoding", "gzip"}}, gzip_of(std::string(1001, 'x')));
  expect_load_failure(limited, "max_body_bytes of 1000");
}

TEST_F(HttpBody, CodingsThatWereNotAskedForAreRefused) {
  for (const char* coding : {"zstd", "br", "gzip, br", "compress", "gzip, gzip"}) {
    answer(200, {{"Content-Encoding", coding}}, gzip_of("x"));
    expect_load_failure(options(), '"' + std::string(coding) + "\", which was not asked for");
  }
  answer_bytes(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: br\r\n"
      "Content-Length: 1\r\n\r\nx");
  expect_load_failure(options(), "\"gzip, br\", which was not asked for");
  // libcurl would unpack it itself, and take half of it for the whole.
  answer(200, {{"Transfer-Encoding", "gzip, chunked"}}, "0\r\n\r\n");
  expect_load_failure(options(), "transfer encoding \"gzip\", which was not asked for");
}

TEST_F(HttpBody, WithoutABodyTheCodingDoesNotMatter) {
  for (const char* coding : {"gzip", "deflate", "br"}) {
    SCOPED_TRACE(coding);
    answer(200, {{"Content-Encoding", coding}}, "");
    EXPECT_EQ(fetch(options()).value().body, "");
    const std::string header = "Content-Encoding: " + std::string(coding) + "\r\n";
    answer_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + header + "\r\n0\r\n\r\n");
    EXPECT_EQ(fetch(options()).value().body, "");
    answer_bytes("HTTP/1.1 204 No Content\r\n" + header + "\r\n");
    EXPECT_EQ(fetch(options()).value().status, SourceReply::Status::kFound);

    answer_bytes("HTTP/1.1 304 Not Modified\r\n" + header + "\r\n");
    SourceRequest known;
    known.known_version = "\"1\"";
    EXPECT_EQ(http_source(options()).value()->fetch(known).value().status,
              SourceReply::Status::kNotModified);
  }
}

// Bodies that nobody reads are not unpacked: of errors, absence and redirects.
TEST_F(HttpBody, AnUnwantedBodyMayBeAnything) {
  answer(404, {{"Content-Encoding", "gzip"}}, "not gzip");
  EXPECT_EQ(fetch(options()).value().status, SourceReply::Status::kAbsent);
  answer(500, {{"Content-Encoding", "br"}}, "not br");
  expect_load_failure(options(), "status 500");

  origin_.set_handler([](const HttpRequest& request, HttpConnection& connection) {
    if (request.target == "/value") {
      connection.reply(302, {{"Location", "/other"}, {"Content-Encoding", "gzip"}}, "not gzip");
    } else if (request.target == "/other") {
      connection.reply(302, {{"Location", "/last"}, {"Content-Encoding", "gzip"}},
                       gzip_of("moved"));
    } else {
      connection.reply(200, {}, "hello");
    }
  });
  HttpOptions following = options();
  following.follow_redirects = true;
  EXPECT_EQ(fetch(following).value().body, "hello");
}

}  // namespace
}  // namespace strata
