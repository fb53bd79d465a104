#include "strata/load/guarded_tier.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "load/visits.h"
#include "strata/core/duration.h"
#include "strata/ports/leases_loads.h"
#include "strata/ports/tells_trouble.h"

namespace strata {

namespace {

using internal::Visits;

// What was asked for is the caller's fault, or nobody's.
bool is_failure(const Error& error, Instant now, Deadline callers) {
  if (error.code == ErrorCode::kClosed || error.code == ErrorCode::kRejected) return false;
  return error.code != ErrorCode::kDeadlineExceeded || now < callers.at;
}

// One kind of calls, with what guards it.
class Guard {
 public:
  Guard(const char* what, Tier& tier, const TierGuardOptions& options, const TierGuardParts& parts,
        const std::atomic<bool>& closed)
      : what_(what),
        tier_(tier),
        options_(options),
        clock_(parts.clock),
        log_(parts.log),
        closed_(closed),
        breaker_(options.breaker, parts.clock,
                 [this](const BreakerChange& change) { say(change); }),
        visits_(options.max_waiting, options.timeout) {}

  Breaker& breaker() { return breaker_; }
  [[nodiscard]] const Breaker& breaker() const { return breaker_; }

  // A call of how many keys, and what its caller allows.
  struct Asked {
    Deadline callers;
    std::size_t keys = 1;
  };

  // What `ask(deadline)` answers; what `instead()` does, if it is not asked. The probe is asked
  // whoever else is inside: those may be the ones that never come back. A large batch may take
  // longer than others have patience, and is not counted among them. Precondition: the call is
  // allowed.
  template <typename T, typename Instead, typename Ask>
  Result<T> make(Breaker::Call& call, const Asked& asked, const Instead& instead, const Ask& ask) {
    const Instant start = clock_->now();
    const Duration timeout = timeout_of(asked.keys);
    std::optional<Visits::Visit> visit;
    if (!call.is_probe() && timeout == options_.timeout) visit.emplace(visits_, start);
    if (visit && visit->outcome() != Visits::Outcome::kInside) {
      if (visit->outcome() == Visits::Outcome::kStuck) {
        breaker_.open("of those that are running none has come back for " +
                      describe_duration(options_.timeout));
      }
      breaker_.count_skipped();
      return instead();
    }
    Result<T> answer = ask(Deadline{std::min(asked.callers.at, saturating_add(start, timeout))});
    const Instant end = clock_->now();
    if (visit) visit->leave(end);
    const Error* const error = answer ? nullptr : &answer.error();
    if (error == nullptr || is_failure(*error, end, asked.callers)) {
      judge(call, error, between(start, end), timeout);
    }
    return answer;
  }

  [[nodiscard]] std::string reason() const {
    const std::string why = breaker_.reason();
    return why.empty() ? why : std::string(what_) + " are passed over: " + why;
  }

 private:
  // The time-out is of so many keys.
  static constexpr std::size_t kKeysPerTimeout = 100;
  [[nodiscard]] Duration timeout_of(std::size_t keys) const {
    Duration timeout = options_.timeout;
    for (std::size_t more = kKeysPerTimeout; more < keys; more += kKeysPerTimeout) {
      timeout = saturating_add(timeout, options_.timeout);
    }
    return timeout;
  }

  static void judge(Breaker::Call& call, const Error* error, Duration took, Duration timeout) {
    if (took >= timeout) {
      call.was_slow("one took " + describe_duration(took) + ", and the time-out is " +
                    describe_duration(timeout));
    } else if (error != nullptr) {
      call.failed(std::string(to_string(error->code)) + ": " + error->message);
    } else {
      call.succeeded();
    }
  }

  void say(const BreakerChange& change) const {
    if (!log_ || closed_.load(std::memory_order_acquire)) return;
    const std::string about = std::string(tier_.name()) + ": " + what_;
    if (change.to == BreakerState::kClosed) {
      log_(LogLevel::kWarning, about + " are made again");
    } else if (change.from == BreakerState::kHalfOpen) {
      log_(LogLevel::kInfo, about + " are passed over for another " +
                                describe_duration(change.open_for) + ": " + change.reason);
    } else {
      log_(LogLevel::kWarning, about + " are passed over for " +
                                   describe_duration(change.open_for) + ": " + change.reason);
    }
  }

  const char* const what_;
  Tier& tier_;
  const TierGuardOptions options_;
  const std::shared_ptr<Clock> clock_;
  const LogSink log_;
  const std::atomic<bool>& closed_;  // then nothing is logged any more
  Breaker breaker_;
  Visits visits_;
};

// What a probe needs too, which may outlive the guard: it runs on the executor. Not the executor
// itself, which could then end within one of its tasks.
struct Core {
  Core(std::unique_ptr<Tier> given, const TierGuardOptions& options, const TierGuardParts& parts)
      : tier(std::move(given)),
        clock(parts.clock),
        reads("reads", *tier, options, parts, closed),
        fills("fills", *tier, options, parts, closed) {}

