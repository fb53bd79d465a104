// Transaction: collecting, private loads, and the end.
//
// Why nothing of it can be seen too early, and nothing stale afterwards.
// (1) A load that starts before the first write reads the origin as it was at the transaction's
//     BEGIN or later. It is stored only with the tickets of the transaction's opening, which is
//     before BEGIN: what others have invalidated since refuses it.
// (2) A load that is stored after the first write could be of what is not committed. So the first
//     write, or wrote(), ends storing; a load that is under way then is not stored either.
// (3) A cached value that carries a collected label may be older than the transaction's own write;
//     it is passed over. Others go on to read it until commit(): the origin has not changed yet.
// (4) commit() comes after the origin's commit, so whoever loads after it reads what was committed.
//     Loads that began before are refused by their tickets, as by any invalidation.
#include "strata/tiered/transaction.h"

#include "core/mutant.h"
#include "core/yield_point.h"
#include "strata/core/limits.h"
#include "tiered/key_buffer.h"
#include "tiered/load_path.h"
#include "tiered/transaction_state.h"

namespace strata {

using internal::Change;

bool Transaction::State::may_use(const Entry& entry) const {
  if (STRATA_MUTANT(kTransactionReadsCached)) return true;
  if (collected_all) return false;
  if (hard.ids.empty() && soft.ids.empty()) return true;
  const auto has = [&](LabelId id) { return hard.ids.contains(id) || soft.ids.contains(id); };
  if (has(label_id(LabelKind::kKey, entry.key_text()))) return false;
  for (const Label& label : entry.labels()) {
    if (has(label.id())) return false;
  }
  if (entry.group() == nullptr) return true;
  return std::none_of(entry.group()->ids.begin(), entry.group()->ids.end(), has);
}

void Transaction::State::collect(const Label& label, Change change) noexcept {
  wrote = true;
  if (collected_all) return;
  if (label.kind() == LabelKind::kAll) return collect_all();
  Collected& into = change == Change::kExpire ? soft : hard;
  try {
    if (into.ids.contains(label.id())) return;
    if (hard.labels.size() + soft.labels.size() >= limits::kTransactionLabels) return collect_all();
    into.labels.push_back(label);
    into.ids.insert(label.id());
  } catch (...) {
    collect_all();
  }
}

void Transaction::State::collect_all() noexcept {
  forget();
  collected_all = true;
}

void Transaction::State::forget() {
  collected_all = false;
  hard = {};
  soft = {};
}

Result<void> Transaction::State::emit(Event event, const Labels& plain) {
  if (Result<void> valid = event.validate(); !valid) return valid;
  const RuleOutcome outcome = cache->rules().evaluate(event);
  wrote = true;  // Whatever the rules make of it.
  for (const Label& label : outcome.invalidate) collect(label, Change::kInvalidate);
  for (const Label& label : outcome.expire) collect(label, Change::kExpire);
  if (outcome.fired.empty()) {
    for (const Label& label : plain) collect(label, Change::kInvalidate);
  }
  if (why.size() < limits::kCauseTextBytes) {
    if (!why.empty()) why += ", ";
    for (const FiredRule& rule : outcome.fired) why += "rule " + std::string(rule.name) + " <- ";
    why += "event " + internal::described(event);
  }
  if (events.size() >= limits::kTransactionEvents) {
    return Error{ErrorCode::kRejected,
                 "a transaction keeps at most " + std::to_string(limits::kTransactionEvents) +
                     " events for its handlers; their labels are collected all the same",
                 {}};
  }
  events.push_back(std::move(event));
  return {};
}

namespace internal {

Found answer_within(const Request& request, const Transaction::State& transaction) {
  KeyspaceState& keyspace = request.keyspace;
  Cache::State& cache = keyspace.cache;
  if (!request.call.bypass) {
    Found found = look_up(keyspace, request.key, request.call, &transaction);
    if (found.outcome != Outcome::kMiss) return found;
  }
  const Tickets tickets =
      STRATA_MUTANT(kTransactionTicketLate) ? take_tickets(cache) : transaction.tickets;
  const std::shared_ptr<Flight> flight =
      FlightTable::begin_private(request.key, cache.clock->now(), tickets);
  flight->set_runner();
  // What a differing value takes the place of, with what depends on it.
  const EntryRef previous = transaction.wrote ? EntryRef() : cache.hot->peek(request.key);
  FlightResult result = run_load(request, *flight, previous);
  flight->complete(result);
  // A kept value might carry a collected label: the error stands for itself.
  return {result.outcome, std::move(result.entry), result.tier, std::move(result.error)};
}

}  // namespace internal

namespace {

Error ended() {
  return {
      ErrorCode::kClosed, "the transaction has ended: open another with Cache::transaction()", {}};
}

}  // namespace

Transaction Cache::transaction() { return Transaction(state_); }

Transaction::Transaction(std::shared_ptr<Cache::State> cache)
    : state_(std::make_unique<State>(
          State{.cache = cache, .tickets = internal::take_tickets(*cache)})) {}

Transaction::~Transaction() {
  if (!open()) return;
  // Nobody said how it ended.
  if (STRATA_MUTANT(kUnknownIsRollback)) return;
  InvalidationResult done = commit();
  if (done.ok()) return;
  state_->collect_all();  // The shortest way to what must not be left out.
  done = commit();
  if (done.ok()) return;
  state_->cache->note_failure("transaction", "invalidating what was collected", *done.error);
}

Transaction::Transaction(Transaction&&) noexcept = default;

Transaction& Transaction::operator=(Transaction&& other) noexcept {
  if (this != &other) {
    const Transaction former(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

bool Transaction::open() const { return state_ && state_->open; }
void Transaction::wrote() {
  if (state_) state_->wrote = true;
}

Labels Transaction::collected() const {
  if (!state_) return {};
  if (state_->collected_all) return {everything()};
  Labels labels = state_->hard.labels;
  labels.insert(labels.end(), state_->soft.labels.begin(), state_->soft.labels.end());
  return labels;
}

Result<void> Transaction::invalidate(std::span<const Label> labels) {
  if (!open()) return ended();
  for (const Label& label : labels) {
    if (Result<void> valid = label.validate(); !valid) return valid;
  }
  if (STRATA_MUTANT(kInvalidateBeforeCommit)) {
    (void)internal::invalidate_everywhere(*state_->cache, labels);
    return {};
  }
  for (const Label& label : labels) state_->collect(label, Change::kInvalidate);
  return {};
}

Result<void> Transaction::emit_event(Event event, const Labels& plain) {
  if (!open()) return ended();
  try {
    return state_->emit(std::move(event), plain);
  } catch (...) {
    // What the rules make of it is not known.
    state_->wrote = true;
    state_->collect_all();
    return internal::error_of_exception(ErrorCode::kUnavailable, "an event of a transaction");
  }
}

Result<void> Transaction::emit(Event event) { return emit_event(std::move(event), {}); }

Result<void> Transaction::invalidate_by_write(std::string_view type, std::string_view id,
                                              Fields fields, Fields old_fields) {
  return emit_event(entity_write(type, id, std::move(fields), std::move(old_fields)),
                    default_labels(type, id));
}

Result<void> Transaction::invalidate_key(internal::KeyspaceState& keyspace, const Id& id) {
  if (auto refused = internal::refuse(keyspace)) return *refused->error;
  try {
    const internal::KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
    if (!buffer.ok()) return buffer.error();
    return invalidate(Label(LabelKind::kKey, buffer.ref().text));
  } catch (...) {
    if (open()) state_->collect_all();
    return internal::error_of_exception(ErrorCode::kUnavailable, "a key that is to be invalidated");
  }
}

internal::Found Transaction::read(internal::KeyspaceState& keyspace, const Id& id,
                                  const internal::LoaderRef* loader, const CallOptions& call) {
  if (!state_) return internal::failed(ended());
  if (auto refused = internal::refuse(keyspace, call)) return *refused;
  if (&keyspace.cache != state_->cache.get()) {
    return internal::failed({ErrorCode::kRejected,
                             "keyspace '" + keyspace.name + "' is not of the transaction's cache",
                             {}});
  }
  return internal::caught("reading in a transaction", [&] {
    const internal::KeyBuffer buffer(keyspace.key_prefix, id, keyspace.name);
    if (!buffer.ok()) return internal::failed(buffer.error());
    const State* within = open() ? state_.get() : nullptr;
    if (loader == nullptr) {
      internal::Found found = internal::look_up(keyspace, buffer.ref(), call, within);
      internal::count(keyspace, found, buffer.ref().hash);
      return found;
    }
    if (within == nullptr) return internal::get_or_load(keyspace, id, *loader, call, nullptr);
    const internal::Request request{.keyspace = keyspace,
                                    .key = buffer.ref(),
                                    .loader = *loader,
                                    .call = call,
                                    .transaction = within};
    internal::Found found = internal::answer_within(request, *within);
    internal::count(keyspace, found, buffer.ref().hash);
    return found;
  });
}

InvalidationResult Transaction::commit() {
  InvalidationResult result;
  if (!open()) {
    result.error = internal::shared_error(ended());
    return result;
  }
  STRATA_YIELD("tiered.transaction.commit");
  Cache::State& cache = *state_->cache;
  if (!cache.birthplace.is_here()) {
    result.error = internal::shared_error(cache.closed_error());
    return result;
  }
  if (cache.closed.load(std::memory_order_acquire)) {
    result.error = internal::shared_error(
        {ErrorCode::kClosed, "the cache was closed before the transaction was committed", {}});
    return result;
  }
  const internal::CauseScope::Text text = [&] { return state_->why; };
  const internal::CauseScope scope(cache.causes, CauseKind::kTransaction, text);
  const Label all = everything();
  const std::span<const Label> hard =
      state_->collected_all ? std::span(&all, 1) : std::span<const Label>(state_->hard.labels);
  result = internal::caught_removal([&] {
    InvalidationResult done = internal::change_in_slices(cache, hard, Change::kInvalidate);
    internal::add_to(done, internal::change_in_slices(cache, state_->soft.labels, Change::kExpire));
    return done;
  });
  if (!result.ok()) return result;  // Still open: it can be tried again.
  state_->open = false;
  for (const Event& event : state_->events) (void)cache.events.emit(event);
  return result;
}

void Transaction::rollback() {
  if (!state_) return;
  state_->open = false;
  state_->forget();
  state_->events.clear();
}

}  // namespace strata
