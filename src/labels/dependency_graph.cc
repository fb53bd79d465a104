// The dependency graph: adding edges, closing labels, widening invalidations.
#include "strata/labels/dependency_graph.h"

#include <algorithm>
#include <atomic>
#include <unordered_set>
#include <vector>

#include "core/assert.h"
#include "core/mutex.h"
#include "labels/dependency_checks.h"
#include "labels/dependency_edges.h"
#include "strata/core/limits.h"

namespace strata {

using Node = internal::DependencyEdges::Node;
using Edge = internal::DependencyEdges::Edge;
constexpr Node kNoNode = internal::DependencyEdges::kNone;

// Terms. A value *carries* the labels that it is offered to a tier with. A change of the graph,
// a new edge of a label or a label that becomes wide, is *visible* when the graph's lock is
// released after it, and *announced* when an invalidation of that label, begun when the change
// was visible, has ended. `changes` counts them; a node knows the number of its last change
// (`changed`) and up to which all of its are announced (`announced`).
//
// Invariants:
// (1) Whoever sees a change of a label that is not announced, and relies on it, announces it:
//     add() before it returns, close() before the value is offered. So no call has to wait for
//     what another one is about to do, and a call that failed to announce leaves it to the next.
// (2) A wide label has sources. It is wide until the last of them is removed.
// (3) A value that carries a label carries, or is cut at one of, all that were the label's
//     transitive sources when close() walked: each label it passed brought all its sources into
//     the list, or was marked wide and is in the list itself.
//
// Why close() needs no lock of a tier. Say add() of the edge d -> s has returned, then an
// invalidation of s begins, and at its end a tier serves value v, which carries d or reached d
// over other edges, and was loaded before. v took its ticket in the tier at t, was closed at c
// and accepted at f, and t < c < f. The edge was visible at a and d was raised at r > a.
//   c > a: by (3) v carries s, and is removed or refused by the raise of s; or it is cut, below.
//   c < a: then t < c < a < r. If f < r, v was there when d was raised, and was removed; if
//          r < f, the tier refused it, since d was invalidated after v's ticket.
// If v got to d over edges, follow them from v's own labels to s, up to where v was cut, below, or
// to the first edge that close() did not see. v carries its derived label, and c < a holds for it.
// An edge that is removed leaves values with labels too many, which can only cost a hit; if it is
// added again, that is a new change.
//
// Cut closures. v was cut at x: it carries x, and not all sources of x. The mark was visible at m
// and x was raised at q > m, by (1) before v was offered. An invalidation raises its labels at r
// in a tier, then widens at w > r, then raises the wide labels that it found.
//   w > m: it finds x over the edges, and raises x; v is removed or refused, as above.
//   w < m: then r < w < m < q. By (1) q < f. If v's ticket is before q, v is refused or removed;
//          if it is after, then also after r, and v was loaded after the change.
// That is why widen() comes after the raise, and why both raises are one invalidation for the
// low-water mark. A file outlives the marks, so cut values stay in memory.
//
// The relaxed loads. A tier reads its position under the lock of its raises, or with their
// release. Say close() sees no edge although one is visible at a. If v's ticket in a
// tier was taken after d was raised there, the tier's lock has ordered a before the load, which
// then sees the edge. So t < r, and v is removed or refused. Say widen() sees no wide label
// although x is wide since m. If in any tier the raise of x came before that of s, that tier's
// lock has ordered m before the load. So in every tier r < q, and the case w < m applies.
//
// Past kDependencyReach labels widen() adds every wide label of the graph instead of those that
// depend on the invalidated ones. Every cut value carries one of them, so this is enough.
struct DependencyGraph::State {
  explicit State(Invalidate invalidate_labels) : invalidate(std::move(invalidate_labels)) {}

  // Under the lock: whether the derived label is to be announced.
  Result<bool> connect(const Label& derived, std::span<const Label> sources) STRATA_REQUIRES(mutex);
  void disconnect(Edge edge, Node derived) STRATA_REQUIRES(mutex);

