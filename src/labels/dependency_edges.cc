// The pools of nodes and edges, and the lists through them.
#include "labels/dependency_edges.h"

#include "core/allocation.h"
#include "core/assert.h"

namespace strata::internal {
namespace {

// Room for one more element, as push_back() would make it, and for as many free places.
template <typename Element>
void make_room(std::vector<Element>& pool, std::vector<std::uint32_t>& free) {
  if (!free.empty() || pool.size() < pool.capacity()) return;
  const std::size_t room = std::max<std::size_t>(16, 2 * pool.size());
  free.reserve(room);
  pool.reserve(room);
}

// A place for a new element. Precondition: make_room().
template <typename Element>
std::uint32_t take_place(std::vector<Element>& pool, std::vector<std::uint32_t>& free) {
  if (free.empty()) {
    pool.emplace_back();
    return static_cast<std::uint32_t>(pool.size() - 1);
  }
  const std::uint32_t place = free.back();
  free.pop_back();
  return place;
}

}  // namespace

DependencyEdges::Edge DependencyEdges::find_edge(Node derived, Node source) const {
  Edge edge = nodes_[derived].first[kDerived];
  while (edge != kNone && edges_[edge].node[kSource] != source) edge = edges_[edge].next[kDerived];
  return edge;
}

DependencyEdges::Node DependencyEdges::find_or_make(const Label& label) {
  if (const Node found = find(label.id()); found != kNone) return found;
  Label copy = label;
  make_room(nodes_, free_nodes_);
  const auto [place, made] = by_label_.emplace(label.id(), kNone);
  STRATA_ASSERT(made);
  const Node node = take_place(nodes_, free_nodes_);
  place->second = node;
  nodes_[node].label = std::move(copy);
  text_bytes_ += nodes_[node].label.footprint_bytes();
  return node;
}

void DependencyEdges::drop_if_unused(Node node) {
  NodeState& state = nodes_[node];
  if (state.count[kDerived] + state.count[kSource] > 0) return;
  text_bytes_ -= state.label.footprint_bytes();
  by_label_.erase(state.label.id());
  state = NodeState{};
  free_nodes_.push_back(node);  // there is room: make_room()
}

DependencyEdges::Node DependencyEdges::connect(const Label& derived, const Label& source) {
  make_room(edges_, free_edges_);
  const Node from = find_or_make(derived);
  Node to = kNone;
  try {
    to = find_or_make(source);
  } catch (...) {
    drop_if_unused(from);
    throw;
  }
  const Edge edge = take_place(edges_, free_edges_);
  edges_[edge].node = {from, to};
  link(edge, kDerived);
  link(edge, kSource);
  ++edge_count_;
  return from;
}

void DependencyEdges::disconnect(Edge edge) {
  const auto [derived, source] = edges_[edge].node;
  unlink(edge, kDerived);
  unlink(edge, kSource);
  edges_[edge] = EdgeState{};
  free_edges_.push_back(edge);
  --edge_count_;
  drop_if_unused(derived);
  drop_if_unused(source);
  if (edge_count_ == 0) *this = DependencyEdges();
}

void DependencyEdges::link(Edge edge, End end) {
  NodeState& node = nodes_[edges_[edge].node[end]];
  edges_[edge].next[end] = node.first[end];
  if (node.first[end] != kNone) edges_[node.first[end]].previous[end] = edge;
  node.first[end] = edge;
  ++node.count[end];
}

void DependencyEdges::unlink(Edge edge, End end) {
  NodeState& node = nodes_[edges_[edge].node[end]];
  const Edge next = edges_[edge].next[end];
  const Edge previous = edges_[edge].previous[end];
  (previous == kNone ? node.first[end] : edges_[previous].next[end]) = next;
  if (next != kNone) edges_[next].previous[end] = previous;
  --node.count[end];
}

std::size_t DependencyEdges::footprint_bytes() const {
  // A hash node has the link to the next, the label's id and the index; and its bucket.
  const std::size_t hash_node = allocation_bytes(3 * sizeof(void*));
  return nodes_.capacity() * sizeof(NodeState) + edges_.capacity() * sizeof(EdgeState) +
         (free_nodes_.capacity() + free_edges_.capacity()) * sizeof(std::uint32_t) +
         by_label_.size() * hash_node + by_label_.bucket_count() * sizeof(void*) + text_bytes_;
}

void DependencyEdges::check_invariants() const {
  STRATA_ASSERT(nodes_.size() == by_label_.size() + free_nodes_.size());
  STRATA_ASSERT(edges_.size() == edge_count_ + free_edges_.size());
  std::size_t text_bytes = 0;
  std::array<std::size_t, 2> linked{0, 0};
  for (const auto& [id, node] : by_label_) {
    const NodeState& state = nodes_[node];
    STRATA_ASSERT(state.label.id() == id);
    STRATA_ASSERT(state.count[kDerived] + state.count[kSource] > 0);
    text_bytes += state.label.footprint_bytes();
    for (const End end : {kDerived, kSource}) {
      std::size_t count = 0;
      Edge previous = kNone;
      for (Edge edge = state.first[end]; edge != kNone; edge = edges_[edge].next[end]) {
        STRATA_ASSERT(edges_[edge].node[end] == node);
        STRATA_ASSERT(edges_[edge].previous[end] == previous);
        previous = edge;
        ++count;
      }
      STRATA_ASSERT(count == state.count[end]);
      linked[end] += count;
    }
  }
  STRATA_ASSERT(linked[kDerived] == edge_count_);
  STRATA_ASSERT(linked[kSource] == edge_count_);
  STRATA_ASSERT(text_bytes == text_bytes_);
}

}  // namespace strata::internal
