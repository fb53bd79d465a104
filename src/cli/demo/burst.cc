// A thousand readers of one object that is in no tier.
#include <atomic>
#include <chrono>
#include <vector>

#include "cli/demo/phases.h"
#include "core/mutex.h"
#include "strata/ports/thread.h"

namespace strata::demo {
namespace {

constexpr Duration kWaitForReaders = std::chrono::seconds(10);

// The origin sends no answer while one exists.
class Hold {
 public:
  explicit Hold(HttpServer& server) : server_(server) { server_.set_held(true); }
  ~Hold() { release(); }
  void release() { server_.set_held(false); }

 private:
  HttpServer& server_;
};

// Counts up to a number that somebody waits for.
class Gathering {
 public:
  explicit Gathering(const Clock& clock) : clock_(clock) {}
  void add(std::uint64_t count) {
    const MutexLock lock(mutex_);
    count_ += count;
    changed_.notify_all();
  }
  // Returns how many there are when all are, or when `at_most` is over.
  std::uint64_t wait_for(std::uint64_t count, Duration at_most) {
    const Instant end = saturating_add(clock_.now(), at_most);
    const MutexLock lock(mutex_);
    while (count_ < count) {
      const Duration left = between(clock_.now(), end);
      if (left <= Duration(0)) break;
      changed_.wait_for(mutex_, left);
    }
    return count_;
  }

 private:
  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  std::uint64_t count_ STRATA_GUARDED_BY(mutex_) = 0;
};

std::uint64_t joined(const Front& front) {
  for (const KeyspaceStats& keyspace : front.cache().stats().keyspaces) {
    if (keyspace.name == kPackageKeyspace) return keyspace.joined;
  }
  return 0;
}

}  // namespace

Result<BurstFigures> run_burst(Origins& origins, Front& front, ObjectId package, const Clock& clock,
                               workload::Progress& progress) {
  BurstFigures figures{.reads = kBurstThreads * kBurstReadsPerThread, .threads = kBurstThreads};
  progress.begin("burst", figures.reads);
  if (Result<void> gone = front.invalidate_key(package); !gone) return gone.error();
  const std::uint64_t calls = origins.packages().calls(package);
  const std::uint64_t joined_before = joined(front);
  const Instant began = clock.now();

  Gathering begun(clock);
  std::atomic<std::uint64_t> failed{0};
  const auto count = [&](const Answer& answer) {
    if (answer.by == AnsweredBy::kNobody) ++failed;
    progress.advance();
  };
  std::vector<Thread> readers;
  Hold hold(origins.server());
  for (unsigned i = 0; i < kBurstThreads; ++i) {
    readers.emplace_back("demo-burst", [&] {
      std::vector<Front::Pending> pending;
      for (unsigned n = 1; n < kBurstReadsPerThread; ++n) {
        pending.push_back(front.start_reading(package));
      }
      begun.add(kBurstReadsPerThread);
      count(front.read(package));
      for (Front::Pending& one : pending) count(one.wait());
    });
  }
  figures.at_once = begun.wait_for(figures.reads, kWaitForReaders);
  hold.release();
  for (Thread& reader : readers) reader.join();

  figures.took = between(began, clock.now());
  figures.failed = failed;
  figures.origin_calls = origins.packages().calls(package) - calls;
  figures.joined = joined(front) - joined_before;
  return figures;
}

}  // namespace strata::demo
