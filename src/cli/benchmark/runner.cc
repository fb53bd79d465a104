// Runs requests.
#include "cli/benchmark/runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "cli/workload/interrupt.h"
#include "core/assert.h"
#include "strata/ports/thread.h"

namespace strata::benchmark {
namespace {

constexpr Duration kTellEvery = std::chrono::milliseconds(50);

// Lets threads begin together.
class StartGate {
 public:
  void pass() {
    ready_.fetch_add(1);
    ready_.notify_all();
    open_.wait(false);
  }
  void await(std::size_t threads) {
    for (std::size_t ready = ready_; ready < threads; ready = ready_) ready_.wait(ready);
  }
  void open() {
    open_.store(true);
    open_.notify_all();
  }

 private:
  std::atomic<std::size_t> ready_{0};
  std::atomic<bool> open_{false};
};

// If a thread cannot be started, those that were are not left waiting, and do nothing.
class GateIsOpened {
 public:
  GateIsOpened(StartGate& gate, std::atomic<bool>& stop) : gate_(gate), stop_(stop) {}
  ~GateIsOpened() {
    if (!is_opened_) stop_.store(true);
    gate_.open();
  }
  GateIsOpened(const GateIsOpened&) = delete;
  GateIsOpened& operator=(const GateIsOpened&) = delete;

  void open() {
    is_opened_ = true;
    gate_.open();
  }

 private:
  StartGate& gate_;
  std::atomic<bool>& stop_;
  bool is_opened_ = false;
};

// One of the threads, and what it has seen.
class Worker {
 public:
  Worker(Store& store, const Values& values, const Clock& clock, const RunOptions& options,
         std::size_t thread, std::atomic<bool>& stop)
      : store_(store),
        values_(values),
        clock_(clock),
        options_(options),
        requests_(options.requests[thread]),
        tells_(thread == 0 && options.progress),
        version_((std::uint64_t{thread} + 1) << 40),
        stop_(stop) {
    const std::size_t threads = options.requests.size();
    if (options.operations) {
      quota_ = *options.operations / threads + (thread < *options.operations % threads ? 1 : 0);
    }
  }

  void run(StartGate& gate) {
    gate.pass();
    began_ = told_at_ = ended_ = clock_.now();
    try {
      make_requests();
    } catch (const std::exception& problem) {
      fail({ErrorCode::kUnavailable, problem.what(), std::current_exception()});
    }
  }

  [[nodiscard]] Instant began() const { return began_; }
  [[nodiscard]] Instant ended() const { return ended_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  void add_to(Measured& all) const {
    all.hits += hits_;
    all.not_kept += not_kept_;
    all.checksum += checksum_;
    all.reads.merge(reads_.snapshot());
    all.writes.merge(writes_.snapshot());
  }

 private:
  [[nodiscard]] bool goes_on() const {
    return !stop_.load(std::memory_order_relaxed) && !workload::Interrupt::seen();
  }

  void make_requests() {
    const Instant end = options_.seconds ? saturating_add(began_, *options_.seconds) : kNever;
    const bool takes_writes = store_.takes_writes();
    std::size_t next = 0;
    for (std::uint64_t done = 0; done < quota_ && ended_ < end && goes_on(); ++done) {
      const Request request = requests_[next];
      if (++next == requests_.size()) next = 0;
      if (request.is_write == 0) {
        read(request.number);
      } else if (takes_writes) {
        write(request.number);
      } else {
        ended_ = clock_.now();
      }
      if (tells_ && between(told_at_, ended_) >= kTellEvery) tell(done + 1);
    }
  }

  void read(std::uint64_t number) {
    const Instant begin = clock_.now();
    const Result<void> answered = store_.read(number, reading_);
    ended_ = clock_.now();
    reads_.record(between(begin, ended_));
    if (!answered) return fail(answered.error());
    const std::optional<std::uint64_t> hash = values_.check(reading_.bytes, number);
    if (!hash) {
      return fail({ErrorCode::kCorrupt,
                   "entry " + std::to_string(number) + " was answered with a wrong value of " +
                       std::to_string(reading_.bytes.size()) + " bytes",
                   {}});
    }
    checksum_ += *hash;
    if (reading_.is_hit) ++hits_;
  }

  void write(std::uint64_t number) {
    std::string value = values_.make(number, ++version_);
    const Instant begin = clock_.now();
    const Result<bool> kept = store_.write(number, std::move(value));
    ended_ = clock_.now();
    writes_.record(between(begin, ended_));
    if (!kept) return fail(kept.error());
    if (!*kept) ++not_kept_;
  }

  void fail(Error error) {
    error_ = std::move(error);
    stop_.store(true, std::memory_order_relaxed);
  }

  void tell(std::uint64_t done) {
    options_.progress(done - told_, between(told_at_, ended_));
    told_ = done;
    told_at_ = ended_;
  }

  Store& store_;
  const Values& values_;
  const Clock& clock_;
  const RunOptions& options_;
  const std::vector<Request>& requests_;
  const bool tells_;
  std::uint64_t quota_ = ~std::uint64_t{0};
  std::uint64_t version_;
  std::atomic<bool>& stop_;
  Reading reading_;
  Instant began_;
  Instant ended_;
  Histogram reads_;
  Histogram writes_;
  std::uint64_t hits_ = 0;
  std::uint64_t not_kept_ = 0;
  std::uint64_t checksum_ = 0;
  std::optional<Error> error_;
  std::uint64_t told_ = 0;
  Instant told_at_;
};

}  // namespace

Result<Measured> measure(Store& store, const Values& values, const Clock& clock,
                         const RunOptions& options) {
  STRATA_ASSERT(!options.requests.empty());
  STRATA_ASSERT(options.operations.has_value() || options.seconds.has_value());
  std::atomic<bool> stop{false};
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t thread = 0; thread < options.requests.size(); ++thread) {
    workers.push_back(std::make_unique<Worker>(store, values, clock, options, thread, stop));
  }
  StartGate gate;
  std::vector<Thread> threads;
  GateIsOpened opening(gate, stop);
  for (const auto& worker : workers) {
    threads.emplace_back("benchmark", [&gate, one = worker.get()] { one->run(gate); });
  }
  gate.await(threads.size());
  opening.open();
  for (Thread& thread : threads) thread.join();

  Measured all;
  Instant began = workers.front()->began();
  Instant ended = workers.front()->ended();
  for (const auto& worker : workers) {
    if (worker->error()) return *worker->error();
    began = std::min(began, worker->began());
    ended = std::max(ended, worker->ended());
    worker->add_to(all);
  }
  all.elapsed = between(began, ended);
  return all;
}

}  // namespace strata::benchmark
