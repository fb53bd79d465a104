// Catalogue: the demo's real data, as read from data/: Debian packages, and places of the world.
//
// data/README.md describes both files: one header line, fields separated by tabs, no quoting,
// any field but the first may be empty.
//
// Threads   Thread-compatible values.
// Errors    kUnavailable: a file cannot be read; kRejected: it is not what it should be, with
//           file and line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"

namespace strata::demo {

struct PackageRow {
  std::string name;
  std::string package_version;
  std::string section;
  std::uint64_t installed_kib = 0;
  std::vector<std::string> depends;
  std::string description;
};

struct PlaceRow {
  std::string zone;
  std::string country_code;
  std::string country_name;
  double latitude = 0;
  double longitude = 0;
  std::string comments;
};

struct Catalogue {
  std::vector<PackageRow> packages;
  std::vector<PlaceRow> places;
};

inline constexpr std::size_t kCatalogueFileBytes = 16u << 20;  // a larger file is refused

[[nodiscard]] Result<std::vector<PackageRow>> parse_packages(std::string_view text);
[[nodiscard]] Result<std::vector<PlaceRow>> parse_places(std::string_view text);

// From packages.tsv and places.tsv in `folder`.
[[nodiscard]] Result<Catalogue> load_catalogue(const std::string& folder);

}  // namespace strata::demo