  // Starts a walk, and takes a node into it unless it is there already.
  void begin_walk() STRATA_REQUIRES(mutex) {
    ++walk;
    queue.clear();
  }
  bool enter(Node node) STRATA_REQUIRES(mutex) {
    std::uint64_t& seen = edges.marks(node).seen;
    if (seen == walk) return false;
    queue.push_back(node);
    seen = walk;
    return true;
  }
  void enter(LabelId label) STRATA_REQUIRES(mutex) {
    if (const Node node = edges.find(label); node != kNoNode) enter(node);
  }

  // Adds the sources of what has entered; returns whether all of them. What is to be announced
  // before the value is offered goes to `changed`.
  bool add_sources(Labels& labels, Labels& changed) STRATA_REQUIRES(mutex);
  void cut_at(Node node, Labels& changed) STRATA_REQUIRES(mutex);
  // Calls visit(Node) for each dependent of what has entered; returns whether for all of them.
  template <typename Visit>
  bool visit_dependents(const Visit& visit) STRATA_REQUIRES(mutex);

  // Invalidates labels whose changes up to `number` are visible.
  void announce(std::span<const Label> labels, std::uint64_t number) STRATA_EXCLUDES(mutex);

  const Invalidate invalidate;
  std::atomic<std::size_t> edge_count{0};  // copies for who has no lock
  std::atomic<std::size_t> wide_count{0};

