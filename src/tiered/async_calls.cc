// The asynchronous forms: a value in memory completes at once, all else runs on the executor.
#include <algorithm>
#include <atomic>

#include "core/mutex.h"
#include "tiered/key_buffer.h"
#include "tiered/load_path.h"

namespace strata::internal {

namespace {

// After what time an executor that was full is asked again.
constexpr Duration kAskAgain = std::chrono::milliseconds(10);

// What the timer holds of a load: enough to wake it, and not the cache itself, which would else
// end in the timer's own thread.
struct Alarm {
  explicit Alarm(Cache::State& state) : cache(&state) {}
  Mutex mutex;
  Cache::State* cache STRATA_GUARDED_BY(mutex);  // until the load is over
};

// An asynchronous get_or_load: no thread waits; the flight's end continues it, or a time-out.
struct AsyncLoad : std::enable_shared_from_this<AsyncLoad> {
  std::shared_ptr<KeyspaceState> keyspace;
  OwnedRequest owned;
  std::function<void(Found)> done;
  Ticket arrival{};
  EntryRef previous;
  std::shared_ptr<Alarm> alarm;  // null: nothing bounds the wait
  std::atomic<bool> ended{false};

  ~AsyncLoad() {
    if (!alarm) return;
    const MutexLock lock(alarm->mutex);
    alarm->cache = nullptr;
  }

  // Has time_out() called at the soft time-out, and at the hard one or the deadline.
  void set_alarms() {
    const KeyspaceOptions& options = keyspace->options;
    const Instant now = keyspace->cache.clock->now();
    const Duration soft = owned.call.soft_timeout.value_or(options.soft_timeout);
    const Duration hard = owned.call.hard_timeout.value_or(options.hard_timeout);
    const Instant last = std::min(owned.call.deadline.at, saturating_add(now, hard));
    const Instant first = std::min(last, saturating_add(now, soft));
    if (first == kNever) return;
    alarm = std::make_shared<Alarm>(keyspace->cache);
    set_alarm(first, last);
    if (first < last && last != kNever) set_alarm(last, last);
  }
  // Where the timer takes no more, or has its share of them, the wait has no bound.
  void set_alarm(Instant at, Instant last) {
    const std::shared_ptr<std::atomic<std::size_t>>& alarms = keyspace->cache.alarms;
    if (alarms->fetch_add(1) >= limits::kLoadAlarms ||
        !schedule(*keyspace->cache.timer, at, alarm, weak_from_this(), {alarms, at == last})) {
      --*alarms;
    }
  }
  struct AlarmKind {
    std::shared_ptr<std::atomic<std::size_t>> alarms;
    bool is_last;
  };
  static bool schedule(Timer& timer, Instant at, const std::shared_ptr<Alarm>& alarm,
                       const std::weak_ptr<AsyncLoad>& weak, const AlarmKind& kind) {
    return timer.schedule(at, [alarm, weak, kind] {
      const MutexLock lock(alarm->mutex);
      const auto time_out = [weak, kind] {
        if (const auto self = weak.lock()) self->time_out(kind.is_last);
      };
      // An executor that takes no more is asked again.
      const bool again =
          alarm->cache != nullptr && !alarm->cache->post(time_out) && !alarm->cache->is_closed() &&
          schedule(*alarm->cache->timer, saturating_add(alarm->cache->clock->now(), kAskAgain),
                   alarm, weak, kind);
      if (!again) --*kind.alarms;
    });
  }
  void time_out(bool is_last) {
    if (ended) return;
    if (auto kept = kept_on_timeout(request())) return end(std::move(*kept));
    if (!is_last) return;
    end(failed({ErrorCode::kDeadlineExceeded,
                "the load of '" + owned.key_text + "' did not finish in time; it goes on",
                {}}));
  }

  [[nodiscard]] Request request() const {
    return {.keyspace = *keyspace, .key = owned.key(), .loader = owned.loader, .call = owned.call};
  }
  void step() {
    const FlightTable::Start start = start_flight(request());
    if (start.leads) {
      run_behind(request(), start.flight, previous);
    } else {
      keyspace->counters.joined.add(1);
    }
    const std::size_t max_waiters = start.leads ? Flight::kLeads : keyspace->options.max_waiters;
    const auto then = [self = shared_from_this(), flight = start.flight, leads = start.leads] {
      auto finish = [self, flight, leads] { self->finish(flight, leads); };
      if (!self->keyspace->cache.post(finish)) finish();
    };
    if (!start.flight->then(then, max_waiters)) end(turned_away(request()));
  }
  void finish(const std::shared_ptr<Flight>& flight, bool leads) {
    if (ended) return;
    if (leads || may_take(request(), *flight, arrival)) {
      return end(found_of(request(), *flight));
    }
    keyspace->counters.join_refused.add(1);
    step();
  }
  // The first answer is the answer.
  void end(Found found) {
    if (ended.exchange(true)) return;
    count(*keyspace, found, owned.key().hash);
    done(std::move(found));
  }
};

}  // namespace

void get_or_load_async(std::shared_ptr<KeyspaceState> keyspace, const Id& id, Loader loader,
                       const CallOptions& call, std::function<void(Found)> done) {
  if (auto refused = refuse(*keyspace, call)) return done(std::move(*refused));
  const KeyBuffer buffer(keyspace->key_prefix, id, keyspace->name);
  if (!buffer.ok()) return done(failed(buffer.error()));
  auto load = std::make_shared<AsyncLoad>();
  const KeyRef key = buffer.ref();
  load->owned = {std::string(key.text), std::string(key.long_params), std::move(loader), call};
  load->keyspace = std::move(keyspace);
  if (auto found = answer_at_once(load->request(), load->previous)) {
    count(*load->keyspace, *found, key.hash);
    return done(std::move(*found));
  }
  load->arrival = load->keyspace->cache.hot->position();
  load->done = std::move(done);
  load->set_alarms();
  load->step();
}

void get_async(std::shared_ptr<KeyspaceState> keyspace, const Id& id, const CallOptions& call,
               std::function<void(Found)> done) {
  if (auto refused = refuse(*keyspace, call)) return done(std::move(*refused));
  const KeyBuffer buffer(keyspace->key_prefix, id, keyspace->name);
  if (!buffer.ok()) return done(failed(buffer.error()));
  KeyspaceState& state = *keyspace;
  auto owned = std::make_shared<OwnedRequest>();
  owned->key_text = buffer.ref().text;
  owned->long_params = buffer.ref().long_params;
  owned->call = call;
  const EntryRef entry =
      state.is_enabled(buffer.ref()) ? state.cache.hot->peek(buffer.ref()) : EntryRef();
  auto task = [keyspace, owned, done] {
    done(caught("reading a value",
                [&] { return get_at(*keyspace, owned->key(), owned->call, nullptr); }));
  };
  const bool here = entry && freshness(*entry, time_of_hit(*state.cache.clock, *entry), state,
                                       call) == Freshness::kFresh;
  if (here || !state.cache.post(task)) task();
}

void run_async(KeyspaceState& keyspace, const std::function<void()>& task) {
  if (!keyspace.cache.post(task)) task();
}

}  // namespace strata::internal
