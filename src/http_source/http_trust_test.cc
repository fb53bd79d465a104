// What an HTTP source does not let a server, a name or a value do to it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "strata/http_source/http_source.h"
#include "testkit/http_origin.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

using testkit::HttpConnection;
using testkit::HttpHeaders;
using testkit::HttpOrigin;
using testkit::HttpRequest;

class HttpTrust : public testing::Test {
 protected:
  HttpOptions options(const std::string& path = "/value") const {
    HttpOptions result;
    result.name = "api";
    result.url_template = origin_.url(path);
    result.allow_private = true;
    return result;
  }

  void answer(int status, HttpHeaders headers, std::string body) {
    origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
      connection.reply(status, headers, body);
    });
  }

  static Result<SourceReply> fetch(HttpOptions options, SourceRequest request = {}) {
    return http_source(std::move(options)).value()->fetch(request);
  }

  static void expect_error(const Result<SourceReply>& reply, ErrorCode code,
                           const std::string& part) {
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, code) << reply.error().message;
    EXPECT_NE(reply.error().message.find(part), std::string::npos) << reply.error().message;
  }

  // http_source() refuses what `change` does to good options, and mentions `part`.
  template <typename Change>
  void expect_rejected(const std::string& part, Change change) const {
    HttpOptions bad = options();
    change(bad);
    const Result<std::shared_ptr<Source>> source = http_source(bad);
    ASSERT_FALSE(source.ok()) << part;
    EXPECT_EQ(source.error().code, ErrorCode::kRejected);
    EXPECT_NE(source.error().message.find(part), std::string::npos) << source.error().message;
  }

  std::string port() const { return ":" + std::to_string(origin_.port()) + "/"; }

  HttpOrigin origin_{
      [](const HttpRequest&, HttpConnection& connection) { connection.reply(200, {}, "hello"); }};
};

// Every way to write an address of this machine or its network.
TEST_F(HttpTrust, PrivateAddressesAreNeverConnectedTo) {
  for (const char* host :
       {"127.0.0.1",          "localhost",     "127.1",          "2130706433",
        "0x7f000001",         "0x7f.1",        "0177.0.0.1",     "[::1]",
        "[::ffff:127.0.0.1]", "[::127.0.0.1]", "0.0.0.0",        "0",
        "169.254.169.254",    "10.0.0.1",      "192.168.1.1",    "172.16.0.1",
        "100.64.0.1",         "[fd00::1]",     "[fe80::1]",      "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",    "224.0.0.1",     "255.255.255.255"}) {
    SCOPED_TRACE(host);
    HttpOptions closed = options();
    closed.url_template = "http://" + std::string(host) + port();
    closed.allow_private = false;
    expect_error(fetch(closed), ErrorCode::kRejected, "not a public address");
  }
  EXPECT_EQ(origin_.connection_count(), 0u);
}

TEST_F(HttpTrust, PrivateAddressesCanBeAllowed) {
  for (const char* host : {"127.0.0.1", "localhost", "2130706433"}) {
    HttpOptions open = options();
    open.url_template = "http://" + std::string(host) + port();
    EXPECT_EQ(fetch(open).value().body, "hello") << host;
  }
}

TEST_F(HttpTrust, RedirectsAreNotFollowedUnlessAsked) {
  answer(302, {{"Location", "/elsewhere?token=hunter2"}}, "");
  const Result<SourceReply> reply = fetch(options());
  expect_error(reply, ErrorCode::kLoadFailed, "status 302");
  EXPECT_NE(reply.error().message.find("/elsewhere?token=***"), std::string::npos);
  EXPECT_EQ(origin_.requests().size(), 1u);
}

TEST_F(HttpTrust, ARedirectToTheSameOriginIsFollowedIfAsked) {
  std::atomic<int> status{301};
  origin_.set_handler([&](const HttpRequest& request, HttpConnection& connection) {
    if (request.target == "/value") {
      connection.reply(status, {{"Location", "/other?x=1"}}, "moved");
    } else {
      connection.reply(200, {{"ETag", "\"" + request.target + "\""}}, "found");
    }
  });
  HttpOptions following = options();
  following.follow_redirects = true;
  following.headers = {{"Authorization", "secret"}};
  for (const int code : {301, 302, 303, 307, 308}) {
    status = code;
    EXPECT_EQ(fetch(following).value().version, "\"/other?x=1\"") << code;
    EXPECT_EQ(origin_.requests().back().header("authorization"), "secret");
  }
}

