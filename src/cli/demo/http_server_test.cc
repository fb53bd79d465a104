// Tests of the demo's HTTP origin, over real connections.
#include "cli/demo/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cli/demo/descriptor.h"

namespace strata::demo {
namespace {

using std::chrono_literals::operator""ms;

// A client that waits; what it receives is one response, whose body has a Content-Length.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }
  void send(const std::string& text) const {
    ASSERT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void get(const std::string& path, const std::string& headers = "") const {
    send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
  }
  // The next response; what came so far if the connection is closed.
  std::string receive() {
    for (;;) {
      const std::size_t end = received_.find("\r\n\r\n");
      const std::size_t length_at = received_.find("Content-Length: ");
      if (end != std::string::npos) {
        const std::size_t body = length_at < end ? std::stoul(received_.substr(length_at + 16)) : 0;
        if (received_.size() >= end + 4 + body) {
          const std::string response = received_.substr(0, end + 4 + body);
          received_.erase(0, response.size());
          return response;
        }
      }
      if (!receive_some()) return received_;
    }
  }
  // Whether anything comes within a moment.
  [[nodiscard]] bool hears_something() const {
    pollfd polled{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, 30) > 0;
  }
  [[nodiscard]] bool closed_by_server() { return !receive_some(); }

 private:
  bool receive_some() {
    char buffer[4096];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got > 0) received_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  Descriptor socket_;
  bool connected_ = false;
  std::string received_;
};

HttpResponse echo(const HttpRequest& request) {
  return {.status = 200, .content_type = "text/plain", .etag = "\"1\"", .body = request.path};
}

std::unique_ptr<HttpServer> serve(HttpServer::Handler handler, HttpServerOptions options = {}) {
  return HttpServer::start(std::move(handler), options, system_clock()).value();
}

bool ends_with(const std::string& response, const std::string& body) {
  return response.starts_with("HTTP/1.1 200") && response.ends_with("\r\n\r\n" + body);
}

TEST(HttpServer, AnswersOneRequestAfterTheOtherOnAConnection) {
  const auto server = serve(echo);
  Client client(server->port());
  ASSERT_TRUE(client.connected());
  for (const char* path : {"/a", "/b", "/c"}) {
    client.get(path);
    EXPECT_TRUE(ends_with(client.receive(), path));
  }
  EXPECT_EQ(server->requests(), 3u);
}

TEST(HttpServer, AnswersRequestsThatCameTogetherInTheirOrder) {
  const auto server = serve(echo);
  Client client(server->port());
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(ends_with(client.receive(), "/1"));
  EXPECT_TRUE(ends_with(client.receive(), "/2"));
  EXPECT_TRUE(ends_with(client.receive(), "/3"));
}

TEST(HttpServer, ARequestMayComeByteByByte) {
  const auto server = serve(echo);
  Client client(server->port());
  for (const char byte : std::string("GET /slow HTTP/1.1\r\n\r\n")) client.send({byte});
  EXPECT_TRUE(ends_with(client.receive(), "/slow"));
}

TEST(HttpServer, SendsNoAnswerBeforeItsDelayIsOver) {
  const auto server = serve(echo, {.added_delay = 30ms});
  const auto clock = system_clock();
  Client client(server->port());
  const Instant before = clock->now();
  client.get("/x");
  EXPECT_TRUE(ends_with(client.receive(), "/x"));
  EXPECT_GE(between(before, clock->now()), Duration(30ms));
}

// What a cache must cope with: the origin changes while its answer is on its way.
TEST(HttpServer, AnAnswerIsAsOldAsItsRequest) {
  std::atomic<int> version{1};
  std::atomic<int> asked{0};
  const auto server = serve([&](const HttpRequest&) {
    const std::string body = std::to_string(version.load());
    ++asked;
    return HttpResponse{.content_type = "text/plain", .body = body};
  });
  server->set_held(true);
  Client client(server->port());
  client.get("/x");
  while (asked == 0) std::this_thread::yield();
  version = 2;
  EXPECT_FALSE(client.hears_something());
  server->set_held(false);
  EXPECT_TRUE(ends_with(client.receive(), "1"));
  client.get("/x");
  EXPECT_TRUE(ends_with(client.receive(), "2"));
}

TEST(HttpServer, ServesManyConnectionsAtOnce) {
  std::atomic<int> asked{0};
  const auto server = serve([&](const HttpRequest& request) {
    ++asked;
    return echo(request);
  });
  server->set_held(true);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<Client>(server->port()));
    clients.back()->get("/" + std::to_string(i));
  }
  while (asked < 50) std::this_thread::yield();  // All have arrived though none was answered.
  server->set_held(false);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(
        ends_with(clients[static_cast<std::size_t>(i)]->receive(), "/" + std::to_string(i)));
  }
}

TEST(HttpServer, ConnectionsBeyondTheLimitWaitForTheirTurn) {
  const auto server = serve(echo, {.max_connections = 2});
  auto first = std::make_unique<Client>(server->port());
  Client second(server->port());
  first->get("/1");
  second.get("/2");
  EXPECT_TRUE(ends_with(first->receive(), "/1"));
  EXPECT_TRUE(ends_with(second.receive(), "/2"));
  Client third(server->port());
  third.get("/3");
  second.get("/4");
  EXPECT_TRUE(ends_with(second.receive(), "/4"));
  EXPECT_EQ(server->requests(), 3u) << "the third is in the kernel's queue";
  first.reset();
  EXPECT_TRUE(ends_with(third.receive(), "/3"));
}

TEST(HttpServer, WhileItFailsItSaysSo) {
  const auto server = serve(echo);
  Client client(server->port());
  server->set_failing(true);
  client.get("/x");
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 503"));
  server->set_failing(false);
  client.get("/x");
  EXPECT_TRUE(ends_with(client.receive(), "/x"));
  EXPECT_EQ(server->failures(), 1u);
  EXPECT_EQ(server->requests(), 1u);
}

TEST(HttpServer, CountsWhatWasNotModified) {
  const auto server = serve(echo);
  Client client(server->port());
  client.get("/x", "If-None-Match: \"1\"\r\n");
  EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 304"));
  client.get("/x", "If-None-Match: \"0\"\r\n");
  EXPECT_TRUE(ends_with(client.receive(), "/x"));
  EXPECT_EQ(server->not_modified(), 1u);
  EXPECT_EQ(server->requests(), 2u);
}

TEST(HttpServer, ClosesAfterABadRequestAndAfterClose) {
  const auto server = serve(echo);
  Client bad(server->port());
  bad.send("BREW / HTCPCP/1.0\r\n\r\n");
  EXPECT_TRUE(bad.receive().starts_with("HTTP/1.1 505"));
  EXPECT_TRUE(bad.closed_by_server());
  Client polite(server->port());
  polite.get("/x", "Connection: close\r\n");
  EXPECT_TRUE(ends_with(polite.receive(), "/x"));
  EXPECT_TRUE(polite.closed_by_server());
  EXPECT_EQ(server->requests(), 1u);
}

TEST(HttpServer, ClosesAConnectionThatIsQuietForTooLong) {
  const auto server = serve(echo, {.idle_timeout = 20ms});
  Client client(server->port());
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, StopsWhileAnAnswerIsStillDue) {
  auto server = serve(echo, {.added_delay = std::chrono::hours(1)});
  Client client(server->port());
  client.get("/x");
  while (server->requests() == 0) std::this_thread::yield();
  server.reset();
  EXPECT_TRUE(client.closed_by_server());
}

}  // namespace
}  // namespace strata::demo
