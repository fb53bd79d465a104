// Tests of KeyspaceNames.
#include "memory/policy/keyspace_names.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace strata::memory {
namespace {

TEST(KeyspaceNames, EachKeyspaceHasANumberAndATenantsPartHasTheKeyspaces) {
  KeyspaceNames names;
  const std::uint8_t user = names.slot_of("1:user::42:");
  const std::uint8_t order = names.slot_of("1:order:head:7:");
  EXPECT_NE(user, 0);
  EXPECT_NE(order, user);
  EXPECT_EQ(names.slot_of("1:user::43:a=b"), user);
  EXPECT_EQ(names.slot_of("1:acme/user::42:"), user);
  EXPECT_EQ(names.name_of(user), "user");
  EXPECT_EQ(names.name_of(order), "order");
}

TEST(KeyspaceNames, WhatNamesNoKeyspaceIsAmongTheOthers) {
  KeyspaceNames names;
  for (const std::string& text : {std::string(), std::string("k"), std::string("1:user"),
                                  std::string("1::x:"), "1:" + std::string(65, 'a') + "::x:"}) {
    EXPECT_EQ(names.slot_of(text), 0) << text;
  }
  EXPECT_EQ(names.name_of(0), "");
  EXPECT_EQ(names.name_of(1), "") << "nobody has it";
}

TEST(KeyspaceNames, TheOnesBeyondTheLimitShareANumber) {
  KeyspaceNames names;
  for (std::size_t i = 1; i < limits::kCurveKeyspaces + 10; ++i) {
    const std::size_t slot = names.slot_of("1:k" + std::to_string(i) + "::x:");
    EXPECT_EQ(slot, i < limits::kCurveKeyspaces ? i : 0) << i;
  }
}

TEST(KeyspaceNames, ManyThreadsMayNameTheSame) {
  KeyspaceNames names;
  std::vector<std::jthread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        const std::string name = "k" + std::to_string(i % 8);
        const std::uint8_t slot = names.slot_of("1:" + name + "::x:");
        if (slot != 0) {
          EXPECT_EQ(names.name_of(slot), name);
        }
      }
    });
  }
  threads.clear();
  for (std::size_t slot = 1; slot <= 8; ++slot) EXPECT_NE(names.name_of(slot), "");
  EXPECT_EQ(names.name_of(9), "");
}

}  // namespace
}  // namespace strata::memory
