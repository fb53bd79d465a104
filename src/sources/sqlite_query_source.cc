// A SQLite query as a source: a few connections, lent to one fetch at a time.
#include "strata/sources/sqlite_query_source.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "core/assert.h"
#include "core/mutex.h"
#include "core/quote.h"
#include "ports/fork_guard.h"
#include "sources/query_connection.h"
#include "strata/core/duration.h"

namespace strata {

namespace {

// Between two looks at a locked file, and between two looks at the clock while all connections
// are lent. close() and a returned connection end either wait at once.
constexpr Duration kWaitSlice = std::chrono::milliseconds(10);

// A queue of connections.
//
// Invariants:
// (1) idle.size() + lent <= the connections allowed.
// (2) After closed is set, `lent` only falls, and nothing returns to `idle`.
//
// A query asks, through its QueryPatience, whether `closed` is set; so close() waits for lent
// connections no longer than that takes.
struct Pool {
  Mutex mutex;
  CondVar changed;
  std::vector<std::unique_ptr<QueryConnection>> idle STRATA_GUARDED_BY(mutex);
  std::size_t lent STRATA_GUARDED_BY(mutex) = 0;
  std::atomic<bool> closed{false};  // written under the mutex
};

class SqliteQuerySource : public Source {
 public:
  SqliteQuerySource(SqliteQueryOptions options, std::shared_ptr<Clock> clock)
      : options_(std::move(options)), clock_(std::move(clock)) {}
  ~SqliteQuerySource() override { close(); }

  // Opens the first connection and completes the parameters from its SQL.
  [[nodiscard]] Result<void> open();

  [[nodiscard]] std::string_view name() const override { return options_.name; }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return options_.parameters;
  }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override;
  void close() override;

 private:
  class Patience;
  class Loan;
  [[nodiscard]] Result<void> adopt_parameters(const std::vector<std::string>& names);
  [[nodiscard]] Result<std::unique_ptr<QueryConnection>> borrow(Patience& patience);
  [[nodiscard]] std::optional<std::unique_ptr<QueryConnection>> take_idle(Patience& patience);
  void give_back(std::unique_ptr<QueryConnection> connection);
  [[nodiscard]] Error error(ErrorCode code, std::string_view what) const;

  SqliteQueryOptions options_;
  const std::shared_ptr<Clock> clock_;
  Pool pool_;
};

// How long one fetch may take: until its deadline, its time-out, or close().
class SqliteQuerySource::Patience : public QueryPatience {
 public:
  Patience(SqliteQuerySource& source, Deadline deadline)
      : source_(source),
        deadline_(deadline),
        timeout_at_(saturating_add(source.clock_->now(), source.options_.timeout)) {}

  [[nodiscard]] std::optional<Error> ended() override {
    if (source_.pool_.closed.load(std::memory_order_relaxed)) {
      return source_.error(ErrorCode::kClosed, "is closed");
    }
    const Instant now = source_.clock_->now();
    if (now >= deadline_.at) {
      return source_.error(ErrorCode::kDeadlineExceeded, "did not answer before the deadline");
    }
    if (now >= timeout_at_) {
      return source_.error(
          ErrorCode::kUnavailable,
          "did not answer within timeout of " + describe_duration(source_.options_.timeout));
    }
    return std::nullopt;
  }

  [[nodiscard]] bool wait_for_lock(int tries) override {
    if (tries >= source_.options_.busy_timeout / kWaitSlice || ended()) return false;
    const MutexLock lock(source_.pool_.mutex);
    // A wait that something else ends early makes one try shorter, no more.
    source_.pool_.changed.wait_for(source_.pool_.mutex, kWaitSlice);
    return true;
  }

