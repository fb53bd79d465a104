// HttpServer: the demo's HTTP origin, a real server on a free port of the loopback interface.
//
// One thread serves all connections, each with one request at a time. A request is answered by
// `handler` the moment it has arrived; the answer is sent `added_delay` later. So the answer is
// as old as its delay when it arrives, as on a slow network, which is what caches get wrong.
//
//   auto server = HttpServer::start(handler, {.added_delay = 20ms}, clock);
//   fetch("http://127.0.0.1:" + std::to_string((*server)->port()) + "/packages/bash");
//
// Threads   Thread-safe. The destructor stops the thread and closes every connection.
// Errors    start(): kUnavailable when no port can be opened.
// Memory    At most `max_connections`, each with kRequestBytes of request and one answer; who
//           comes later waits in the kernel's queue.
// Callbacks `handler` runs in the server's thread, with no lock held. It may not throw or wait.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "cli/demo/http_message.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::demo {

struct HttpServerOptions {
  Duration added_delay{0};
  Duration idle_timeout = std::chrono::seconds(30);  // a quiet connection is closed
  std::size_t max_connections = 256;
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(Handler handler,
                                                                 HttpServerOptions options,
                                                                 std::shared_ptr<Clock> clock);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  // While failing, every request is answered with 503, after the same delay.
  void set_failing(bool failing);
  // While held, no answer is sent, whatever its delay.
  void set_held(bool held);

  [[nodiscard]] std::uint64_t requests() const;      // that the handler answered
  [[nodiscard]] std::uint64_t not_modified() const;  // of them: 304
  [[nodiscard]] std::uint64_t failures() const;      // requests answered with 503

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strata::demo
