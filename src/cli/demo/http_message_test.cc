// Tests of the origin's HTTP: parsing requests, writing responses.
#include "cli/demo/http_message.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::demo {
namespace {

TEST(HttpRequest, IsParsedWithTheHeadersThatMatter) {
  const std::string text =
      "GET /packages/g%2B%2b?x=1 HTTP/1.1\r\nHost: localhost\r\nif-NONE-match:  \"7\" \r\n\r\n";
  const ParsedRequest parsed = parse_request(text + "GET /next");
  EXPECT_EQ(parsed.error_status, 0);
  EXPECT_EQ(parsed.bytes, text.size());
  EXPECT_EQ(parsed.request.method, "GET");
  EXPECT_EQ(parsed.request.path, "/packages/g++");
  EXPECT_EQ(parsed.request.if_none_match, "\"7\"");
  EXPECT_TRUE(parsed.request.keep_alive);
}

TEST(HttpRequest, IsIncompleteUntilTheEmptyLine) {
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const ParsedRequest parsed = parse_request(text.substr(0, length));
    EXPECT_EQ(parsed.bytes, 0u) << length;
    EXPECT_EQ(parsed.error_status, 0) << length;
  }
  EXPECT_EQ(parse_request(text).bytes, text.size());
}

TEST(HttpRequest, KeepsTheConnectionAsItsVersionAndHeaderSay) {
  const auto keeps = [](const std::string& version, const std::string& header) {
    return parse_request("GET / HTTP/" + version + "\r\n" + header + "\r\n").request.keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(HttpRequest, ThatCannotBeAnsweredHasItsStatus) {
  const auto status = [](const std::string& head) {
    return parse_request(head + "\r\n\r\n").error_status;
  };
  EXPECT_EQ(status("GET / HTTP/1.1"), 0);
  EXPECT_EQ(status("HEAD / HTTP/1.1"), 0);
  EXPECT_EQ(status("GET /"), 400);
  EXPECT_EQ(status(" / HTTP/1.1"), 400);
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("GET / HTTP/2"), 505);
  EXPECT_EQ(status("POST / HTTP/1.1"), 405);
  EXPECT_EQ(status("GET http://other/ HTTP/1.1"), 400);
  EXPECT_EQ(status("GET /%4 HTTP/1.1"), 400);
  EXPECT_EQ(status("GET /%zz HTTP/1.1"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nno colon"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nContent-Length: 5"), 413);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nContent-Length: 0"), 0);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nTransfer-Encoding: chunked"), 413);
}

TEST(HttpRequest, ThatIsTooLongIsRefusedWithoutItsEnd) {
  const std::string text = "GET / HTTP/1.1\r\nX: " + std::string(kRequestBytes, 'x');
  EXPECT_EQ(parse_request(text).error_status, 431);
  EXPECT_EQ(parse_request(text.substr(0, kRequestBytes - 1)).error_status, 0);
}

TEST(HttpResponse, HasItsLengthTypeAndTag) {
  EXPECT_EQ(format_response({.method = "GET"}, {.etag = "\"3\"", .body = "{}"}),
            "HTTP/1.1 200 OK\r\nETag: \"3\"\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\n\r\n{}");
}

TEST(HttpResponse, IsNotModifiedForWhoHasTheTag) {
  const HttpResponse response{.etag = "\"3\"", .body = "{}"};
  EXPECT_EQ(format_response({.method = "GET", .if_none_match = "\"3\""}, response),
            "HTTP/1.1 304 Not Modified\r\nETag: \"3\"\r\n\r\n");
  EXPECT_TRUE(format_response({.method = "GET", .if_none_match = "\"2\""}, response)
                  .starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(
      format_response({.method = "GET"}, {.status = 404, .body = "x"}).starts_with("HTTP/1.1 404"))
      << "no tag never matches no tag";
}

TEST(HttpResponse, ToHeadHasNoBodyAndToCloseSaysSo) {
  const std::string text =
      format_response({.method = "HEAD", .keep_alive = false}, {.body = "body"});
  EXPECT_NE(text.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace strata::demo
