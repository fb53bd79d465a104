// An HTTP API as a source: a few transfers, lent to one fetch at a time.
#include "strata/http_source/http_source.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "core/assert.h"
#include "core/mutex.h"
#include "core/quote.h"
#include "http_source/http_reply.h"
#include "http_source/options.h"
#include "http_source/printable_url.h"
#include "http_source/transfer.h"
#include "http_source/url_template.h"
#include "ports/fork_guard.h"
#include "strata/core/duration.h"

namespace strata {

namespace {

// How long a fetch that waits for a transfer leaves the clock alone. One that is returned, and
// close(), end the wait at once.
constexpr Duration kWaitSlice = std::chrono::milliseconds(10);

// Transfers at work and at rest.
//
// Invariants:
// (1) idle.size() + lent.size() + the fetches that are making one <= the connections allowed.
// (2) A transfer in `lent` exists: it is taken out under the lock before it is destroyed. So
//     close() may wake it.
// (3) After closed is set, `busy` only falls, and nothing returns to `idle`.
struct Pool {
  Mutex mutex;
  CondVar changed;
  std::vector<std::unique_ptr<Transfer>> idle STRATA_GUARDED_BY(mutex);
  std::vector<Transfer*> lent STRATA_GUARDED_BY(mutex);
  std::size_t busy STRATA_GUARDED_BY(mutex) = 0;  // fetches that have or are making a transfer
  std::atomic<bool> closed{false};                // written under the mutex
};

class HttpSource : public Source {
 public:
  HttpSource(HttpOptions options, UrlTemplate url, std::shared_ptr<Clock> clock)
      : options_(std::move(options)), url_(std::move(url)), clock_(std::move(clock)) {}
  ~HttpSource() override { close(); }

  [[nodiscard]] std::string_view name() const override { return options_.name; }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return options_.parameters;
  }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override;
  void close() override;

 private:
  // Until when a fetch may take, and which of the two ends it.
  struct Limits {
    Instant at;
    bool is_deadline = false;
  };
  [[nodiscard]] Limits limits_of(Deadline deadline) const;
  [[nodiscard]] std::optional<Error> ended(const Limits& limits) const;
  [[nodiscard]] Error time_over(const Limits& limits) const;

  [[nodiscard]] Result<std::unique_ptr<Transfer>> borrow(const Limits& limits);
  [[nodiscard]] std::optional<std::unique_ptr<Transfer>> take_idle(const Limits& limits);
  void give_back(std::unique_ptr<Transfer> transfer);

  [[nodiscard]] Result<HttpAnswer> get(Transfer& transfer, ExpandedUrl& url,
                                       const SourceRequest& request, const Limits& limits);
  [[nodiscard]] Result<HttpAnswer> get_once(Transfer& transfer, const ExpandedUrl& url,
                                            const std::vector<std::string>& headers,
                                            const Limits& limits);
  [[nodiscard]] Error error(ErrorCode code, std::string_view what) const;
  [[nodiscard]] Error error(const Error& cause, const ExpandedUrl& url) const;

