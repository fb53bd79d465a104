// Tests of what readers and updaters choose.
#include "cli/demo/choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "cli/demo/sample_catalogue.h"

namespace strata::demo {
namespace {

TEST(Choice, KindsComeInTheirShares) {
  const Catalogue catalogue = sample_catalogue();
  const Objects objects(catalogue);
  const Choice choice(objects, 7);
  const auto random = seeded_random(8);
  constexpr int kDraws = 50'000;
  std::array<int, kObjectKindCount> counts{};
  for (int i = 0; i < kDraws; ++i) {
    ++counts.at(static_cast<std::size_t>(objects.kind(choice.any(*random))));
  }
  const auto share = [&](ObjectKind kind) {
    return counts[static_cast<std::size_t>(kind)] / static_cast<double>(kDraws);
  };
  EXPECT_NEAR(share(ObjectKind::kPlace), kShareOfPlaces, 0.01);
  EXPECT_NEAR(share(ObjectKind::kSection), kShareOfSections, 0.005);
}

TEST(Choice, EachKindHasAllOfItsObjectsInAnOrderOfTheSeed) {
  const Catalogue catalogue = sample_catalogue();
  const Objects objects(catalogue);
  const Choice one(objects, 1);
  const Choice same(objects, 1);
  EXPECT_TRUE(std::equal(one.packages().begin(), one.packages().end(), same.packages().begin()));
  std::vector<ObjectId> packages(one.packages().begin(), one.packages().end());
  std::sort(packages.begin(), packages.end());
  EXPECT_TRUE(std::equal(packages.begin(), packages.end(),
                         objects.all(ObjectKind::kPackage).begin(),
                         objects.all(ObjectKind::kPackage).end()));

  const auto random = seeded_random(2);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(objects.kind(one.package(*random)), ObjectKind::kPackage);
    EXPECT_EQ(objects.kind(one.section(*random)), ObjectKind::kSection);
    EXPECT_EQ(objects.kind(one.place(*random)), ObjectKind::kPlace);
  }
}

// A section's tag takes all of its packages along: large sections would empty the cache.
TEST(Choice, ALargerSectionIsChosenMoreRarely) {
  const Catalogue catalogue = sample_catalogue();
  const Objects objects(catalogue);
  const Choice choice(objects, 3);
  const ObjectId shells = objects.find(ObjectKind::kSection, "shells").value();
  const auto random = seeded_random(4);
  int of_shells = 0;
  for (int i = 0; i < 10'000; ++i) of_shells += choice.section(*random) == shells ? 1 : 0;
  EXPECT_NEAR(of_shells, 10'000 / 3.0, 300) << "two packages against one";
}

}  // namespace
}  // namespace strata::demo