  // Around a probe that runs.
  class Running {
   public:
    explicit Running(Core& core) : core_(core) {
      const MutexLock lock(core_.mutex);
      may_run_ = !core_.closed.load(std::memory_order_relaxed);
      if (may_run_) ++core_.probes;
    }
    ~Running() {
      if (!may_run_) return;
      const MutexLock lock(core_.mutex);
      --core_.probes;
      core_.probe_ended.notify_all();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    [[nodiscard]] bool may_run() const { return may_run_; }

   private:
    Core& core_;
    bool may_run_ = false;
  };
  // From now on no probe begins.
  void begin_close() {
    const MutexLock lock(mutex);
    closed.store(true, std::memory_order_release);
  }
  void wait_for_probes(Deadline deadline) {
    constexpr Duration kLongestWait = std::chrono::milliseconds(20);
    const MutexLock lock(mutex);
    while (probes > 0) {
      const Duration left = between(clock->now(), deadline.at);
      if (left <= Duration(0)) return;
      // The clock need not be the one by which threads wait.
      probe_ended.wait_for(mutex, std::min(left, kLongestWait));
    }
  }

  const std::unique_ptr<Tier> tier;
  const std::shared_ptr<Clock> clock;
  std::atomic<bool> closed{false};
  Guard reads;
  Guard fills;
  std::atomic<std::size_t> posted{0};  // probes that the executor has, or is offered
  Mutex mutex;
  CondVar probe_ended;
  std::size_t probes STRATA_GUARDED_BY(mutex) = 0;
};

// A read that finds out whether the tier is well, with what it needs for that.
struct Probe {
  Probe(std::shared_ptr<Core> its_core, KeyRef key, Breaker::Call its_call)
      : core(std::move(its_core)),
        text(key.text),
        long_params(key.long_params),
        hash(key.hash),
        call(std::move(its_call)) {
    core->posted.fetch_add(1, std::memory_order_relaxed);
  }
  ~Probe() { core->posted.fetch_sub(1, std::memory_order_relaxed); }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // A task may not throw.
  void run() noexcept {
    const Core::Running running(*core);
    if (!running.may_run()) return;
    try {
      ask();
    } catch (const std::exception& thrown) {
      fail(thrown.what());
    } catch (...) {
      fail("what is no std::exception");
    }
  }

  void ask() {
    using Answer = std::optional<Record>;
    (void)core->reads.make<Answer>(
        call, {}, [] { return Answer(); },
        [this](Deadline deadline) {
          return core->tier->get({text, hash, long_params}, deadline);
        });
  }
  // Unless there is a verdict, and it was the log that threw.
  void fail(const char* what) noexcept try {
    if (call.is_probe()) call.failed(std::string("it threw: ") + what);
  } catch (...) {  // There is nobody to be told.
  }

  const std::shared_ptr<Core> core;
  const std::string text;
  const std::string long_params;
  const std::uint64_t hash;
  Breaker::Call call;
};

class GuardedTier final : public Tier, public TellsTrouble, public LeasesLoads {
 public:
  GuardedTier(std::shared_ptr<Core> core, std::shared_ptr<Executor> executor, bool graceful)
      : core_(std::move(core)),
        executor_(std::move(executor)),
        graceful_(graceful),
        name_(core_->tier->name()) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Ticket position() const override { return tier().position(); }

  [[nodiscard]] bool skip_read() override {
    return graceful_ && !is_closed() && core_->reads.breaker().skip();
  }

  [[nodiscard]] Result<std::optional<Record>> get(KeyRef key, Deadline deadline) override {
    using Answer = std::optional<Record>;
    return read<Answer>(
        key, {deadline}, [] { return Answer(); }, [&](Deadline at) { return tier().get(key, at); });
  }

  [[nodiscard]] Result<std::vector<std::optional<Record>>> get_many(std::span<const KeyRef> keys,
                                                                    Deadline deadline) override {
    using Answer = std::vector<std::optional<Record>>;
    const auto ask = [&](Deadline at) { return tier().get_many(keys, at); };
    if (keys.empty()) return ask(deadline);
    return read<Answer>(
        keys.front(), {deadline, keys.size()}, [&] { return Answer(keys.size()); }, ask);
  }

  [[nodiscard]] Result<FillOutcome> fill(const Record& record, Ticket ticket,
                                         Deadline deadline) override {
    const auto ask = [&](Deadline at) { return tier().fill(record, ticket, at); };
    if (is_closed()) return ask(deadline);
    Breaker& breaker = core_->fills.breaker();
    // Who cannot be read is not written to either, until that has been found to be over.
    if (core_->reads.breaker().state() != BreakerState::kClosed) {
      breaker.count_skipped();
      return FillOutcome::kDeclined;
    }
    Breaker::Call call(breaker);
    if (!call.is_allowed()) return FillOutcome::kDeclined;
    return core_->fills.make<FillOutcome>(
        call, {deadline}, [] { return FillOutcome::kDeclined; }, ask);
  }

