#include "strata/labels/dependency_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "strata/core/key.h"
#include "strata/core/limits.h"
#include "testkit/random.h"
#include "testkit/seeds.h"
#include "testkit/threads.h"

namespace strata {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A graph that writes down what it invalidates.
struct Recorded {
  DependencyGraph graph{[this](std::span<const Label> labels) {
    for (const Label& label : labels) invalidated.push_back(format_label(label));
  }};
  std::vector<std::string> invalidated;

  Result<bool> add(const Label& derived, const Labels& sources) {
    return graph.add(derived, sources);
  }
};

std::vector<std::string> texts(const Labels& labels) {
  std::vector<std::string> texts;
  for (const Label& label : labels) texts.push_back(format_label(label));
  return texts;
}

std::vector<std::string> closed(DependencyGraph& graph, Labels labels) {
  EXPECT_EQ(graph.close(labels), Closure::kComplete);
  return texts(labels);
}

TEST(DependencyGraph, AClosureHasEverySourceOnce) {
  Recorded r;
  EXPECT_TRUE(r.add(tag("page"), {tag("left"), tag("right")}).value());
  EXPECT_TRUE(r.add(tag("left"), {tag("base")}).value());
  EXPECT_TRUE(r.add(tag("right"), {tag("base"), source("db")}).value());
  EXPECT_THAT(closed(r.graph, {tag("page")}),
              UnorderedElementsAre("tag:page", "tag:left", "tag:right", "tag:base", "source:db"));
  EXPECT_THAT(closed(r.graph, {tag("left"), tag("base")}),
              UnorderedElementsAre("tag:left", "tag:base"));
  EXPECT_THAT(closed(r.graph, {tag("other")}), UnorderedElementsAre("tag:other"));
  r.graph.check_invariants();
}

TEST(DependencyGraph, LabelsThatAreNotListedBringTheirSourcesToo) {
  Recorded r;
  const Key key = Key::make({.keyspace = "report", .identifier = "7"}).value();
  ASSERT_TRUE(r.add(key.label(), {tag("a")}).value());
  ASSERT_TRUE(r.add(keyspace("report"), {tag("b"), key.label()}).value());
  const LabelId also[] = {key_label_id(key.hash()), keyspace("report").id()};
  Labels labels;
  EXPECT_EQ(r.graph.close(labels, also), Closure::kComplete);
  EXPECT_THAT(texts(labels), UnorderedElementsAre("tag:a", "tag:b"));
}

TEST(DependencyGraph, ACycleIsHarmless) {
  Recorded r;
  ASSERT_TRUE(r.add(tag("a"), {tag("b")}).value());
  ASSERT_TRUE(r.add(tag("b"), {tag("c")}).value());
  ASSERT_TRUE(r.add(tag("c"), {tag("a")}).value());
  EXPECT_THAT(closed(r.graph, {tag("b")}), UnorderedElementsAre("tag:a", "tag:b", "tag:c"));
  const Dependents dependents = r.graph.all_dependents_of(tag("b"));
  EXPECT_TRUE(dependents.complete);
  EXPECT_THAT(texts(dependents.labels), UnorderedElementsAre("tag:a", "tag:c"));
}

TEST(DependencyGraph, AddingInvalidatesTheDerivedLabelWhenTheEdgeIsVisible) {
  std::vector<std::string> seen;
  DependencyGraph* graph = nullptr;
  DependencyGraph made([&](std::span<const Label> labels) {
    ASSERT_EQ(labels.size(), 1U);
    seen = texts(graph->sources_of(labels[0]));
  });
  graph = &made;
  ASSERT_TRUE(made.add(tag("a"), Labels{tag("b")}).value());
  EXPECT_THAT(seen, UnorderedElementsAre("tag:b"));
}

TEST(DependencyGraph, ARepeatedEdgeInvalidatesNothing) {
  Recorded r;
  EXPECT_TRUE(r.add(tag("a"), {tag("b"), tag("b"), tag("c")}).value());
  EXPECT_FALSE(r.add(tag("a"), {tag("c"), tag("b")}).value());
  EXPECT_FALSE(r.add(tag("a"), {}).value());
  EXPECT_EQ(r.graph.stats().edges, 2U);
  EXPECT_THAT(r.invalidated, UnorderedElementsAre("tag:a"));
  EXPECT_TRUE(r.add(tag("a"), {tag("b"), tag("d")}).value());
}

// Whoever repeats an edge relies on it as much as the first, who is still invalidating.
TEST(DependencyGraph, AnEdgeThatIsNotAnnouncedIsAnnouncedByWhoRepeatsIt) {
  int calls = 0;
  DependencyGraph* graph = nullptr;
  DependencyGraph made([&](std::span<const Label>) {
    if (++calls > 1) return;
    EXPECT_TRUE(graph->add(tag("a"), Labels{tag("b")}).value());
  });
  graph = &made;
  EXPECT_TRUE(made.add(tag("a"), Labels{tag("b")}).value());
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(made.add(tag("a"), Labels{tag("b")}).value());
}

// The first call must not announce an edge that came while it was invalidating.
TEST(DependencyGraph, AnAnnouncementDoesNotCoverALaterEdge) {
  int calls = 0;
  DependencyGraph* graph = nullptr;
  DependencyGraph made([&](std::span<const Label>) {
    ++calls;
    if (calls == 1) {
      EXPECT_FALSE(graph->add(tag("a"), Labels{tag("c")}).ok());
    } else if (calls == 2) {
      throw std::runtime_error("no tier");
    }
  });
  graph = &made;
  EXPECT_TRUE(made.add(tag("a"), Labels{tag("b")}).value());
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(made.add(tag("a"), Labels{tag("c")}).value());
  EXPECT_EQ(calls, 3);
}

TEST(DependencyGraph, AnInvalidationThatThrowsIsAnErrorAndIsRepeated) {
  bool fails = true;
  DependencyGraph graph([&](std::span<const Label>) {
    if (fails) throw std::runtime_error("no tier");
  });
  const Result<bool> added = graph.add(tag("a"), Labels{tag("b")});
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(added.error().message, testing::HasSubstr("\"tag:a\""));
  fails = false;
  EXPECT_TRUE(graph.add(tag("a"), Labels{tag("b")}).value());
  EXPECT_FALSE(graph.add(tag("a"), Labels{tag("b")}).value());
}

TEST(DependencyGraph, WhatCannotBeAnEdgeIsRefusedAndNothingIsAdded) {
  Recorded r;
  const auto message = [&](const Label& derived, const Labels& sources) {
    const Result<bool> added = r.add(derived, sources);
    EXPECT_FALSE(added.ok());
    return added.ok() ? "" : added.error().message;
  };
  EXPECT_EQ(message(tag("a"), {tag("b"), tag("a")}),
            "label \"tag:a\" cannot depend on itself; name another source");
  EXPECT_THAT(message(tag("a"), {everything()}), testing::HasSubstr("\"tag:a\" on \"*\""));
  EXPECT_THAT(message(everything(), {tag("a")}), testing::HasSubstr("\"*\" cannot depend"));
  EXPECT_EQ(message(tag(""), {tag("a")}), tag("").validate().error().message);
  EXPECT_EQ(message(tag("a"), {tag("b"), tag("\n")}), tag("\n").validate().error().message);
  EXPECT_EQ(r.graph.stats().edges, 0U);
  EXPECT_EQ(r.graph.stats().labels, 0U);
  EXPECT_THAT(r.invalidated, IsEmpty());
}

TEST(DependencyGraph, RemovedEdgesAreCountedAndNotClosedOver) {
  Recorded r;
  ASSERT_TRUE(r.add(tag("a"), {tag("b"), tag("c"), tag("d")}).value());
  ASSERT_TRUE(r.add(tag("e"), {tag("a")}).value());
  EXPECT_EQ(r.graph.remove(tag("a"), Labels{tag("b"), tag("x"), tag("b")}), 1U);
  EXPECT_THAT(texts(r.graph.sources_of(tag("a"))), UnorderedElementsAre("tag:c", "tag:d"));
  EXPECT_THAT(closed(r.graph, {tag("e")}),
              UnorderedElementsAre("tag:e", "tag:a", "tag:c", "tag:d"));
  EXPECT_EQ(r.graph.remove(tag("a")), 2U);
  EXPECT_EQ(r.graph.remove(tag("a")), 0U);
  EXPECT_EQ(r.graph.remove(tag("nobody"), Labels{tag("b")}), 0U);
  EXPECT_THAT(texts(r.graph.dependents_of(tag("a"))), UnorderedElementsAre("tag:e"));
  // What was removed is new when it comes again.
  r.invalidated.clear();
  EXPECT_TRUE(r.add(tag("a"), {tag("b")}).value());
  EXPECT_THAT(r.invalidated, UnorderedElementsAre("tag:a"));
}

TEST(DependencyGraph, MemoryIsBackWhenTheLastEdgeGoes) {
  Recorded r;
  const std::size_t empty = r.graph.footprint_bytes();
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(r.add(tag("a label with a long text " + std::to_string(i)), {tag("hub")}).ok());
  }
  EXPECT_GT(r.graph.footprint_bytes(), empty + 10'000 * 100);
  EXPECT_LT(r.graph.footprint_bytes(), empty + 10'000 * 400);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(r.graph.remove(tag("a label with a long text " + std::to_string(i))), 1U);
    EXPECT_EQ(r.graph.stats().labels, i == 9'999 ? 0U : 10'000U - static_cast<unsigned>(i));
  }
  EXPECT_EQ(r.graph.footprint_bytes(), empty);
  r.graph.check_invariants();
}

// Everything that `label` reaches over `edges`, itself excluded.
using Edges = std::map<std::string, std::set<std::string>>;
std::set<std::string> reached(const Edges& edges, const std::string& label) {
  std::set<std::string> found;
  std::vector<std::string> pending{label};
  while (!pending.empty()) {
    const std::string next = pending.back();
    pending.pop_back();
    const auto at = edges.find(next);
    if (at == edges.end()) continue;
    for (const std::string& other : at->second) {
      if (other != label && found.insert(other).second) pending.push_back(other);
    }
  }
  return found;
}

std::set<std::string> set_of(const Labels& labels) {
  std::set<std::string> set;
  for (const Label& label : labels) {
    EXPECT_TRUE(set.insert(std::string(label.text())).second) << label.text();
  }
  return set;
}

TEST(DependencyGraph, AgreesWithANaiveTransitiveClosure) {
  testkit::for_each_seed(60, [](testkit::Random& random) {
    Recorded r;
    Edges sources;
    Edges dependents;
    std::size_t edges = 0;
    const std::uint64_t names = random.between(2, 24);
    const auto any = [&] { return "n" + std::to_string(random.below(names)); };
    for (int step = 0; step < 200; ++step) {
      const std::string from = any();
      const std::string to = any();
      if (random.one_in(40)) {
        ASSERT_EQ(r.graph.remove(tag(from)), sources[from].size());
        edges -= sources[from].size();
        for (const std::string& source : sources[from]) dependents[source].erase(from);
        sources[from].clear();
      } else if (random.one_in(3)) {
        const std::size_t count = sources[from].erase(to);
        ASSERT_EQ(r.graph.remove(tag(from), Labels{tag(to)}), count);
        dependents[to].erase(from);
        edges -= count;
      } else if (from != to) {
        const bool is_new = sources[from].insert(to).second;
        ASSERT_EQ(r.add(tag(from), {tag(to)}).value(), is_new);
        dependents[to].insert(from);
        edges += is_new ? 1 : 0;
      } else {
        ASSERT_FALSE(r.add(tag(from), {tag(to)}).ok());
      }
      const std::string asked = any();
      Labels labels{tag(asked)};
      ASSERT_EQ(r.graph.close(labels), Closure::kComplete);
      std::set<std::string> expected = reached(sources, asked);
      expected.insert(asked);
      ASSERT_EQ(set_of(labels), expected);
      ASSERT_EQ(set_of(r.graph.all_dependents_of(tag(asked)).labels), reached(dependents, asked));
      ASSERT_EQ(set_of(r.graph.sources_of(tag(asked))), sources[asked]);
      ASSERT_EQ(set_of(r.graph.dependents_of(tag(asked))), dependents[asked]);
      ASSERT_EQ(r.graph.stats().edges, edges);
    }
    r.graph.check_invariants();
  });
}

}  // namespace
}  // namespace strata
