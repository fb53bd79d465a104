// The journal of causes between processes: read at the start, written now and then and at the end.
#include "tiered/state.h"

namespace strata {
namespace {

constexpr std::int64_t kSavedEveryMs = 10'000;

}  // namespace

void Cache::State::load_journal() {
  journal_saved_.store(causes.now().unix_ms, std::memory_order_relaxed);
  if (!journal_store_.read) return;
  const Result<std::string> bytes = journal_store_.read();
  Result<void> loaded;
  if (!bytes) {
    loaded = bytes.error();
  } else if (!bytes->empty()) {
    loaded = causes.journal().decode(*bytes);
  }
  if (loaded) return;
  log(LogLevel::kWarning,
      "what happened before this process cannot be told: " + loaded.error().message);
}

void Cache::State::save_journal() {
  if (!journal_store_.write) return;
  Result<void> saved;
  {
    const MutexLock lock(journal_mutex_);
    journal_saved_.store(causes.now().unix_ms, std::memory_order_relaxed);
    const CauseJournalStats stats = causes.journal().stats();
    if (stats.causes_recorded == 0 && stats.removals_recorded == 0) return;  // nothing is new
    saved = journal_store_.write(causes.journal().encode());
  }
  if (!saved) note_failure("journal", "writing", saved.error());
}

void Cache::State::settle_journal(Deadline deadline) {
  if (!journal_store_.write || causes.journal().stats().causes_recorded == 0) return;
  // What cannot be written now is removed by whoever opens the file next.
  for (const auto& tier : tiers) (void)tier->flush(deadline);
}

void Cache::State::save_journal_soon(WallTime now) {
  if (!journal_store_.write) return;
  std::int64_t last = journal_saved_.load(std::memory_order_relaxed);
  if (now.unix_ms - last < kSavedEveryMs && now.unix_ms >= last) return;
  if (!journal_saved_.compare_exchange_strong(last, now.unix_ms)) return;
  (void)post([this] { save_journal(); });
}

}  // namespace strata
