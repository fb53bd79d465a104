// Transfer: one libcurl handle that GETs one URL at a time, within every limit of HttpOptions.
//
// The only file that knows libcurl is transfer.cc. A transfer keeps its connection for the next
// request; libcurl closes a connection whose exchange did not come to its end.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "http_source/reply_headers.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/http_source/http_source.h"

namespace strata {

struct HttpAnswer {
  int status = 0;
  ReplyHeaders headers;
  std::string body;                // of a 200 or 203, decoded; otherwise empty
  std::string redirect_url;        // absolute; where a 3xx answer points, if it does
  std::string printable_redirect;  // the same for messages; for the caller of get() to fill
};

class Transfer {
 public:
  // `options` must outlive the transfer. Errors: kUnavailable without memory for a handle.
  [[nodiscard]] static Result<std::unique_ptr<Transfer>> make(const HttpOptions& options);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Every complete answer is one, whatever its status. `headers` are whole lines.
  //
  // Errors: kDeadlineExceeded when `at_most` is over, kClosed when `stop` became true, else as
  // http_source.h says. The message neither has the URL nor names the source.
  // Confined to one thread at a time; wake() is not.
  [[nodiscard]] Result<HttpAnswer> get(const std::string& url,
                                       const std::vector<std::string>& headers, Duration at_most,
                                       const std::atomic<bool>& stop);

  // Makes a running get() look at its `stop`. Thread-safe.
  void wake();

 private:
  struct State;
  explicit Transfer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether both URLs have the same scheme, host and port.
[[nodiscard]] bool is_same_origin(const std::string& a, const std::string& b);

// Ok, or kRejected: libcurl does not take `url` for one of http or https with a host.
[[nodiscard]] Result<void> check_url(const std::string& url);

}  // namespace strata
