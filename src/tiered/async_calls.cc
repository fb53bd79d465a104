// The asynchronous forms: a value in memory completes at once, all else runs on the executor.
#include "tiered/key_buffer.h"
#include "tiered/load_path.h"

namespace strata::internal {

namespace {

// An asynchronous get_or_load: no thread waits; the flight's end continues it.
struct AsyncLoad : std::enable_shared_from_this<AsyncLoad> {
  std::shared_ptr<KeyspaceState> keyspace;
  OwnedRequest owned;
  std::function<void(Found)> done;
  Ticket arrival{};
  EntryRef previous;

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
    start.flight->then([self = shared_from_this(), flight = start.flight, leads = start.leads] {
      auto finish = [self, flight, leads] { self->finish(flight, leads); };
      if (!self->keyspace->cache.post(finish)) finish();
    });
  }
  void finish(const std::shared_ptr<Flight>& flight, bool leads) {
    if (leads || may_take(request(), *flight, arrival)) {
      Found found = found_of(request(), *flight);
      count(*keyspace, found, owned.key().hash);
      done(std::move(found));
      return;
    }
    keyspace->counters.join_refused.add(1);
    step();
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
  const EntryRef entry = state.options.enabled ? state.cache.hot->peek(buffer.ref()) : EntryRef();
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
