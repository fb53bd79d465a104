// Emission, and events for which there is no rule, allocate nothing.
//
// This program replaces the global allocation functions.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "strata/labels/event_bus.h"
#include "strata/labels/rules.h"

namespace {

std::atomic<std::size_t> allocations{0};

void* allocate(std::size_t size) {
  ++allocations;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace strata {
namespace {

// How often `call` allocates when everything that is made once has been made.
template <typename Call>
std::size_t allocations_of(Call call) {
  call();
  const std::size_t before = allocations;
  call();
  return allocations - before;
}

const Event an_event = entity_write("issue", "12", {{"project_id", "7"}}, {{"project_id", "6"}});

TEST(AllocationFree, TheCountSeesAllocations) {
  EXPECT_EQ(allocations_of([] { delete new int(1); }), 1u);
}

TEST(AllocationFree, Emission) {
  EventBus bus({.clock = system_clock()});
  EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(bus.emit(an_event).ok()); }), 0u);
  std::size_t calls = 0;
  std::vector<Subscription> handlers;
  handlers.reserve(4);
  for (int handler = 0; handler < 4; ++handler) {
    handlers.push_back(
        bus.subscribe(EventKind::kEntityWrite, [&](const Event&) { ++calls; }).value());
  }
  EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(bus.emit(an_event).ok()); }), 0u);
  EXPECT_EQ(calls, 8u);
  bus.disable();
  EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(bus.emit(an_event).ok()); }), 0u);
}

TEST(AllocationFree, EventsWithoutRules) {
  const RuleSet rules =
      RuleSet::compile({.rules = {{.name = "other", .on = {"write comment"}, .invalidate = {"x"}},
                                  {.name = "deleted", .on = {"delete *"}, .invalidate = {"x"}},
                                  {.name = "not held",
                                   .on = {"write issue"},
                                   .when = "project_id == 8 or not changed(project_id)",
                                   .invalidate = {"project:{project_id}:of:a:long:name"}}}})
          .value();
  EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(rules.evaluate(an_event).fired.empty()); }), 0u);
  EXPECT_EQ(rules.stats().back().evaluated, 2u);
}

}  // namespace
}  // namespace strata