  const HttpOptions options_;
  const UrlTemplate url_;
  const std::shared_ptr<Clock> clock_;
  Pool pool_;
};

HttpSource::Limits HttpSource::limits_of(Deadline deadline) const {
  const Instant timeout_at = saturating_add(clock_->now(), options_.timeout);
  return {.at = std::min(timeout_at, deadline.at), .is_deadline = deadline.at <= timeout_at};
}

std::optional<Error> HttpSource::ended(const Limits& limits) const {
  if (pool_.closed.load(std::memory_order_relaxed)) return error(ErrorCode::kClosed, "is closed");
  if (clock_->now() >= limits.at) return time_over(limits);
  return std::nullopt;
}

Error HttpSource::time_over(const Limits& limits) const {
  if (limits.is_deadline) {
    return error(ErrorCode::kDeadlineExceeded, "did not answer before the deadline");
  }
  return error(ErrorCode::kUnavailable,
               "did not answer within timeout of " + describe_duration(options_.timeout));
}

Result<SourceReply> HttpSource::fetch(const SourceRequest& request) {
  const Limits limits = limits_of(request.deadline);
  if (const std::optional<Error> is_over = ended(limits)) return *is_over;
  const Result<void> params_fit = check_params(*this, request.params);
  if (!params_fit) return params_fit.error();
  Result<ExpandedUrl> url = url_.expand(with_defaults(*this, request.params));
  if (!url) return error(ErrorCode::kRejected, "cannot be asked: " + url.error().message);

  Result<std::unique_ptr<Transfer>> transfer = borrow(limits);
  if (!transfer) return transfer.error();
  Result<HttpAnswer> answer = get(**transfer, *url, request, limits);
  give_back(*std::move(transfer));
  if (!answer) return answer.error();

  Result<SourceReply> reply = reply_of(*std::move(answer), request, options_);
  if (!reply) return error(reply.error(), *url);
  return reply;
}

// Follows redirects as far as the options allow; `url` becomes the last one asked.
Result<HttpAnswer> HttpSource::get(Transfer& transfer, ExpandedUrl& url,
                                   const SourceRequest& request, const Limits& limits) {
  const std::vector<std::string> headers = request_headers(request, options_);
  for (std::size_t redirects = 0;; ++redirects) {
    Result<HttpAnswer> answer = get_once(transfer, url, headers, limits);
    if (!answer || answer->redirect_url.empty()) return answer;
    const std::string target = printable_redirect(answer->redirect_url, url.secrets);
    answer->printable_redirect = target;
    if (!options_.follow_redirects) return answer;

    if (redirects == kHttpRedirects) {
      return error(
          {ErrorCode::kLoadFailed,
           "redirects more than " + std::to_string(kHttpRedirects) + " times, to " + target,
           {}},
          url);
    }
    if (!is_same_origin(url.url, answer->redirect_url)) {
      return error({ErrorCode::kLoadFailed,
                    "redirects to another scheme, host or port, which is never followed: " + target,
                    {}},
                   url);
    }
    url.url = std::move(answer->redirect_url);
    url.printable = target;
  }
}

Result<HttpAnswer> HttpSource::get_once(Transfer& transfer, const ExpandedUrl& url,
                                        const std::vector<std::string>& headers,
                                        const Limits& limits) {
  if (const std::optional<Error> is_over = ended(limits)) return *is_over;
  const Duration left = between(clock_->now(), limits.at);
  Result<HttpAnswer> answer = transfer.get(url.url, headers, left, pool_.closed);
  if (answer) return answer;
  if (answer.error().code == ErrorCode::kDeadlineExceeded) return time_over(limits);
  return error(answer.error(), url);
}

// An idle transfer or, as a null pointer, the right to make one; nothing when time is over.
std::optional<std::unique_ptr<Transfer>> HttpSource::take_idle(const Limits& limits) {
  const MutexLock lock(pool_.mutex);
  while (!ended(limits)) {
    if (!pool_.idle.empty()) {
      std::unique_ptr<Transfer> transfer = std::move(pool_.idle.back());
      pool_.idle.pop_back();
      pool_.lent.push_back(transfer.get());
      ++pool_.busy;
      return transfer;
    }
    if (pool_.busy < options_.connections) {
      ++pool_.busy;
      return nullptr;
    }
    pool_.changed.wait_for(pool_.mutex, kWaitSlice);
  }
  return std::nullopt;
}

Result<std::unique_ptr<Transfer>> HttpSource::borrow(const Limits& limits) {
  std::optional<std::unique_ptr<Transfer>> idle = take_idle(limits);
  if (!idle) return ended(limits).value();
  if (*idle != nullptr) return *std::move(idle);

  Result<std::unique_ptr<Transfer>> fresh = Transfer::make(options_);
  if (!fresh) {
    give_back(nullptr);
    return error(fresh.error().code, fresh.error().message);
  }
  const MutexLock lock(pool_.mutex);
  pool_.lent.push_back(fresh->get());
  return fresh;
}

// `transfer` may be null: the right to make one is returned.
void HttpSource::give_back(std::unique_ptr<Transfer> transfer) {
  std::unique_ptr<Transfer> dropped;  // destroyed when the lock is free again
  const MutexLock lock(pool_.mutex);
  STRATA_ASSERT(pool_.busy > 0);
  --pool_.busy;
  std::erase(pool_.lent, transfer.get());
  const bool is_wanted = transfer != nullptr && !pool_.closed.load(std::memory_order_relaxed);
  if (is_wanted) {
    pool_.idle.push_back(std::move(transfer));
  } else {
    dropped = std::move(transfer);
  }
  pool_.changed.notify_all();
}

void HttpSource::close() {
  std::vector<std::unique_ptr<Transfer>> dropped;
  const MutexLock lock(pool_.mutex);
  pool_.closed.store(true, std::memory_order_relaxed);
  for (Transfer* const transfer : pool_.lent) transfer->wake();
  pool_.changed.notify_all();
  while (pool_.busy > 0) pool_.changed.wait(pool_.mutex);
  dropped = std::move(pool_.idle);
  pool_.idle.clear();
}

Error HttpSource::error(ErrorCode code, std::string_view what) const {
  return {code, "source " + internal::quoted(options_.name) + " " + std::string(what), {}};
}

Error HttpSource::error(const Error& cause, const ExpandedUrl& url) const {
  return {cause.code,
          "source " + internal::quoted(options_.name) + ": " + url.printable + ": " + cause.message,
          {}};
}

}  // namespace

Result<std::shared_ptr<Source>> http_source(HttpOptions options, std::shared_ptr<Clock> clock) {
  Result<UrlTemplate> url = check_options(options);
  if (!url) return url.error();
  return internal::fork_guarded(
      std::make_shared<HttpSource>(std::move(options), *std::move(url), std::move(clock)));
}

}  // namespace strata
