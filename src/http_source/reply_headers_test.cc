#include "http_source/reply_headers.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace strata {
namespace {

using std::chrono::seconds;

ReplyHeaders headers_of(std::initializer_list<const char*> lines) {
  ReplyHeaders headers;
  for (const char* line : lines) headers.add(line);
  return headers;
}

std::optional<Duration> ttl_of(std::initializer_list<const char*> lines) {
  return headers_of(lines).ttl();
}

TEST(ReplyHeaders, NamesHaveNoCaseAndValuesNoMargins) {
  const ReplyHeaders headers =
      headers_of({"eTaG:  \"a b\" \r\n", "LAST-MODIFIED:x", "Content-Type:\tapplication/json",
                  "retry-after: 120\r\n", "Content-Length: 42"});
  EXPECT_EQ(headers.etag(), "\"a b\"");
  EXPECT_EQ(headers.last_modified(), "x");
  EXPECT_EQ(headers.content_type(), "application/json");
  EXPECT_EQ(headers.retry_after(), "120");
  EXPECT_EQ(headers.content_length(), 42u);
}

TEST(ReplyHeaders, LinesThatAreNoHeadersAreIgnored) {
  EXPECT_EQ(headers_of({"", "\r\n", "etag", "etag \"1\"", ": x"}).etag(), "");
}

TEST(ReplyHeaders, TheFirstOfRepeatedHeadersCounts) {
  EXPECT_EQ(headers_of({"ETag: \"1\"", "ETag: \"2\""}).etag(), "\"1\"");
}

TEST(ReplyHeaders, AVersionThatIsTooLongIsNone) {
  const std::string longest = "ETag: \"" + std::string(254, 'x') + "\"";
  EXPECT_NE(headers_of({longest.c_str()}).etag(), "");
  const std::string longer = "ETag: \"" + std::string(255, 'x') + "\"";
  EXPECT_EQ(headers_of({longer.c_str()}).etag(), "");
}

TEST(ReplyHeaders, WithoutMaxAgeNothingIsSaid) {
  EXPECT_EQ(ttl_of({}), std::nullopt);
  EXPECT_EQ(ttl_of({"Cache-Control: public, immutable"}), std::nullopt);
  EXPECT_EQ(ttl_of({"Cache-Control: s-maxage=60"}), std::nullopt) << "meant for shared caches";
  EXPECT_EQ(ttl_of({"Expires: Sun, 06 Nov 1994 08:49:37 GMT"}), std::nullopt);
  EXPECT_EQ(ttl_of({"X-Cache-Control: max-age=60"}), std::nullopt);
}

TEST(ReplyHeaders, MaxAgeLessAgeIsTheTtl) {
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=60"}), seconds(60));
  EXPECT_EQ(ttl_of({"Cache-Control: public,MAX-AGE = \"60\" , s-maxage=9"}), seconds(60));
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=60", "Age: 45"}), seconds(15));
  EXPECT_EQ(ttl_of({"Age: 61", "Cache-Control: max-age=60"}), seconds(0));
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=60", "Age: nonsense"}), seconds(60));
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=0"}), seconds(0));
}

TEST(ReplyHeaders, OfSeveralMaxAgesTheShortestCounts) {
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=60, max-age=30"}), seconds(30));
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=30", "Cache-Control: max-age=60"}), seconds(30));
}

TEST(ReplyHeaders, AMaxAgeThatCannotBeReadIsZero) {
  for (const char* line :
       {"Cache-Control: max-age", "Cache-Control: max-age=", "Cache-Control: max-age=x",
        "Cache-Control: max-age=-5", "Cache-Control: max-age=1.5",
        "Cache-Control: max-age=-9223372036854775807", "Cache-Control: max-age=60s"}) {
    EXPECT_EQ(ttl_of({line}), seconds(0)) << line;
  }
}

TEST(ReplyHeaders, EnormousAgesSaturate) {
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=99999999999999999999"}), kForever);
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=9223372036854775807"}), kForever);
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=60", "Age: 99999999999999999999"}), seconds(0));
}

TEST(ReplyHeaders, WhatMayNotBeKeptHasNoTtl) {
  for (const char* line :
       {"Cache-Control: no-store", "Cache-Control: NO-CACHE", "Cache-Control: private",
        "Cache-Control: private=\"set-cookie\", public", "Vary: *", "Vary: accept, *",
        "Cache-Control: extension=\"a,b\", no-store"}) {
    EXPECT_EQ(ttl_of({line, "Cache-Control: max-age=60"}), seconds(0)) << line;
  }
  EXPECT_EQ(ttl_of({"Cache-Control: max-age=60, extension=\"a, no-store, b\""}), seconds(60))
      << "a quoted comma separates nothing";
  EXPECT_EQ(ttl_of({"Vary: Accept-Encoding", "Cache-Control: max-age=60"}), seconds(60));
}

TEST(ReplyHeaders, ContentEncodingsAreJoined) {
  const auto encoding_of = [](std::initializer_list<const char*> lines) {
    return headers_of(lines).content_encoding();
  };
  EXPECT_EQ(encoding_of({}), "");
  EXPECT_EQ(encoding_of({"Content-Encoding:", "Content-Encoding: identity, ,"}), "");
  EXPECT_EQ(encoding_of({"Content-Encoding: X-Gzip\r\n"}), "x-gzip");
  EXPECT_EQ(encoding_of({"Content-Encoding: identity, DEFLATE"}), "deflate");
  EXPECT_EQ(encoding_of({"Content-Encoding: gzip,ZSTD", "content-encoding: br"}), "gzip, zstd, br");
  const std::string odd = "Content-Encoding: " + std::string(1000, 'x');
  EXPECT_EQ(encoding_of({odd.c_str(), odd.c_str()}), std::string(256, 'x'));
}

TEST(ReplyHeaders, NoTransferEncodingButChunkedIsKnown) {
  for (const char* line :
       {"Transfer-Encoding: chunked", "Transfer-Encoding: Identity", "Transfer-Encoding:"}) {
    EXPECT_EQ(headers_of({line}).foreign_transfer_encoding(), "") << line;
  }
  EXPECT_EQ(headers_of({"transfer-encoding: GZIP, chunked"}).foreign_transfer_encoding(), "gzip");
}

TEST(ReplyHeaders, AnEnormousLengthIsNotSmall) {
  EXPECT_EQ(headers_of({"Content-Length: 99999999999999999999999"}).content_length(), UINT64_MAX);
}

}  // namespace
}  // namespace strata