TEST_F(HttpTrust, ARedirectToAnotherOriginIsNeverFollowed) {
  const HttpOrigin other(
      [](const HttpRequest&, HttpConnection& connection) { connection.reply(200, {}, "stolen"); });
  HttpOptions following = options();
  following.follow_redirects = true;
  following.headers = {{"Authorization", "secret"}};
  for (const std::string& target :
       {other.url("/"), std::string("file:///etc/passwd"),
        std::string("http://169.254.169.254/latest/meta-data/"), "ftp://127.0.0.1" + port(),
        "https://127.0.0.1" + port(), "http://localhost" + port(), "//localhost" + port(),
        "http://127.0.0.1@localhost" + port(), std::string("gopher://127.0.0.1/x")}) {
    SCOPED_TRACE(target);
    answer(302, {{"Location", target}}, "");
    expect_error(fetch(following), ErrorCode::kLoadFailed, "another scheme, host or port");
  }
  EXPECT_EQ(other.connection_count(), 0u);
}

TEST_F(HttpTrust, RedirectsAreLimitedInNumber) {
  origin_.set_handler([](const HttpRequest& request, HttpConnection& connection) {
    const int left = std::stoi(request.target.substr(1));
    if (left == 0) {
      connection.reply(200, {}, "arrived");
    } else {
      connection.reply(302, {{"Location", "/" + std::to_string(left - 1)}}, "");
    }
  });
  HttpOptions following = options("/{left}");
  following.follow_redirects = true;
  EXPECT_EQ(fetch(following, {.params = {{"left", "3"}}}).value().body, "arrived");
  expect_error(fetch(following, {.params = {{"left", "4"}}}), ErrorCode::kLoadFailed, "3 times");
}

TEST_F(HttpTrust, ErrorsShowNoSecret) {
  HttpOptions secretive = options("/{session}/x?api_key={api_key}&id=hunter2&q={q}&city={city}");
  secretive.parameters = {{.name = "city", .required = false, .default_value = "hunter1"}};
  secretive.url_template.insert(7, "me:hunter3@");
  secretive.headers = {{"Authorization", "Bearer hunter4"}, {"X-Plain", "hunter5"}};
  const SourceRequest request{
      .params = {{"session", "hunter6"}, {"api_key", "hunter7"}, {"q", "hunter0"}}};
  std::vector<std::string> messages;
  for (const int status : {500, 429, 302}) {
    answer(status, {{"Location", "/?password=hunter8"}}, "hunter9");
    messages.push_back(fetch(secretive, request).error().message);
  }
  secretive.follow_redirects = true;
  for (const char* target : {"http://elsewhere.example/?password=hunter8", "?password=hunter8",
                             "/hunter1/hunter2?password=1"}) {
    answer(302, {{"Location", target}}, "");
    const std::string message = fetch(secretive, request).error().message;
    EXPECT_NE(message.find("password=***"), std::string::npos) << message;
    EXPECT_EQ(message.find("hunter"), std::string::npos) << message;
  }
  secretive.follow_redirects = false;
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) { connection.reset(); });
  messages.push_back(fetch(secretive, request).error().message);
  secretive.allow_private = false;
  messages.push_back(fetch(secretive, request).error().message);
  for (const std::string& message : messages) {
    EXPECT_EQ(message.find("hunter"), std::string::npos) << message;
    EXPECT_NE(message.find("***@127.0.0.1" + port() +
                           "{session}/x?api_key={api_key}&id=***&q={q}&city={city}: "),
              std::string::npos)
        << message;
  }
  secretive.headers = {{"Authorization", "hunter\r\nX-Evil: 1"}};
  EXPECT_EQ(http_source(secretive).error().message.find("hunter"), std::string::npos);
}

// A kept connection leaves libcurl no timer that would end the wait by chance.
TEST_F(HttpTrust, AServerThatFallsSilentCannotHoldUpClose) {
  HttpOptions patient = options();
  patient.timeout = std::chrono::hours(1);
  patient.connect_timeout = std::chrono::hours(1);
  const auto source = http_source(patient).value();
  ASSERT_TRUE(source->fetch({}).ok());
  origin_.set_handler(
      [](const HttpRequest&, HttpConnection& connection) { connection.wait_until_closed(); });
  Result<SourceReply> reply = SourceReply{};
  std::thread fetching([&] { reply = source->fetch({}); });
  origin_.wait_for_requests(2);
  source->close();
  fetching.join();
  expect_error(reply, ErrorCode::kClosed, "closed");
}

