// A small HTTP server of plain sockets and threads, for tests.
#include "testkit/http_origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>

namespace strata::testkit {

namespace {

constexpr std::size_t kRequestBytes = 64 * 1024;

std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// Reads up to the blank line that ends a request without a body.
std::optional<std::string> read_head(int socket, std::string& buffer) {
  while (buffer.find("\r\n\r\n") == std::string::npos) {
    char bytes[4096];
    const ssize_t count = recv(socket, bytes, sizeof(bytes), 0);
    if (count <= 0 || buffer.size() > kRequestBytes) return std::nullopt;
    buffer.append(bytes, static_cast<std::size_t>(count));
  }
  const std::size_t end = buffer.find("\r\n\r\n") + 4;
  std::string head = buffer.substr(0, end);
  buffer.erase(0, end);
  return head;
}

HttpRequest parse_head(std::string_view head) {
  HttpRequest request;
  const std::size_t line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  const std::size_t space = line.find(' ');
  request.method = line.substr(0, space);
  request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
  head.remove_prefix(line_end + 2);
  while (head.size() > 2) {
    const std::size_t end = head.find("\r\n");
    const std::string_view header = head.substr(0, end);
    const std::size_t colon = header.find(':');
    const std::size_t value = std::min(header.find_first_not_of(' ', colon + 1), header.size());
    request.headers.emplace_back(lowered(header.substr(0, colon)), header.substr(value));
    head.remove_prefix(end + 2);
  }
  return request;
}

}  // namespace

std::string HttpRequest::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return {};
}

bool HttpConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool HttpConnection::reply(int status, const HttpHeaders& headers, std::string_view body) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
  bool has_length = false;
  for (const auto& [name, value] : headers) {
    text += name + ": " + value + "\r\n";
    const std::string lower = lowered(name);
    has_length = has_length || lower == "content-length" || lower == "transfer-encoding";
  }
  if (!has_length) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return send(text + "\r\n" + std::string(body));
}

void HttpConnection::wait_until_closed() {
  char byte = 0;
  while (recv(socket_, &byte, 1, 0) > 0) {
  }
  close();
}

void HttpConnection::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

struct HttpOrigin::State {
  int listener = -1;
  std::uint16_t port = 0;
  std::thread acceptor;

  mutable std::mutex mutex;
  mutable std::condition_variable arrived;
  Handler handler;
  std::vector<int> sockets;  // of running connections
  std::vector<std::thread> threads;
  std::vector<HttpRequest> requests;
  std::size_t connections = 0;
  bool is_ending = false;

  void accept_all();
  void serve(int socket);
};

void HttpOrigin::State::accept_all() {
  while (true) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex);
    if (is_ending || socket < 0) {
      if (socket >= 0) ::close(socket);
      return;
    }
    ++connections;
    sockets.push_back(socket);
    threads.emplace_back([this, socket] { serve(socket); });
  }
}

void HttpOrigin::State::serve(int socket) {
  HttpConnection connection(socket);
  std::string buffer;
  while (!connection.is_closing()) {
    const std::optional<std::string> head = read_head(socket, buffer);
    if (!head) break;
    const HttpRequest request = parse_head(*head);
    Handler current;
    {
      const std::lock_guard lock(mutex);
      requests.push_back(request);
      current = handler;
    }
    arrived.notify_all();
    current(request, connection);
  }
  const std::lock_guard lock(mutex);
  std::erase(sockets, socket);
  ::close(socket);
}

HttpOrigin::HttpOrigin(Handler handler) : state_(std::make_unique<State>()) {
  state_->handler = std::move(handler);
  state_->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool is_up = bind(state_->listener, generic, size) == 0 &&
                     listen(state_->listener, SOMAXCONN) == 0 &&
                     getsockname(state_->listener, generic, &size) == 0;
  if (!is_up) std::abort();
  state_->port = ntohs(address.sin_port);
  state_->acceptor = std::thread([this] { state_->accept_all(); });
}

HttpOrigin::~HttpOrigin() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_ending = true;
    for (const int socket : state_->sockets) shutdown(socket, SHUT_RDWR);
  }
  shutdown(state_->listener, SHUT_RDWR);
  state_->acceptor.join();
  for (std::thread& thread : state_->threads) thread.join();
  ::close(state_->listener);
}

std::uint16_t HttpOrigin::port() const { return state_->port; }

std::string HttpOrigin::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(state_->port) + std::string(path);
}

void HttpOrigin::set_handler(Handler handler) {
  const std::lock_guard lock(state_->mutex);
  state_->handler = std::move(handler);
}

std::vector<HttpRequest> HttpOrigin::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

std::size_t HttpOrigin::connection_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections;
}

void HttpOrigin::wait_for_requests(std::size_t count) const {
  std::unique_lock lock(state_->mutex);
  state_->arrived.wait(lock, [&] { return state_->requests.size() >= count; });
}

}  // namespace strata::testkit