  mutable Mutex mutex;
  internal::DependencyEdges edges STRATA_GUARDED_BY(mutex);
  std::unordered_set<Node> wide STRATA_GUARDED_BY(mutex);
  std::uint64_t changes STRATA_GUARDED_BY(mutex) = 0;
  std::uint64_t walk STRATA_GUARDED_BY(mutex) = 0;
  std::vector<Node> queue STRATA_GUARDED_BY(mutex);  // of the walk
  DependencyStats counts STRATA_GUARDED_BY(mutex);
};

Result<bool> DependencyGraph::State::connect(const Label& derived, std::span<const Label> sources) {
  Node node = edges.find(derived.id());
  std::vector<const Label*> added;
  for (const Label& source : sources) {
    const Node other = edges.find(source.id());
    const bool is_known =
        node != kNoNode && other != kNoNode && edges.find_edge(node, other) != kNoNode;
    if (!is_known) added.push_back(&source);
  }
  const auto by_id = [](const Label* a, const Label* b) { return a->id() < b->id(); };
  const auto same_id = [](const Label* a, const Label* b) { return a->id() == b->id(); };
  std::sort(added.begin(), added.end(), by_id);
  added.erase(std::unique(added.begin(), added.end(), same_id), added.end());

  const std::size_t has = node == kNoNode ? 0 : edges.source_count(node);
  const Result<void> allowed =
      internal::check_counts(derived, has + added.size(), edges.edge_count() + added.size());
  if (!allowed) return allowed.error();
  for (const Label* source : added) {
    node = edges.connect(derived, *source);
    edges.marks(node).changed = ++changes;
    edge_count.store(edges.edge_count(), std::memory_order_relaxed);
  }
  if (node == kNoNode) return false;
  return edges.marks(node).changed > edges.marks(node).announced;
}

void DependencyGraph::State::disconnect(Edge edge, Node derived) {
  if (edges.source_count(derived) == 1 && wide.erase(derived) > 0) {
    edges.marks(derived).wide = false;
    wide_count.store(wide.size(), std::memory_order_relaxed);
  }
  edges.disconnect(edge);
  edge_count.store(edges.edge_count(), std::memory_order_relaxed);
  if (edges.edge_count() > 0) return;
  queue = {};
  wide = {};
}

bool DependencyGraph::State::add_sources(Labels& labels, Labels& changed) {
  bool complete = true;
  std::size_t depth = 0;
  std::size_t level_end = queue.size();
  for (std::size_t at = 0; at < queue.size(); ++at) {
    if (at == level_end) {
      ++depth;
      level_end = queue.size();
    }
    const Node node = queue[at];
    bool cut = false;
    edges.for_each_source(node, [&](Node source) STRATA_NO_ANALYSIS {
      if (edges.marks(source).seen == walk) return true;
      cut = depth == limits::kDependencyDepth || labels.size() >= limits::kLabelsPerEntry;
      if (cut) return false;
      labels.push_back(edges.label(source));
      enter(source);
      return true;
    });
    if (!cut) continue;
    cut_at(node, changed);
    complete = false;
  }
  if (!complete) ++counts.cut_closures;
  return complete;
}

void DependencyGraph::State::cut_at(Node node, Labels& changed) {
  internal::DependencyEdges::Marks& marks = edges.marks(node);
  if (!marks.wide) {
    wide.insert(node);
    marks.wide = true;
    marks.changed = ++changes;
    wide_count.store(wide.size(), std::memory_order_relaxed);
  }
  if (marks.changed > marks.announced) changed.push_back(edges.label(node));
}

template <typename Visit>
bool DependencyGraph::State::visit_dependents(const Visit& visit) {
  const std::size_t most = queue.size() + limits::kDependencyReach;
  bool complete = true;
  for (std::size_t at = 0; at < queue.size() && complete; ++at) {
    edges.for_each_dependent(queue[at], [&](Node dependent) STRATA_NO_ANALYSIS {
      if (edges.marks(dependent).seen == walk) return true;
      complete = queue.size() < most;
      if (!complete) return false;
      enter(dependent);
      visit(dependent);
      return true;
    });
  }
  return complete;
}

void DependencyGraph::State::announce(std::span<const Label> labels, std::uint64_t number) {
  if (labels.empty()) return;
  invalidate(labels);
  const MutexLock lock(mutex);
  for (const Label& label : labels) {
    const Node node = edges.find(label.id());
    if (node == kNoNode) continue;
    internal::DependencyEdges::Marks& marks = edges.marks(node);
    marks.announced = std::max(marks.announced, number);
  }
}

DependencyGraph::DependencyGraph(Invalidate invalidate)
    : state_(std::make_unique<State>(std::move(invalidate))) {}

DependencyGraph::~DependencyGraph() = default;

Result<bool> DependencyGraph::add(const Label& derived, std::span<const Label> sources) {
  if (Result<void> valid = internal::check_edges(derived, sources); !valid) return valid.error();
  State& state = *state_;
  try {
    std::uint64_t number = 0;
    {
      const MutexLock lock(state.mutex);
      Result<bool> changed = state.connect(derived, sources);
      if (!changed || !*changed) return changed;
      number = state.changes;
    }
    state.announce({&derived, 1}, number);
    return true;
  } catch (...) {
    return internal::error_of_edges(derived);
  }
}

std::size_t DependencyGraph::remove(const Label& derived) {
  State& state = *state_;
  const MutexLock lock(state.mutex);
  const Node node = state.edges.find(derived.id());
  if (node == kNoNode) return 0;
  const std::size_t count = state.edges.source_count(node);
  for (std::size_t left = count; left > 0; --left) {
    state.disconnect(state.edges.first_source_edge(node), node);
  }
  return count;
}

std::size_t DependencyGraph::remove(const Label& derived, std::span<const Label> sources) {
  State& state = *state_;
  const MutexLock lock(state.mutex);
  std::size_t count = 0;
  for (const Label& source : sources) {
    const Node node = state.edges.find(derived.id());
    const Node other = state.edges.find(source.id());
    if (node == kNoNode || other == kNoNode) continue;
    const Edge edge = state.edges.find_edge(node, other);
    if (edge == internal::DependencyEdges::kNone) continue;
    state.disconnect(edge, node);
    ++count;
  }
  return count;
}

Labels DependencyGraph::sources_of(const Label& label) const {
  const State& state = *state_;
  const MutexLock lock(state.mutex);
  Labels labels;
  const Node node = state.edges.find(label.id());
  if (node == kNoNode) return labels;
  labels.reserve(state.edges.source_count(node));
  state.edges.for_each_source(node, [&](Node source) STRATA_NO_ANALYSIS {
    labels.push_back(state.edges.label(source));
    return true;
  });
  return labels;
}

Labels DependencyGraph::dependents_of(const Label& label) const {
  const State& state = *state_;
  const MutexLock lock(state.mutex);
  Labels labels;
  const Node node = state.edges.find(label.id());
  if (node == kNoNode) return labels;
  labels.reserve(state.edges.dependent_count(node));
  state.edges.for_each_dependent(node, [&](Node dependent) STRATA_NO_ANALYSIS {
    labels.push_back(state.edges.label(dependent));
    return true;
  });
  return labels;
}

Dependents DependencyGraph::all_dependents_of(const Label& label) const {
  State& state = *state_;
  const MutexLock lock(state.mutex);
  Dependents dependents;
  state.begin_walk();
  state.enter(label.id());
  dependents.complete = state.visit_dependents(
      [&](Node node) STRATA_NO_ANALYSIS { dependents.labels.push_back(state.edges.label(node)); });
  return dependents;
}

bool DependencyGraph::empty() const {
  return state_->edge_count.load(std::memory_order_relaxed) == 0;
}

bool DependencyGraph::has_wide() const {
  return state_->wide_count.load(std::memory_order_relaxed) != 0;
}

Closure DependencyGraph::close(Labels& labels, std::span<const LabelId> also) {
  State& state = *state_;
  if (empty()) return Closure::kComplete;
  try {
    Labels changed;
    std::uint64_t number = 0;
    {
      const MutexLock lock(state.mutex);
      state.begin_walk();
      for (const LabelId label : also) state.enter(label);
      for (const Label& label : labels) state.enter(label.id());
      if (state.add_sources(labels, changed)) return Closure::kComplete;
      number = state.changes;
    }
    state.announce(changed, number);
    return Closure::kCut;
  } catch (...) {
    return Closure::kFailed;
  }
}

bool DependencyGraph::widen(std::span<const Label> invalidated, Labels& more) {
  State& state = *state_;
  if (!has_wide()) return false;
  const std::size_t before = more.size();
  const MutexLock lock(state.mutex);
  state.begin_walk();
  for (const Label& label : invalidated) {
    if (label.kind() == LabelKind::kAll) return false;
    state.enter(label.id());
  }
  const bool complete = state.visit_dependents([&](Node node) STRATA_NO_ANALYSIS {
    if (state.edges.marks(node).wide) more.push_back(state.edges.label(node));
  });
  if (!complete) {
    ++state.counts.overflows;
    more.resize(before);
    if (state.wide.size() > limits::kDependencyReach) {
      more.push_back(everything());
    } else {
      for (const Node node : state.wide) more.push_back(state.edges.label(node));
    }
  }
  const bool widened = more.size() > before;
  if (widened) ++state.counts.widenings;
  return widened;
}

DependencyStats DependencyGraph::stats() const {
  const MutexLock lock(state_->mutex);
  DependencyStats stats = state_->counts;
  stats.edges = state_->edges.edge_count();
  stats.labels = state_->edges.node_count();
  stats.wide = state_->wide.size();
  return stats;
}

std::size_t DependencyGraph::footprint_bytes() const {
  const MutexLock lock(state_->mutex);
  return sizeof(State) + state_->edges.footprint_bytes() + state_->queue.capacity() * sizeof(Node) +
         state_->wide.size() * 2 * sizeof(void*);
}

void DependencyGraph::check_invariants() const {
  State& state = *state_;
  const MutexLock lock(state.mutex);
  state.edges.check_invariants();
  STRATA_ASSERT(state.edge_count.load() == state.edges.edge_count());
  STRATA_ASSERT(state.wide_count.load() == state.wide.size());
  for (const Node node : state.wide) {
    STRATA_ASSERT(state.edges.marks(node).wide);
    STRATA_ASSERT(state.edges.source_count(node) > 0);
    STRATA_ASSERT(state.edges.marks(node).changed <= state.changes);
  }
}

}  // namespace strata