TEST_F(HttpTrust, ABodyThatIsAnnouncedTooLargeIsNotRead) {
  HttpOptions limited = options();
  limited.max_body_bytes = 1000;
  answer(200, {}, std::string(1000, 'x'));
  EXPECT_EQ(fetch(limited).value().body.size(), 1000u);
  answer(200, {}, std::string(1001, 'x'));
  expect_error(fetch(limited), ErrorCode::kLoadFailed, "max_body_bytes of 1000");
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
    connection.wait_until_closed();
  });
  expect_error(fetch(limited), ErrorCode::kLoadFailed, "max_body_bytes of 1000");
}

// Sends without end, and counts how much was taken.
TEST_F(HttpTrust, AnEndlessBodyIsCutOff) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"}) {
    const bool is_chunked = std::string_view(head).find("chunked") != std::string_view::npos;
    // The handler may outlive this test.
    const auto taken = std::make_shared<std::atomic<std::size_t>>(0);
    origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
      connection.send(head);
      const std::string piece =
          is_chunked ? "1000\r\n" + std::string(0x1000, 'x') + "\r\n" : std::string(0x1000, 'x');
      while (connection.send(piece)) *taken += 0x1000;
      connection.close();
    });
    HttpOptions limited = options();
    limited.max_body_bytes = 100'000;
    expect_error(fetch(limited), ErrorCode::kLoadFailed, "max_body_bytes of 100000");
    EXPECT_LT(*taken, 50'000'000u) << "more than buffers hold";
  }
}

TEST_F(HttpTrust, AnEndlessBodyThatIsNotWantedDoesNotMatter) {
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 1000000000000\r\n\r\n");
    while (connection.send(std::string(10'000, 'x'))) {
    }
    connection.close();
  });
  EXPECT_EQ(fetch(options()).value().status, SourceReply::Status::kAbsent);
}

