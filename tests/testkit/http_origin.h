// HttpOrigin: a scriptable HTTP server on 127.0.0.1, for tests of what talks to one.
//
// Each request is handed to a handler, in a thread of its connection, which writes whatever
// bytes it likes: a reply, half of one, or none. Connections are kept alive between requests.
//
//   HttpOrigin origin([](const HttpRequest& request, HttpConnection& connection) {
//     connection.reply(200, {{"ETag", "\"1\""}}, "hello " + request.target);
//   });
//   fetch(origin.url("/42"));
//   EXPECT_EQ(origin.requests().at(0).header("if-none-match"), "");
//
// Threads   Thread-safe. The destructor cuts every connection and joins every thread; a handler
//           that waits for something else than its connection must have been released before.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::testkit {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;
  HttpHeaders headers;
  // The value of the first header of that name, in lower case; "" if there is none.
  [[nodiscard]] std::string header(std::string_view name) const;
};

class HttpConnection {
 public:
  explicit HttpConnection(int socket) : socket_(socket) {}

  // Writes all of `bytes`; returns whether the other side still takes them.
  bool send(std::string_view bytes);
  // A whole reply, with a Content-Length unless `headers` have one or a Transfer-Encoding.
  bool reply(int status, const HttpHeaders& headers, std::string_view body);
  // Returns when the other side, or the destructor of the origin, has closed the connection.
  void wait_until_closed();
  // No further request on this connection: it ends when the handler returns.
  void close() { is_closing_ = true; }
  // The same, with an RST instead of an orderly end.
  void reset();
  [[nodiscard]] bool is_closing() const { return is_closing_; }

 private:
  int socket_;
  bool is_closing_ = false;
};

class HttpOrigin {
 public:
  using Handler = std::function<void(const HttpRequest& request, HttpConnection& connection)>;

  explicit HttpOrigin(Handler handler);
  ~HttpOrigin();
  HttpOrigin(const HttpOrigin&) = delete;
  HttpOrigin& operator=(const HttpOrigin&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url(std::string_view path) const;  // http://127.0.0.1:port + path
  void set_handler(Handler handler);

  [[nodiscard]] std::vector<HttpRequest> requests() const;  // so far, in order of arrival
  [[nodiscard]] std::size_t connection_count() const;       // accepted so far
  // Waits until `count` requests have arrived.
  void wait_for_requests(std::size_t count) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// gzip of `text`, uncompressed inside; and of `bytes` times the same letter, a 160th in size.
[[nodiscard]] std::string gzip_of(std::string_view text);
[[nodiscard]] std::string gzip_bomb(std::size_t bytes);

}  // namespace strata::testkit
