// DependencyGraph: labels that depend on other labels, said once instead of with every value.
//
// An edge `derived -> source` says that whatever carries `derived` is wrong when `source` is. It
// works when neither end is cached. Every value carries its labels *closed over the graph*: with
// each label all its sources, transitively. So raising a source's label finds the value, in
// memory, in a file and after a restart, and no graph is walked to invalidate.
//
//   DependencyGraph graph([&](std::span<const Label> labels) { raise_in_every_tier(labels); });
//   graph.add(tag("report"), std::array{tag("orders"), tag("prices")});
//   graph.close(labels);                     // just before a fill: "report" brings the others
//   raise_in_every_tier(invalidated);        // an invalidation, and then:
//   if (graph.widen(invalidated, more)) raise_in_every_tier(more);
//
// Promise   When add() has returned, an invalidation of the source that starts later, done as
//           above, leaves no value that carries the derived label, directly or over further
//           edges, and was loaded before. Cycles are harmless. Why closing needs no lock of a
//           tier is in dependency_graph.cc.
// Limits    A closure has at most limits::kLabelsPerEntry labels and goes kDependencyDepth edges
//           deep. Where it is cut, the last label in it is marked *wide*, and widen() adds that
//           label to the invalidations that reach it.
// Threads   Thread-safe. One internal lock, held for one walk. Empty, or without a wide label,
//           close() and widen() are one relaxed load.
// Lifetime  The graph is the process's; after a restart it is empty, and records carry what their
//           labels were closed to. Adding an edge then invalidates its derived label again.
// Errors    Returned, nothing is changed. Without memory: kUnavailable; what add() had done of
//           it stays, and is announced when it is repeated.
// Memory    About 24 bytes for each edge and 200 for each label, whose text is held once. What
//           remove() frees is used again, and given back with the last edge.
// Callbacks `Invalidate` is called in the thread of add() or close(), with no lock held. It may
//           call the graph; if it throws, the call has failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "strata/core/label.h"
#include "strata/core/result.h"

namespace strata {

// What close() made of a value's labels.
enum class Closure {
  kComplete,
  kCut,     // some sources are not in it: the value may be kept in memory and nowhere else
  kFailed,  // no memory, or `Invalidate` threw: the value must not be stored at all
};

struct Dependents {
  Labels labels;
  bool complete = true;  // false: there are more than limits::kDependencyReach
};

struct DependencyStats {
  std::uint64_t edges = 0;
  std::uint64_t labels = 0;
  std::uint64_t wide = 0;          // labels at which a closure was cut
  std::uint64_t cut_closures = 0;  // what was counted since the start, from here on
  std::uint64_t widenings = 0;     // invalidations that widen() added labels to
  std::uint64_t overflows = 0;     // those that reached too far and got every wide label
};

class DependencyGraph {
 public:
  // Must make what carries one of the labels a miss in every tier before it returns, and refuse
  // older fills with them.
  using Invalidate = std::function<void(std::span<const Label> labels)>;

  explicit DependencyGraph(Invalidate invalidate);
  ~DependencyGraph();

  DependencyGraph(const DependencyGraph&) = delete;
  DependencyGraph& operator=(const DependencyGraph&) = delete;

  // Adds the edges from `derived` to each of `sources`, then invalidates `derived`, so that what
  // was stored without the sources is gone. Edges that are all there, and announced, change
  // nothing: returns whether `derived` was invalidated. Errors: kRejected for a label that is not
  // valid, everything(), an edge to itself, more than limits::kDependencySources of one label or
  // limits::kDependencyEdges in all. O(sources of `derived`).
  Result<bool> add(const Label& derived, std::span<const Label> sources);

  // Removes all edges of `derived` to its sources, or those to `sources`; returns how many there
  // were. Values that were closed over them keep what they carry.
  std::size_t remove(const Label& derived);
  std::size_t remove(const Label& derived, std::span<const Label> sources);

  // Snapshots of what is one edge away, in no order.
  [[nodiscard]] Labels sources_of(const Label& label) const;
  [[nodiscard]] Labels dependents_of(const Label& label) const;
  // Whatever depends on the label over any number of edges, the nearest first.
  [[nodiscard]] Dependents all_dependents_of(const Label& label) const;

  // Adds to `labels` every source of one of them, transitively. The value's labels that are not
  // listed, its key's and its group's, are given by their ids in `also`: their sources are added
  // as well. Call it after the load, just before the value is offered to the tiers, with what is
  // then offered.
  [[nodiscard]] Closure close(Labels& labels, std::span<const LabelId> also = {});

  // Adds to `more` the wide labels that depend on one of `invalidated`, and returns whether there
  // are any. Past limits::kDependencyReach labels it adds every wide label, or everything() if
  // they are more than that. Call it after `invalidated` was raised in every tier, then raise
  // `more` as a part of the same invalidation. Without memory it throws std::bad_alloc, and the
  // invalidation has failed.
  bool widen(std::span<const Label> invalidated, Labels& more);

  // Whether close() and widen() have anything to do. One relaxed load each.
  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool has_wide() const;

  [[nodiscard]] DependencyStats stats() const;
  [[nodiscard]] std::size_t footprint_bytes() const;

  // Aborts if an internal invariant is broken. O(edges); for tests.
  void check_invariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
