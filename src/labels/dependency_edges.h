// DependencyEdges: the nodes and edges of a DependencyGraph, as two pools of indices.
//
// A node is a label that has an edge. Each edge stands in two lists: those of its derived node
// and those of its source. It leaves both in constant time, however many others there are.
//
// Threads   Thread-compatible: guarded by the graph's lock.
// Errors    connect() may throw std::bad_alloc, and then has changed nothing.
// Lifetime  A Node means the same label until it has no edge; then it may become another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "strata/core/label.h"

namespace strata::internal {

class DependencyEdges {
 public:
  using Node = std::uint32_t;
  using Edge = std::uint32_t;
  static constexpr std::uint32_t kNone = ~0U;

  // The two ends of an edge, and where a node stands in the edges that it follows.
  enum End : std::size_t { kDerived = 0, kSource = 1 };

  // What the graph keeps about a label beside its edges: see dependency_graph.cc.
  struct Marks {
    std::uint64_t changed = 0;
    std::uint64_t announced = 0;
    std::uint64_t seen = 0;
    bool wide = false;
  };

  // The label's node, or kNone.
  [[nodiscard]] Node find(LabelId label) const {
    const auto found = by_label_.find(label);
    return found == by_label_.end() ? kNone : found->second;
  }
  [[nodiscard]] const Label& label(Node node) const { return nodes_[node].label; }
  [[nodiscard]] Marks& marks(Node node) { return nodes_[node].marks; }

  // How many edges go from the node to its sources, or come to it from its dependents.
  [[nodiscard]] std::size_t source_count(Node node) const { return nodes_[node].count[kDerived]; }
  [[nodiscard]] std::size_t dependent_count(Node node) const { return nodes_[node].count[kSource]; }

  // The edge between the two, or kNone. O(sources of `derived`).
  [[nodiscard]] Edge find_edge(Node derived, Node source) const;

  // Adds an edge that is not there, and its nodes if they are new. Returns the derived node.
  Node connect(const Label& derived, const Label& source);

  // Removes the edge, and those of its nodes that have no other.
  void disconnect(Edge edge);

  // Calls visit(Node) for each source of the node, or for each of its dependents, until it
  // returns false. visit() must not change edges.
  template <typename Visit>
  void for_each_source(Node node, const Visit& visit) const {
    for_each<kDerived>(node, visit);
  }
  template <typename Visit>
  void for_each_dependent(Node node, const Visit& visit) const {
    for_each<kSource>(node, visit);
  }

  // The first edge to a source of the node, or kNone.
  [[nodiscard]] Edge first_source_edge(Node node) const { return nodes_[node].first[kDerived]; }

  [[nodiscard]] std::size_t edge_count() const { return edge_count_; }
  [[nodiscard]] std::size_t node_count() const { return by_label_.size(); }
  [[nodiscard]] std::size_t footprint_bytes() const;
  void check_invariants() const;

 private:
  struct NodeState {
    Label label;
    std::array<Edge, 2> first{kNone, kNone};  // of the edges in which it is that end
    std::array<std::uint32_t, 2> count{0, 0};
    Marks marks;
  };
  struct EdgeState {
    std::array<Node, 2> node{kNone, kNone};
    std::array<Edge, 2> next{kNone, kNone};  // in the list of that end's node
    std::array<Edge, 2> previous{kNone, kNone};
  };

  template <End kEnd, typename Visit>
  void for_each(Node node, const Visit& visit) const {
    constexpr End kOther = kEnd == kDerived ? kSource : kDerived;
    for (Edge edge = nodes_[node].first[kEnd]; edge != kNone; edge = edges_[edge].next[kEnd]) {
      if (!visit(edges_[edge].node[kOther])) return;
    }
  }
  Node find_or_make(const Label& label);
  void drop_if_unused(Node node);
  void link(Edge edge, End end);
  void unlink(Edge edge, End end);

  std::vector<NodeState> nodes_;
  std::vector<EdgeState> edges_;
  std::vector<Node> free_nodes_;
  std::vector<Edge> free_edges_;
  std::unordered_map<LabelId, Node> by_label_;
  std::size_t edge_count_ = 0;
  std::size_t text_bytes_ = 0;  // that labels have outside their nodes
};

}  // namespace strata::internal
