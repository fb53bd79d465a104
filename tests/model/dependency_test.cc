// The dependency graph over a real memory tier: every order in which a fill, a new edge and an
// invalidation can meet, and threads that do it all at once.
//
// The origin is a number for each source. A value is that number as a load read it. Once an edge
// was added and its source was then changed and invalidated, a value from before the change must
// not be in the tier.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/core/limits.h"
#include "strata/labels/dependency_graph.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "testkit/random.h"
#include "testkit/threads.h"

namespace strata {
namespace {

const LabelGroup& group() {
  static const LabelGroup kGroup{{keyspace("user")}};
  return kGroup;
}

EntryRef make_entry(const std::string& key, std::uint64_t value, const Labels& labels) {
  EntryRef entry = Entry::make<std::uint64_t>(KeyRef{key, key_hash(key), {}}, value);
  entry->set_group(&group());
  entry->set_times({Duration::max() - Duration(1)}, {Duration::max() - Duration(1)});
  entry->set_labels(labels);
  return entry;
}

std::unique_ptr<HotTier> make_tier() {
  return memory_tier({.max_entries = 10'000, .max_bytes = 64U << 20}, system_clock(),
                     seeded_random(1));
}

Label link(std::size_t number) { return tag("link " + std::to_string(number)); }

// One play: a schedule is a text of steps, each of them a letter. An invalidation that the graph
// asks for is a step of its own, `announce`: until it comes, others go on.
class Play {
 public:
  explicit Play(std::string schedule) : schedule_(std::move(schedule)) {}

  // Runs the schedule; returns false if its steps cannot come in this order.
  bool run() {
    run_to('\0');
    return is_possible_;
  }

  void step(char name, std::function<void()> body) {
    steps_[static_cast<unsigned char>(name)] = std::move(body);
  }

  // Called where the graph invalidates: goes on with the schedule up to `announce`.
  void wait_for(char announce) {
    if (announce != '\0') run_to(announce);
  }

 private:
  void run_to(char stop) {
    while (at_ < schedule_.size() && is_possible_) {
      const char name = schedule_[at_++];
      if (name == stop) return;
      waiting_.push_back(stop);
      // A step that a caller further out waits for cannot come while this one is not done.
      if (waiting_.find(name) != std::string::npos) is_possible_ = false;
      const auto& body = steps_[static_cast<unsigned char>(name)];
      if (is_possible_ && body) body();
      waiting_.pop_back();
    }
  }

  std::string schedule_;
  std::size_t at_ = 0;
  std::string waiting_;
  bool is_possible_ = true;
  std::array<std::function<void()>, 256> steps_;
};

// Every way to merge texts that keeps the order within each.
void for_each_merge(const std::vector<std::string>& texts,
                    const std::function<void(const std::string&)>& visit) {
  std::vector<std::size_t> at(texts.size(), 0);
  std::string merged;
  const std::function<void()> extend = [&] {
    bool is_done = true;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (at[i] == texts[i].size()) continue;
      is_done = false;
      merged.push_back(texts[i][at[i]++]);
      extend();
      merged.pop_back();
      --at[i];
    }
    if (is_done) visit(merged);
  };
  extend();
}

// A tier, a graph and an origin of one number.
struct Stack {
  explicit Stack(bool announces = true)
      : graph([this, announces](std::span<const Label> labels) {
          before_raise();
          if (announces) tier->invalidate(labels);
        }) {}

  struct Fill {
    Ticket ticket{};
    std::uint64_t value = 0;
    Labels labels;
    Closure closure = Closure::kFailed;
  };
  void load(Fill& fill) {
    fill.ticket = tier->position();
    fill.value = origin;
  }
  void close(Fill& fill, const Label& label) {
    fill.labels = {label};
    fill.closure = graph.close(fill.labels);
  }
  void offer(const Fill& fill, const std::string& key) {
    ASSERT_NE(fill.closure, Closure::kFailed);
    tier->fill(make_entry(key, fill.value, fill.labels), fill.ticket);
  }
  [[nodiscard]] bool holds_something_old(const std::string& key) const {
    const EntryRef entry = tier->get(KeyRef{key, key_hash(key), {}});
    return entry && entry->value<std::uint64_t>() < origin;
  }

