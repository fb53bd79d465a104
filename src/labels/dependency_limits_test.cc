// What the dependency graph does at its limits: chains and closures that are cut, widenings that
// reach far, edges that are too many.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "strata/core/limits.h"
#include "strata/labels/dependency_graph.h"

namespace strata {
namespace {

using limits::kDependencyDepth;
using limits::kDependencyReach;
using limits::kLabelsPerEntry;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Label link(std::size_t number) { return tag("link " + std::to_string(number)); }

// A graph that writes down what it invalidates.
struct Recorded {
  DependencyGraph graph{[this](std::span<const Label> labels) {
    invalidated.insert(invalidated.end(), labels.begin(), labels.end());
  }};
  Labels invalidated;

  void add(const Label& derived, const Labels& sources) {
    ASSERT_TRUE(graph.add(derived, sources).ok());
  }
  // `link(i)` depends on `link(i + 1)`, for so many edges from `first` on.
  void add_chain(std::size_t edges, std::size_t first = 0) {
    for (std::size_t i = first; i < first + edges; ++i) add(link(i), {link(i + 1)});
    invalidated.clear();
  }
  Labels widened(const Labels& labels) {
    Labels more;
    const bool any = graph.widen(labels, more);
    EXPECT_EQ(any, !more.empty());
    return more;
  }
};

TEST(DependencyLimits, AChainOfTheDepthIsClosedAndALongerOneIsCut) {
  Recorded r;
  r.add_chain(kDependencyDepth);
  Labels labels{link(0)};
  EXPECT_EQ(r.graph.close(labels), Closure::kComplete);
  EXPECT_EQ(labels.size(), kDependencyDepth + 1);
  EXPECT_THAT(r.widened({link(kDependencyDepth)}), IsEmpty());

  r.add_chain(1, kDependencyDepth);
  labels = {link(0)};
  EXPECT_EQ(r.graph.close(labels), Closure::kCut);
  EXPECT_EQ(labels.size(), kDependencyDepth + 1);
  // The label at which it was cut is announced before the value is offered, and once.
  EXPECT_THAT(r.invalidated, ElementsAre(link(kDependencyDepth)));
  labels = {link(0)};
  EXPECT_EQ(r.graph.close(labels), Closure::kCut);
  EXPECT_EQ(r.invalidated.size(), 1U);
  EXPECT_THAT(r.widened({link(kDependencyDepth + 1)}), ElementsAre(link(kDependencyDepth)));
  // What does not depend on it is not widened, and neither is what was cut itself.
  EXPECT_THAT(r.widened({link(0)}), IsEmpty());
  EXPECT_THAT(r.widened({tag("other")}), IsEmpty());
  EXPECT_THAT(r.widened({everything()}), IsEmpty());
  const DependencyStats stats = r.graph.stats();
  EXPECT_EQ(stats.wide, 1U);
  EXPECT_EQ(stats.cut_closures, 2U);
  EXPECT_EQ(stats.widenings, 1U);
  EXPECT_EQ(stats.overflows, 0U);
  r.graph.check_invariants();
}

TEST(DependencyLimits, AClosureHasAtMostTheLabelsOfAnEntry) {
  Recorded r;
  Labels sources;
  for (std::size_t i = 1; i < kLabelsPerEntry; ++i) sources.push_back(link(i));
  r.add(tag("a"), sources);
  Labels labels{tag("a")};
  EXPECT_EQ(r.graph.close(labels), Closure::kComplete);
  EXPECT_EQ(labels.size(), kLabelsPerEntry);

  r.add(link(1), {tag("beyond")});
  r.add(link(2), {tag("beyond")});
  r.add(link(3), {link(4)});  // is in the list whatever is cut
  r.invalidated.clear();
  labels = {tag("a")};
  EXPECT_EQ(r.graph.close(labels), Closure::kCut);
  EXPECT_EQ(labels.size(), kLabelsPerEntry);
  EXPECT_THAT(r.invalidated, UnorderedElementsAre(link(1), link(2)));
  EXPECT_THAT(r.widened({tag("beyond")}), UnorderedElementsAre(link(1), link(2)));
}

TEST(DependencyLimits, AWideLabelIsFoundOverAnyDistance) {
  Recorded r;
  r.add_chain(1'000);
  Labels labels{link(0)};
  EXPECT_EQ(r.graph.close(labels), Closure::kCut);
  EXPECT_THAT(r.widened({link(1'000)}), ElementsAre(link(kDependencyDepth)));
}

TEST(DependencyLimits, ALabelIsWideUntilItHasNoSource) {
  Recorded r;
  r.add_chain(kDependencyDepth + 1);
  r.add(link(kDependencyDepth), {tag("second")});
  Labels labels{link(0)};
  EXPECT_EQ(r.graph.close(labels), Closure::kCut);
  EXPECT_EQ(r.graph.remove(link(kDependencyDepth), Labels{tag("second")}), 1U);
  EXPECT_EQ(r.graph.stats().wide, 1U);
  EXPECT_EQ(r.graph.remove(link(kDependencyDepth)), 1U);
  EXPECT_EQ(r.graph.stats().wide, 0U);
  EXPECT_THAT(r.widened({link(kDependencyDepth + 1)}), IsEmpty());
  labels = {link(0)};
  EXPECT_EQ(r.graph.close(labels), Closure::kComplete);
  r.graph.check_invariants();
}

// Another value that is cut at the same label must not be offered before the label was raised.
TEST(DependencyLimits, AWideLabelThatIsNotAnnouncedIsAnnouncedByWhoIsCutAtIt) {
  DependencyGraph* graph = nullptr;
  bool adding = true;
  int calls = 0;
  DependencyGraph made([&](std::span<const Label> labels) {
    if (adding) return;
    EXPECT_EQ(labels[0], link(kDependencyDepth));
    if (++calls > 1) return;
    Labels other{link(0)};
    EXPECT_EQ(graph->close(other), Closure::kCut);
  });
  graph = &made;
  for (std::size_t i = 0; i <= kDependencyDepth; ++i) {
    ASSERT_TRUE(made.add(link(i), Labels{link(i + 1)}).ok());
  }
  adding = false;
  Labels labels{link(0)};
  EXPECT_EQ(made.close(labels), Closure::kCut);
  EXPECT_EQ(calls, 2);
}

TEST(DependencyLimits, AClosureThatCannotBeAnnouncedHasFailedUntilItCan) {
  bool fails = false;
  DependencyGraph graph([&](std::span<const Label>) {
    if (fails) throw std::runtime_error("no tier");
  });
  for (std::size_t i = 0; i <= kDependencyDepth; ++i) {
    ASSERT_TRUE(graph.add(link(i), Labels{link(i + 1)}).ok());
  }
  fails = true;
  Labels labels{link(0)};
  EXPECT_EQ(graph.close(labels), Closure::kFailed);
  labels = {link(0)};
  EXPECT_EQ(graph.close(labels), Closure::kFailed);
  fails = false;
  labels = {link(0)};
  EXPECT_EQ(graph.close(labels), Closure::kCut);
}

TEST(DependencyLimits, AnInvalidationThatReachesTooFarTakesEveryWideLabel) {
  Recorded r;
  r.add_chain(kDependencyDepth + 1);
  Labels labels{link(0)};
  ASSERT_EQ(r.graph.close(labels), Closure::kCut);
  for (std::size_t i = 0; i < kDependencyReach; ++i) {
    r.add(tag("leaf " + std::to_string(i)), {tag("hub")});
  }
  EXPECT_THAT(r.widened({tag("hub")}), IsEmpty());
  EXPECT_EQ(r.graph.all_dependents_of(tag("hub")).labels.size(), kDependencyReach);
  EXPECT_TRUE(r.graph.all_dependents_of(tag("hub")).complete);
  EXPECT_EQ(r.graph.stats().overflows, 0U);

  r.add(tag("one leaf too many"), {tag("hub")});
  EXPECT_THAT(r.widened({tag("hub")}), ElementsAre(link(kDependencyDepth)));
  EXPECT_EQ(r.graph.all_dependents_of(tag("hub")).labels.size(), kDependencyReach);
  EXPECT_FALSE(r.graph.all_dependents_of(tag("hub")).complete);
  EXPECT_EQ(r.graph.stats().overflows, 1U);
  // What the caller had in the list stays.
  Labels more{tag("mine")};
  EXPECT_TRUE(r.graph.widen(Labels{tag("hub")}, more));
  EXPECT_THAT(more, ElementsAre(tag("mine"), link(kDependencyDepth)));
}

TEST(DependencyLimits, MoreWideLabelsThanTheReachAreEverything) {
  Recorded r;
  r.add_chain(kDependencyDepth, 1);
  // Values that have no room for a source are cut at their own label.
  for (std::size_t i = 0; i <= kDependencyReach; ++i) {
    const Label label = tag("wide " + std::to_string(i));
    r.add(label, {link(1)});
    Labels labels;
    for (std::size_t fill = 0; fill < kLabelsPerEntry; ++fill) {
      labels.push_back(tag("full " + std::to_string(fill)));
    }
    const LabelId also[] = {label.id()};
    ASSERT_EQ(r.graph.close(labels, also), Closure::kCut);
  }
  EXPECT_EQ(r.graph.stats().wide, kDependencyReach + 1);
  EXPECT_THAT(r.widened({link(kDependencyDepth + 1)}), ElementsAre(everything()));
}

TEST(DependencyLimits, SourcesOfALabelAreLimited) {
  Recorded r;
  Labels sources;
  for (std::size_t i = 0; i < limits::kDependencySources; ++i) sources.push_back(link(i));
  ASSERT_TRUE(r.graph.add(tag("a"), sources).value());
  EXPECT_FALSE(r.graph.add(tag("a"), sources).value());
  const Result<bool> more = r.graph.add(tag("a"), Labels{link(0), tag("b")});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, ErrorCode::kRejected);
  EXPECT_EQ(more.error().message,
            "label \"tag:a\" would depend on 257 sources; the limit is 256: give the sources a "
            "label that they share");
  EXPECT_EQ(r.graph.stats().edges, limits::kDependencySources);
  sources.push_back(tag("b"));
  EXPECT_FALSE(r.graph.add(tag("c"), sources).ok());
  EXPECT_EQ(r.graph.stats().edges, limits::kDependencySources);
}

TEST(DependencyLimits, EdgesInAllAreLimited) {
  Recorded r;
  Labels sources;
  for (std::size_t i = 0; i < limits::kDependencySources; ++i) sources.push_back(link(i));
  std::size_t edges = 0;
  for (std::size_t label = 0; edges < limits::kDependencyEdges; ++label) {
    sources.resize(std::min(sources.size(), limits::kDependencyEdges - edges));
    r.add(tag("derived " + std::to_string(label)), sources);
    edges += sources.size();
  }
  EXPECT_EQ(r.graph.stats().edges, limits::kDependencyEdges);
  const Result<bool> more = r.graph.add(tag("a"), Labels{tag("b")});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().message,
            "the dependencies of \"tag:a\" would make 1000001 edges; the limit is 1000000: remove "
            "those that are not needed any more");
  EXPECT_EQ(r.graph.remove(tag("derived 0")), limits::kDependencySources);
  EXPECT_TRUE(r.graph.add(tag("a"), Labels{tag("b")}).value());
  r.graph.check_invariants();
}

}  // namespace
}  // namespace strata