 private:
  SqliteQuerySource& source_;
  const Deadline deadline_;
  const Instant timeout_at_;
};

Result<void> SqliteQuerySource::open() {
  if (options_.connections == 0) return error(ErrorCode::kRejected, "needs a connection");
  Patience patience(*this, {});
  Result<std::unique_ptr<QueryConnection>> first = QueryConnection::open(options_, patience);
  if (!first) return first.error();
  const Result<void> adopted = adopt_parameters((*first)->parameter_names());
  if (!adopted) return adopted;
  const MutexLock lock(pool_.mutex);
  pool_.idle.push_back(*std::move(first));
  return {};
}

Result<void> SqliteQuerySource::adopt_parameters(const std::vector<std::string>& names) {
  for (const SourceParameter& parameter : options_.parameters) {
    if (std::find(names.begin(), names.end(), parameter.name) != names.end()) continue;
    return error(ErrorCode::kRejected, "has a parameter " + internal::quoted(parameter.name) +
                                           " that its SQL does not use");
  }
  for (const std::string& name : names) {
    const auto has_name = [&](const SourceParameter& known) { return known.name == name; };
    const std::vector<SourceParameter>& known = options_.parameters;
    if (std::any_of(known.begin(), known.end(), has_name)) continue;
    options_.parameters.push_back({.name = name, .required = true, .default_value = {}});
  }
  return check_declaration(options_.name, options_.parameters);
}

Result<SourceReply> SqliteQuerySource::fetch(const SourceRequest& request) {
  Patience patience(*this, request.deadline);
  if (const std::optional<Error> ended = patience.ended()) return *ended;
  const Result<void> params_fit = check_params(*this, request.params);
  if (!params_fit) return params_fit.error();

  Result<std::unique_ptr<QueryConnection>> connection = borrow(patience);
  if (!connection) return connection.error();
  Result<std::optional<std::string>> rows =
      (*connection)->run(with_defaults(*this, request.params), patience);
  give_back(*std::move(connection));
  if (!rows) return rows.error();

  SourceReply reply;
  reply.content_type = "application/json";
  if (!*rows) {
    reply.status = SourceReply::Status::kAbsent;
  } else {
    reply.body = **std::move(rows);
  }
  return reply;
}

// An idle connection or, as a null pointer, the right to open one; nothing when time is over.
std::optional<std::unique_ptr<QueryConnection>> SqliteQuerySource::take_idle(Patience& patience) {
  const MutexLock lock(pool_.mutex);
  while (!patience.ended()) {
    if (!pool_.idle.empty()) {
      std::unique_ptr<QueryConnection> connection = std::move(pool_.idle.back());
      pool_.idle.pop_back();
      ++pool_.lent;
      return connection;
    }
    if (pool_.lent < options_.connections) {
      ++pool_.lent;
      return nullptr;
    }
    pool_.changed.wait_for(pool_.mutex, kWaitSlice);
  }
  return std::nullopt;
}

Result<std::unique_ptr<QueryConnection>> SqliteQuerySource::borrow(Patience& patience) {
  std::optional<std::unique_ptr<QueryConnection>> idle = take_idle(patience);
  if (!idle) return patience.ended().value();
  if (*idle != nullptr && !(*idle)->file_has_moved()) return *std::move(idle);

  idle->reset();
  Result<std::unique_ptr<QueryConnection>> fresh = QueryConnection::open(options_, patience);
  if (!fresh) give_back(nullptr);
  if (!fresh && fresh.error().code == ErrorCode::kRejected) {
    // It was accepted when the source was made: the file has changed, not the request.
    return Error{ErrorCode::kLoadFailed, fresh.error().message, {}};
  }
  return fresh;
}

// `connection` may be null: the right to open one is returned.
void SqliteQuerySource::give_back(std::unique_ptr<QueryConnection> connection) {
  std::unique_ptr<QueryConnection> dropped;  // closed when the lock is free again
  const MutexLock lock(pool_.mutex);
  STRATA_ASSERT(pool_.lent > 0);
  --pool_.lent;
  const bool is_wanted = connection != nullptr && !pool_.closed.load(std::memory_order_relaxed);
  if (is_wanted) {
    pool_.idle.push_back(std::move(connection));
  } else {
    dropped = std::move(connection);
  }
  pool_.changed.notify_all();
}

void SqliteQuerySource::close() {
  std::vector<std::unique_ptr<QueryConnection>> dropped;
  const MutexLock lock(pool_.mutex);
  pool_.closed.store(true, std::memory_order_relaxed);
  pool_.changed.notify_all();
  while (pool_.lent > 0) pool_.changed.wait(pool_.mutex);
  dropped = std::move(pool_.idle);
  pool_.idle.clear();
}

Error SqliteQuerySource::error(ErrorCode code, std::string_view what) const {
  return {code, "source " + internal::quoted(options_.name) + " " + std::string(what), {}};
}

}  // namespace

Result<std::shared_ptr<Source>> sqlite_query_source(SqliteQueryOptions options,
                                                    std::shared_ptr<Clock> clock) {
  const Result<void> is_sound = check_declaration(options.name, options.parameters);
  if (!is_sound) return is_sound.error();
  auto source = std::make_shared<SqliteQuerySource>(std::move(options), std::move(clock));
  const Result<void> opened = source->open();
  if (!opened) return opened.error();
  return internal::fork_guarded(std::move(source));
}

}  // namespace strata
