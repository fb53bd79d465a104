// Tests of reading the demo's data.
#include "cli/demo/catalogue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strata::demo {
namespace {

constexpr const char* kPackagesHeader =
    "name\tversion\tsection\tinstalled_kib\tdepends_count\tdepends\tdescription\n";
constexpr const char* kPlacesHeader =
    "zone\tcountry_codes\tcountry_names\tlatitude\tlongitude\tcomments\n";

std::string packages_file(const std::string& rows) {
  std::string text = kPackagesHeader;
  return text.append(rows);
}
std::string places_file(const std::string& rows) {
  std::string text = kPlacesHeader;
  return text.append(rows);
}

TEST(Catalogue, ReadsEveryFieldOfAPackage) {
  const auto rows = parse_packages(
      packages_file("2vcard\t0.6-4\tutils\t52\t2\tperl,libc6\tconvert \"an\" addressbook\n"));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ASSERT_EQ(rows->size(), 1u);
  const PackageRow& row = rows->front();
  EXPECT_EQ(row.name, "2vcard");
  EXPECT_EQ(row.package_version, "0.6-4");
  EXPECT_EQ(row.section, "utils");
  EXPECT_EQ(row.installed_kib, 52u);
  EXPECT_EQ(row.depends, (std::vector<std::string>{"perl", "libc6"}));
  EXPECT_EQ(row.description, "convert \"an\" addressbook");
}

TEST(Catalogue, ReadsEveryFieldOfAPlace) {
  const auto rows =
      parse_places(places_file("Africa/Accra\tGH\tGhana\t5.5500\t-0.2167\tthe coast\n"));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  const PlaceRow& row = rows->front();
  EXPECT_EQ(row.zone, "Africa/Accra");
  EXPECT_EQ(row.country_code, "GH");
  EXPECT_EQ(row.country_name, "Ghana");
  EXPECT_DOUBLE_EQ(row.latitude, 5.55);
  EXPECT_DOUBLE_EQ(row.longitude, -0.2167);
  EXPECT_EQ(row.comments, "the coast");
}

TEST(Catalogue, AFieldMayBeEmptyAlsoTheLastOne) {
  const auto places = parse_places(places_file("Asia/Aden\tYE\tYemen\t12.75\t45.2\t\n"));
  ASSERT_TRUE(places.ok()) << places.error().message;
  EXPECT_EQ(places->front().comments, "");
  const auto packages = parse_packages(packages_file("empty\t1\tmisc\t0\t0\t\t\n"));
  ASSERT_TRUE(packages.ok()) << packages.error().message;
  EXPECT_TRUE(packages->front().depends.empty());
}

TEST(Catalogue, ALastLineWithoutItsEndCounts) {
  const auto rows = parse_packages(packages_file("a\t1\tmisc\t0\t0\t\t"));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(rows->size(), 1u);
}

struct BadText {
  const char* what;
  std::string text;
  const char* in_message;
};

TEST(Catalogue, SaysInWhichLineSomethingIsWrong) {
  const std::string header = kPackagesHeader;
  const BadText bad[] = {
      {"nothing at all", "", "no rows"},
      {"only a header", header, "no rows"},
      {"another header", "a\tb\tc\td\te\tf\tg\nx\t1\ts\t0\t0\t\t\n", "line 1"},
      {"a field too few", packages_file("a\t1\tmisc\t0\t0\t\n"), "line 2: 6 fields"},
      {"a field too many", packages_file("a\t1\tmisc\t0\t0\t\t\t\n"), "line 2: 8 fields"},
      {"no name", packages_file("\t1\tmisc\t0\t0\t\t\n"), "line 2: the first field"},
      {"a size that is none", packages_file("a\t1\tmisc\t0\t0\t\t\nb\t1\tmisc\t1x\t0\t\t\n"),
       "line 3: installed_kib"},
      {"no section", packages_file("a\t1\t\t0\t0\t\t\n"), "line 2: the section"},
  };
  for (const BadText& one : bad) {
    const auto rows = parse_packages(one.text);
    ASSERT_FALSE(rows.ok()) << one.what;
    EXPECT_EQ(rows.error().code, ErrorCode::kRejected) << one.what;
    EXPECT_NE(rows.error().message.find(one.in_message), std::string::npos)
        << one.what << ": " << rows.error().message;
  }
}

TEST(Catalogue, APlaceNeedsACountryAndCoordinates) {
  for (const char* line :
       {"A/B\t\tX\t1\t2\t\n", "A/B\tXX\tX\tnorth\t2\t\n", "A/B\tXX\tX\t1\t\t\n"}) {
    EXPECT_FALSE(parse_places(places_file(line)).ok()) << line;
  }
}

TEST(Catalogue, NamesTheFileThatItCannotRead) {
  const auto catalogue = load_catalogue("/nonexistent");
  ASSERT_FALSE(catalogue.ok());
  EXPECT_EQ(catalogue.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(catalogue.error().message.find("/nonexistent/packages.tsv"), std::string::npos);
}

TEST(Catalogue, TheDataThatComesAlongIsRead) {
  const auto catalogue = load_catalogue(STRATA_SOURCE_DATA);
  ASSERT_TRUE(catalogue.ok()) << catalogue.error().message;
  EXPECT_EQ(catalogue->packages.size(), 6093u);
  EXPECT_EQ(catalogue->places.size(), 418u);
}

}  // namespace
}  // namespace strata::demo