  // What follows is never passed over: the promises rest on it.

  [[nodiscard]] Result<FillOutcome> put(KeyRef key, const Record* record, Ticket ticket,
                                        Deadline deadline) override {
    return tier().put(key, record, ticket, deadline);
  }
  InvalidateOutcome invalidate(std::span<const Label> labels) override {
    return tier().invalidate(labels);
  }
  InvalidateOutcome expire(std::span<const Label> labels) override { return tier().expire(labels); }
  [[nodiscard]] Result<bool> touch(KeyRef key, const Lifetime& lifetime,
                                   Deadline deadline) override {
    return tier().touch(key, lifetime, deadline);
  }

  // What somebody asked for, who is told how it went.

  [[nodiscard]] Result<ScanPage> scan(const ScanCursor& cursor, std::size_t limit,
                                      Deadline deadline) override {
    return tier().scan(cursor, limit, deadline);
  }
  [[nodiscard]] Result<std::uint64_t> remove_expired(Deadline deadline) override {
    return tier().remove_expired(deadline);
  }
  [[nodiscard]] Result<void> flush(Deadline deadline) override { return tier().flush(deadline); }
  void set_removal_listener(RecordRemovalListener listener) override {
    tier().set_removal_listener(std::move(listener));
  }
  void set_trouble_listener(TroubleListener listener) override {
    auto* const teller = dynamic_cast<TellsTrouble*>(&tier());
    if (teller != nullptr) teller->set_trouble_listener(std::move(listener));
  }
  void set_invalidation_listener(InvalidationListener listener) override {
    tier().set_invalidation_listener(std::move(listener));
  }

  [[nodiscard]] bool is_shared() const override {
    const auto* const leases = dynamic_cast<const LeasesLoads*>(&tier());
    return leases != nullptr && leases->is_shared();
  }
  [[nodiscard]] bool try_lease(std::uint64_t key_hash) override {
    return dynamic_cast<LeasesLoads&>(tier()).try_lease(key_hash);
  }
  void release(std::uint64_t key_hash) override {
    dynamic_cast<LeasesLoads&>(tier()).release(key_hash);
  }

  [[nodiscard]] TierStats stats() const override {
    TierStats stats = tier().stats();
    stats.reads = core_->reads.breaker().stats();
    stats.fills = core_->fills.breaker().stats();
    std::string why = core_->reads.reason();
    if (why.empty()) why = core_->fills.reason();
    if (why.empty()) return stats;
    if (stats.state == TierState::kOk) stats.state = TierState::kDegraded;
    stats.reason += (stats.reason.empty() ? "" : "; ") + why;
    return stats;
  }

  void close(Deadline deadline) override {
    core_->begin_close();
    tier().close(deadline);
    core_->wait_for_probes(deadline);
  }

 private:
  // Probes that the breaker has given up hold a thread of the executor each.
  static constexpr std::size_t kMostPosted = 2;

  [[nodiscard]] Tier& tier() const { return *core_->tier; }
  [[nodiscard]] bool is_closed() const { return core_->closed.load(std::memory_order_acquire); }

  // As Guard::make(), for a call that need not be allowed. The probe is the executor's, if it takes
  // it.
  template <typename T, typename Nothing, typename Ask>
  Result<T> read(KeyRef key, const Guard::Asked& asked, const Nothing& nothing, const Ask& ask) {
    if (is_closed()) return ask(asked.callers);
    Guard& reads = core_->reads;
    const auto skipped = [&]() -> Result<T> {
      if (graceful_) return nothing();
      return Error{ErrorCode::kUnavailable, name_ + ": " + reads.reason(), {}};
    };
    Breaker::Call call(reads.breaker());
    if (!call.is_allowed()) return skipped();
    if (!call.is_probe() || executor_ == nullptr) {
      return reads.make<T>(call, asked, skipped, ask);
    }
    if (core_->posted.load(std::memory_order_relaxed) >= kMostPosted) {
      call.failed("reads that tried it have not come back");
      return skipped();
    }
    auto probe = std::make_shared<Probe>(core_, key, std::move(call));
    if (!executor_->post([probe] { probe->run(); })) {
      return reads.make<T>(probe->call, asked, skipped, ask);
    }
    reads.breaker().count_skipped();
    return skipped();
  }

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<Executor> executor_;  // goes first: its tasks need the core
  const bool graceful_;
  const std::string name_;
};

}  // namespace

std::unique_ptr<Tier> guarded_tier(std::unique_ptr<Tier> tier, TierGuardOptions options,
                                   TierGuardParts parts) {
  if (options.breaker.failures == 0) return tier;
  auto core = std::make_shared<Core>(std::move(tier), options, parts);
  return std::make_unique<GuardedTier>(std::move(core), std::move(parts.executor), parts.graceful);
}

}  // namespace strata
