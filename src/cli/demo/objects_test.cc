// Tests of the numbering of what the demo reads.
#include "cli/demo/objects.h"

#include <gtest/gtest.h>

#include <vector>

#include "cli/demo/sample_catalogue.h"

namespace strata::demo {
namespace {

class ObjectsTest : public ::testing::Test {
 protected:
  ObjectId id(ObjectKind kind, std::string_view name) const {
    return objects_.find(kind, name).value();
  }

  const Catalogue catalogue_ = sample_catalogue();
  const Objects objects_{catalogue_};
};

TEST_F(ObjectsTest, EachHasItsKindAndName) {
  EXPECT_EQ(objects_.size(), 3u + 2u + 3u);
  for (const ObjectKind kind : {ObjectKind::kPackage, ObjectKind::kSection, ObjectKind::kPlace}) {
    for (const ObjectId object : objects_.all(kind)) {
      EXPECT_EQ(objects_.kind(object), kind);
      EXPECT_EQ(objects_.find(kind, objects_.name(object)), object);
    }
  }
  EXPECT_EQ(objects_.all(ObjectKind::kPackage).size(), 3u);
  EXPECT_EQ(objects_.all(ObjectKind::kSection).size(), 2u);
  EXPECT_EQ(objects_.all(ObjectKind::kPlace).size(), 3u);
}

TEST_F(ObjectsTest, ANameOfAnotherKindIsNotFound) {
  EXPECT_FALSE(objects_.find(ObjectKind::kSection, "bash"));
  EXPECT_FALSE(objects_.find(ObjectKind::kPackage, "shells"));
  EXPECT_FALSE(objects_.find(ObjectKind::kPlace, "DE"));
}

TEST_F(ObjectsTest, APackageKnowsItsSectionAndTheSectionItsPackages) {
  const ObjectId shells = id(ObjectKind::kSection, "shells");
  const ObjectId bash = id(ObjectKind::kPackage, "bash");
  const ObjectId zsh = id(ObjectKind::kPackage, "zsh");
  EXPECT_EQ(objects_.section_of(bash), shells);
  const auto packages = objects_.packages_of(shells);
  EXPECT_EQ(std::vector<ObjectId>(packages.begin(), packages.end()),
            (std::vector<ObjectId>{bash, zsh}));
  EXPECT_EQ(objects_.package(bash).package_version, "5.2");
}

TEST_F(ObjectsTest, PlacesAreFoundByCountry) {
  EXPECT_EQ(objects_.places_of("DE").size(), 2u);
  EXPECT_EQ(objects_.places_of("FR").size(), 1u);
  EXPECT_TRUE(objects_.places_of("XX").empty());
  EXPECT_EQ(objects_.place(id(ObjectKind::kPlace, "Europe/Paris")).country_code, "FR");
}

// The history raises the floor of exactly these when the tag is invalidated.
TEST_F(ObjectsTest, ATagIsSharedByASectionAndItsPackagesOrByTheCountrysPlaces) {
  const ObjectId shells = id(ObjectKind::kSection, "shells");
  const ObjectId bash = id(ObjectKind::kPackage, "bash");
  const ObjectId zsh = id(ObjectKind::kPackage, "zsh");
  EXPECT_EQ(objects_.tag_of(bash), "section:shells");
  EXPECT_EQ(objects_.tag_of(shells), "section:shells");
  EXPECT_EQ(objects_.sharing_tag_with(zsh), (std::vector<ObjectId>{bash, zsh, shells}));
  EXPECT_EQ(objects_.sharing_tag_with(shells), (std::vector<ObjectId>{bash, zsh, shells}));

  const ObjectId berlin = id(ObjectKind::kPlace, "Europe/Berlin");
  EXPECT_EQ(objects_.tag_of(berlin), "country:DE");
  EXPECT_EQ(objects_.sharing_tag_with(berlin),
            (std::vector<ObjectId>{berlin, id(ObjectKind::kPlace, "Europe/Busingen")}));
}

}  // namespace
}  // namespace strata::demo
