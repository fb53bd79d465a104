// Serves HTTP with one thread and poll().
#include "cli/demo/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "cli/demo/descriptor.h"
#include "strata/ports/thread.h"

namespace strata::demo {
namespace {

Error failed(const char* what) {
  return {ErrorCode::kUnavailable,
          std::string("the HTTP origin cannot ") + what + ": " + std::strerror(errno),
          {}};
}

}  // namespace

// Every connection goes through: reading -> waiting until the answer is due -> writing -> reading.
//
// Invariants:
// (1) A connection has an unsent answer from the moment its request was handled until the last
//     byte is written; meanwhile nothing more of it is read. Hence one answer per connection.
// (2) Connections and their sockets are touched by the server's thread alone. Others set flags
//     and write to `wake`, so that poll() returns and sees them.
struct HttpServer::State {
  struct Connection {
    Descriptor socket;
    std::string input;
    std::string output;  // empty: reading
    std::size_t sent = 0;
    Instant due;  // when the output may be sent
    Instant last_active;
    bool close_after = false;
    bool dead = false;
  };

  void run();
  void accept_new();
  void handle_input(Connection& connection);
  void answer(Connection& connection, const ParsedRequest& parsed);
  void write_output(Connection& connection);
  void read_input(Connection& connection);
  [[nodiscard]] bool may_send(const Connection& connection, Instant now) const {
    return !connection.output.empty() && !held && connection.due <= now;
  }
  [[nodiscard]] timespec time_to_wait(Instant now) const;
  void poll_once();
  void wake_up() const {
    const char byte = 0;
    [[maybe_unused]] const auto written = ::write(wake_write.get(), &byte, 1);
  }