TEST_F(HttpTrust, HeadersAreLimitedInLength) {
  origin_.set_handler([](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n");
    while (connection.send("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
    connection.close();
  });
  expect_error(fetch(options()), ErrorCode::kLoadFailed, "headers are longer");
}

TEST_F(HttpTrust, WhatIsNotHttpIsALoadFailure) {
  for (const char* reply : {"hello", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    origin_.set_handler([=](const HttpRequest&, HttpConnection& connection) {
      connection.send(reply);
      connection.close();
    });
    SCOPED_TRACE(reply);
    expect_error(fetch(options()), ErrorCode::kLoadFailed, "\"api\"");
  }
}

TEST_F(HttpTrust, TheProxyOfTheEnvironmentIsNotUsed) {
  const HttpOrigin proxy([](const HttpRequest&, HttpConnection& connection) {
    connection.reply(200, {}, "by proxy");
  });
  for (const char* name : {"http_proxy", "ALL_PROXY", "all_proxy"}) {
    setenv(name, proxy.url("").c_str(), 1);
  }
  EXPECT_EQ(fetch(options()).value().body, "hello");
  EXPECT_EQ(proxy.connection_count(), 0u);
  for (const char* name : {"http_proxy", "ALL_PROXY", "all_proxy"}) unsetenv(name);
}

TEST_F(HttpTrust, CookiesAreNotSentBack) {
  answer(200, {{"Set-Cookie", "id=1; Path=/"}}, "hello");
  const auto source = http_source(options()).value();
  ASSERT_TRUE(source->fetch({}).ok());
  ASSERT_TRUE(source->fetch({}).ok());
  EXPECT_EQ(origin_.requests().at(1).header("cookie"), "");
}

TEST_F(HttpTrust, OptionsThatCannotWorkAreRejected) {
  expect_rejected("url_template",
                  [](HttpOptions& bad) { bad.url_template = "file:///etc/passwd"; });
  expect_rejected("url_template", [](HttpOptions& bad) { bad.url_template = "http://{h}/"; });
  expect_rejected("url_template", [](HttpOptions& bad) { bad.url_template = "http://h:99999/"; });
  expect_rejected("url_template", [](HttpOptions& bad) { bad.url_template = "http://[::1/"; });
  expect_rejected("unused", [](HttpOptions& bad) { bad.parameters = {{.name = "unused"}}; });
  expect_rejected("name", [](HttpOptions& bad) { bad.name = "a b"; });
  expect_rejected("json_pointer", [](HttpOptions& bad) { bad.json_pointer = "users"; });
  expect_rejected("headers", [](HttpOptions& bad) { bad.headers = {{"X Y", "1"}}; });
  expect_rejected("headers", [](HttpOptions& bad) { bad.headers = {{"", "1"}}; });
  expect_rejected("headers", [](HttpOptions& bad) { bad.headers = {{"X", "1\r\nY: 2"}}; });
  expect_rejected("headers", [](HttpOptions& bad) { bad.headers = {{"X", std::string(1, '\0')}}; });
  expect_rejected("If-None-Match", [](HttpOptions& bad) {
    bad.headers = {{"If-None-Match", "1"}};
  });
  expect_rejected("Content-Length", [](HttpOptions& bad) {
    bad.headers = {{"Content-Length", "1"}};
  });
  expect_rejected("user_agent", [](HttpOptions& bad) { bad.user_agent = "a\nb"; });
  expect_rejected("connections", [](HttpOptions& bad) { bad.connections = 0; });
  expect_rejected("max_body_bytes", [](HttpOptions& bad) { bad.max_body_bytes = 0; });
  expect_rejected("timeout", [](HttpOptions& bad) { bad.timeout = Duration(0); });
  expect_rejected("connect_timeout", [](HttpOptions& bad) { bad.connect_timeout = Duration(-1); });
  expect_rejected("absent_statuses", [](HttpOptions& bad) { bad.absent_statuses = {200}; });
  expect_rejected("absent_statuses", [](HttpOptions& bad) { bad.absent_statuses = {404, 304}; });
}

// A TLS server with a certificate that it made itself, for two connections.
class TlsServer {
 public:
  explicit TlsServer(const testkit::TempDir& folder) {
    const std::string names = " -keyout " + folder.file("key.pem") + " -out " + certificate(folder);
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=localhost"
        " -addext subjectAltName=DNS:localhost" +
        names + " 2>&1");
    const std::string server =
        "timeout 120 openssl s_server -accept 127.0.0.1:0 -www -naccept 2 -key " +
        folder.file("key.pem") + " -cert " + certificate(folder) + " 2>&1";
    output_ = popen(server.c_str(), "r");
    char line[256];
    while (port_.empty() && std::fgets(line, sizeof(line), output_) != nullptr) {
      const std::string text = line;
      if (text.starts_with("ACCEPT")) port_ = text.substr(text.rfind(':') + 1);
    }
    while (!port_.empty() && port_.back() == '\n') port_.pop_back();
  }
  ~TlsServer() { pclose(output_); }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  static std::string certificate(const testkit::TempDir& folder) { return folder.file("cert.pem"); }
  std::string url(const std::string& host) const { return "https://" + host + ":" + port_ + "/"; }

 private:
  static void run(const std::string& command) {
    std::FILE* const output = popen(command.c_str(), "r");
    char line[256];
    while (std::fgets(line, sizeof(line), output) != nullptr) {
    }
    EXPECT_EQ(pclose(output), 0) << command;
  }

  std::FILE* output_ = nullptr;
  std::string port_;
};

TEST_F(HttpTrust, ACertificateIsVerified) {
  const testkit::TempDir folder;
  const TlsServer server(folder);
  HttpOptions secure = options();
  secure.url_template = server.url("localhost");
  expect_error(fetch(secure), ErrorCode::kUnavailable, "certificate");
  secure.ca_file = TlsServer::certificate(folder);
  EXPECT_EQ(fetch(secure).value().status, SourceReply::Status::kFound);
}

TEST_F(HttpTrust, ACertificateOfAnotherHostIsRefused) {
  const testkit::TempDir folder;
  const TlsServer server(folder);
  HttpOptions secure = options();
  secure.ca_file = TlsServer::certificate(folder);
  secure.url_template = server.url("127.0.0.1");
  expect_error(fetch(secure), ErrorCode::kUnavailable, "127.0.0.1");
  secure.url_template = server.url("localhost");
  EXPECT_TRUE(fetch(secure).ok());
}

}  // namespace
}  // namespace strata