  std::function<void()> before_raise = [] {};
  std::unique_ptr<HotTier> tier = make_tier();
  std::uint64_t origin = 1;
  DependencyGraph graph;
};

// One fill, one new edge and one invalidation of its source after it.
//   load: takes its ticket and reads (t), closes (c), offers (f)
//   edge: becomes visible (a), its derived label is raised (r)
//   change: the origin changes and the source is raised (i)
std::size_t old_values_with_a_new_edge(bool announces) {
  std::size_t old = 0;
  for_each_merge({"tcf", "ari"}, [&](const std::string& schedule) {
    Stack stack(announces);
    Stack::Fill fill;
    Play play(schedule);
    stack.before_raise = [&] { play.wait_for('r'); };
    play.step('t', [&] { stack.load(fill); });
    play.step('c', [&] { stack.close(fill, tag("derived")); });
    play.step('f', [&] { stack.offer(fill, "1:user::1:"); });
    play.step('a',
              [&] { EXPECT_TRUE(stack.graph.add(tag("derived"), Labels{tag("source")}).value()); });
    play.step('i', [&] {
      ++stack.origin;
      stack.tier->invalidate(Labels{tag("source")});
    });
    ASSERT_TRUE(play.run());
    if (stack.holds_something_old("1:user::1:")) ++old;
  });
  return old;
}

TEST(DependencySchedules, AnEdgeThatWasAddedIsSeenByEveryFill) {
  EXPECT_EQ(old_values_with_a_new_edge(true), 0U);
}

TEST(DependencySchedules, WithoutTheInvalidationOfTheDerivedLabelSomeAreNot) {
  EXPECT_GT(old_values_with_a_new_edge(false), 0U);
}

// Two fills whose closures are cut at the same label, and an invalidation beyond it.
//   loads: take their tickets and read (t, T), close (c, C), in which the label where they are cut
//          is raised (b, B), and offer (f, F)
//   change: the origin changes and the source is raised (i), widened (w), and what was added is
//           raised (x)
std::size_t old_values_beyond_a_cut(bool announces, const std::string& change) {
  std::size_t old = 0;
  std::size_t played = 0;
  Stack stack(announces);
  for (std::size_t i = 0; i <= limits::kDependencyDepth; ++i) {
    EXPECT_TRUE(stack.graph.add(link(i), Labels{link(i + 1)}).value());
  }
  for_each_merge({"tcbf", "TCBF", change}, [&](const std::string& schedule) {
    if (schedule.find('T') < schedule.find('t')) return;  // the two loads are alike
    stack.tier->invalidate(Labels{everything()});
    // Without its source the last label is not wide any more.
    stack.before_raise = [] {};
    const Label last = link(limits::kDependencyDepth);
    const Labels source{link(limits::kDependencyDepth + 1)};
    ASSERT_EQ(stack.graph.remove(last), 1U);
    ASSERT_TRUE(stack.graph.add(last, source).value());
    Stack::Fill first;
    Stack::Fill second;
    Labels more;
    Play play(schedule);
    char announce = '\0';
    const auto close = [&](Stack::Fill& fill, char until) {
      const char outer = announce;
      announce = until;
      stack.close(fill, link(0));
      announce = outer;
    };
    stack.before_raise = [&] { play.wait_for(announce); };
    play.step('t', [&] { stack.load(first); });
    play.step('c', [&] { close(first, 'b'); });
    play.step('f', [&] { stack.offer(first, "1:user::1:"); });
    play.step('T', [&] { stack.load(second); });
    play.step('C', [&] { close(second, 'B'); });
    play.step('F', [&] { stack.offer(second, "1:user::2:"); });
    play.step('i', [&] {
      ++stack.origin;
      stack.tier->invalidate(source);
    });
    play.step('w', [&] { stack.graph.widen(source, more); });
    play.step('x', [&] { stack.tier->invalidate(more); });
    if (!play.run()) return;
    ++played;
    if (stack.holds_something_old("1:user::1:") || stack.holds_something_old("1:user::2:")) ++old;
  });
  EXPECT_GT(played, 1'000U);
  return old;
}

TEST(DependencySchedules, AValueThatWasCutIsFoundByAnInvalidationBeyondTheCut) {
  EXPECT_EQ(old_values_beyond_a_cut(true, "iwx"), 0U);
}

TEST(DependencySchedules, WithoutRaisingWhereItWasCutSomeAreNotFound) {
  EXPECT_GT(old_values_beyond_a_cut(false, "iwx"), 0U);
}

TEST(DependencySchedules, WidenedBeforeTheRaiseSomeAreNotFound) {
  EXPECT_GT(old_values_beyond_a_cut(true, "wix"), 0U);
}

// Loaders fill values that depend on the sources of two changers, who add and remove edges, change
// their origin and look whether anything older is left. One changer's edges go straight to its
// source, the other's are deeper than a closure.
class Stress {
 public:
  static constexpr std::size_t kChangers = 2;
  static constexpr std::size_t kKeys = 8;
  static constexpr std::size_t kCutsLeast = 2'000;
  static constexpr std::size_t kDeep = limits::kDependencyDepth + 10;

  Stress() {
    for (std::size_t i = 0; i < kDeep; ++i) {
      EXPECT_TRUE(graph_.add(link(i), Labels{link(i + 1)}).ok());
    }
  }

  void load(testkit::Random& random) {
    while (running_changers_ > 0) {
      const std::size_t changer = random.below(kChangers);
      const std::string key = key_of(changer, random.below(kKeys));
      const Ticket ticket = tier_->position();
      const std::uint64_t value = origins_[changer];
      Labels labels;
      const LabelId own[] = {key_label_id(key_hash(key))};
      const Closure closure = graph_.close(labels, own);
      ASSERT_NE(closure, Closure::kFailed);
      if (closure == Closure::kCut) ++cuts_;
      tier_->fill(make_entry(key, value, labels), ticket);
    }
  }

  void change(std::size_t changer, std::size_t rounds) {
    const bool is_deep = changer == 1;
    const Labels source{is_deep ? link(kDeep) : tag("source")};
    const Labels edge{is_deep ? link(0) : tag("source")};
    for (std::size_t round = 0; round < rounds || cuts_ < kCutsLeast; ++round) {
      const std::string key = key_of(changer, round % kKeys);
      const Label derived(LabelKind::kKey, key);
      ASSERT_TRUE(graph_.add(derived, edge).ok());
      ++origins_[changer];
      tier_->invalidate(source);
      Labels more;
      if (graph_.widen(source, more)) tier_->invalidate(more);
      // Only this thread changes its origin, so what is older was loaded before.
      const EntryRef entry = tier_->get(KeyRef{key, key_hash(key), {}});
      ASSERT_TRUE(!entry || entry->value<std::uint64_t>() >= origins_[changer]) << round;
      if (round % 3 == 0) graph_.remove(derived);
    }
  }

  void run(std::size_t loaders, std::size_t rounds) {
    testkit::run_threads(kChangers + loaders, [&](std::size_t index) {
      testkit::Random random(index);
      if (index >= kChangers) return load(random);
      change(index, rounds);
      --running_changers_;
    });
    graph_.check_invariants();
  }

 private:
  static std::string key_of(std::size_t changer, std::size_t number) {
    return "1:user::" + std::to_string(changer) + "-" + std::to_string(number) + ":";
  }

  std::unique_ptr<HotTier> tier_ = make_tier();
  DependencyGraph graph_{[this](std::span<const Label> labels) { tier_->invalidate(labels); }};
  std::array<std::atomic<std::uint64_t>, kChangers> origins_{};
  std::atomic<std::size_t> running_changers_{kChangers};
  std::atomic<std::uint64_t> cuts_{0};  // of the loaders' closures
};

TEST(DependencyStress, NothingOldIsLeftWhileThreadsFillAddAndInvalidate) {
  Stress stress;
  stress.run(2, 2'000);
}

}  // namespace
}  // namespace strata