  Handler handler;
  HttpServerOptions options;
  std::shared_ptr<Clock> clock;
  Descriptor listener;
  Descriptor wake_read;
  Descriptor wake_write;
  std::uint16_t port = 0;
  std::atomic<bool> stopping{false};
  std::atomic<bool> failing{false};
  std::atomic<bool> held{false};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> not_modified{0};
  std::atomic<std::uint64_t> failures{0};
  std::vector<Connection> connections;
  std::vector<pollfd> polled;  // wake, listener, then one per connection
  Thread thread;
};

void HttpServer::State::accept_new() {
  while (connections.size() < options.max_connections) {
    Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection connection;
    connection.socket = std::move(socket);
    connection.last_active = clock->now();
    connections.push_back(std::move(connection));
  }
}

void HttpServer::State::answer(Connection& connection, const ParsedRequest& parsed) {
  connection.due = clock->now();
  connection.close_after = !parsed.request.keep_alive || parsed.error_status != 0;
  HttpRequest request = parsed.request;
  request.keep_alive = !connection.close_after;
  if (parsed.error_status != 0) {
    connection.output = format_response(request, {.status = parsed.error_status,
                                                  .content_type = "text/plain",
                                                  .etag = {},
                                                  .body = "bad request\n"});
    return;
  }
  connection.due = saturating_add(connection.due, options.added_delay);
  if (failing) {
    ++failures;
    connection.output = format_response(
        request, {.status = 503, .content_type = "text/plain", .etag = {}, .body = "out\n"});
    return;
  }
  ++requests;
  connection.output = format_response(request, handler(request));
  if (connection.output.starts_with("HTTP/1.1 304")) ++not_modified;
}

void HttpServer::State::handle_input(Connection& connection) {
  if (!connection.output.empty() || connection.dead) return;
  const ParsedRequest parsed = parse_request(connection.input);
  if (parsed.bytes == 0 && parsed.error_status == 0) return;
  connection.input.erase(0, parsed.bytes);
  answer(connection, parsed);
}

void HttpServer::State::read_input(Connection& connection) {
  std::array<char, 4096> buffer;
  // Bounded: what is not a whole request by kRequestBytes is refused by parse_request().
  while (connection.input.size() < kRequestBytes) {
    const ssize_t got = ::recv(connection.socket.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      connection.input.append(buffer.data(), static_cast<std::size_t>(got));
      connection.last_active = clock->now();
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    connection.dead = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return;
  }
}

void HttpServer::State::write_output(Connection& connection) {
  while (connection.sent < connection.output.size()) {
    const ssize_t wrote =
        ::send(connection.socket.get(), connection.output.data() + connection.sent,
               connection.output.size() - connection.sent, MSG_NOSIGNAL);
    if (wrote > 0) {
      connection.sent += static_cast<std::size_t>(wrote);
      connection.last_active = clock->now();
      continue;
    }
    if (wrote < 0 && errno == EINTR) continue;
    connection.dead = wrote == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return;
  }
  connection.output.clear();
  connection.sent = 0;
  connection.dead = connection.close_after;
  handle_input(connection);  // What came in meanwhile may hold the next request.
}

// Until the next answer is due or a connection has been quiet for too long.
timespec HttpServer::State::time_to_wait(Instant now) const {
  Duration wait = std::chrono::seconds(1);
  for (const Connection& connection : connections) {
    if (connection.output.empty()) {
      const Instant closing = saturating_add(connection.last_active, options.idle_timeout);
      wait = std::min(wait, between(now, closing));
    } else if (!held && connection.due > now) {
      wait = std::min(wait, between(now, connection.due));
    }
  }
  wait = std::max(wait, Duration(0));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
  return {.tv_sec = static_cast<time_t>(seconds.count()),
          .tv_nsec = static_cast<long>((wait - seconds).count())};
}

void HttpServer::State::poll_once() {
  const Instant before = clock->now();
  polled.clear();
  polled.push_back({.fd = wake_read.get(), .events = POLLIN, .revents = 0});
  const bool full = connections.size() >= options.max_connections;
  polled.push_back({.fd = full ? -1 : listener.get(), .events = POLLIN, .revents = 0});
  for (const Connection& connection : connections) {
    const bool sends = may_send(connection, before);
    const short events = sends ? POLLOUT : connection.output.empty() ? POLLIN : 0;
    polled.push_back({.fd = connection.socket.get(), .events = events, .revents = 0});
  }
  const timespec wait = time_to_wait(before);
  if (::ppoll(polled.data(), polled.size(), &wait, nullptr) < 0) return;

  if (polled[0].revents != 0) {
    std::array<char, 64> bytes;
    while (::read(wake_read.get(), bytes.data(), bytes.size()) > 0) {
    }
  }
  const Instant now = clock->now();
  for (std::size_t i = 0; i < connections.size(); ++i) {
    Connection& connection = connections[i];
    const short events = polled[i + 2].revents;
    if ((events & POLLIN) != 0) {
      read_input(connection);
      handle_input(connection);
    } else if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
      connection.dead = true;
    }
    if (may_send(connection, now)) write_output(connection);
    if (connection.output.empty() && between(connection.last_active, now) >= options.idle_timeout) {
      connection.dead = true;
    }
  }
  std::erase_if(connections, [](const Connection& connection) { return connection.dead; });
  if (polled[1].revents != 0) accept_new();
}

void HttpServer::State::run() {
  while (!stopping) poll_once();
  connections.clear();
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(Handler handler, HttpServerOptions options,
                                                      std::shared_ptr<Clock> clock) {
  auto state = std::make_unique<State>();
  state->handler = std::move(handler);
  state->options = options;
  state->clock = std::move(clock);

  state->listener = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!state->listener) return failed("make a socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(state->listener.get(), generic, length) != 0) return failed("take a port");
  if (::listen(state->listener.get(), SOMAXCONN) != 0) return failed("listen");
  if (::getsockname(state->listener.get(), generic, &length) != 0) return failed("tell its port");
  state->port = ntohs(address.sin_port);

  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return failed("make a pipe");
  state->wake_read = Descriptor(ends[0]);
  state->wake_write = Descriptor(ends[1]);
  State* const running = state.get();
  state->thread = Thread("demo-origin", [running] { running->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  state_->stopping = true;
  state_->wake_up();
  state_->thread.join();
}

std::uint16_t HttpServer::port() const { return state_->port; }

void HttpServer::set_failing(bool failing) { state_->failing = failing; }

void HttpServer::set_held(bool held) {
  state_->held = held;
  state_->wake_up();
}

std::uint64_t HttpServer::requests() const { return state_->requests; }
std::uint64_t HttpServer::not_modified() const { return state_->not_modified; }
std::uint64_t HttpServer::failures() const { return state_->failures; }

}  // namespace strata::demo
