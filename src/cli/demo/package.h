// Package: the typed value that the demo caches, and the JSON that its origin sends.
//
// `version` is the origin's: it counts the changes that the demo makes, and is what every read is
// checked by. `package_version` is Debian's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/demo/catalogue.h"
#include "strata/core/result.h"
#include "strata/core/value_type.h"

namespace strata::demo {

struct Package {
  std::string name;
  std::uint64_t version = 0;
  std::string package_version;
  std::string section;
  std::uint64_t installed_kib = 0;
  std::vector<std::string> depends;
  std::string description;
};

[[nodiscard]] std::string package_json(const PackageRow& row, std::uint64_t version);
[[nodiscard]] std::string section_json(std::string_view section, std::uint64_t version,
                                       const std::vector<std::string_view>& packages);

// What a JSON object says first of all: which object it is and in which version. Version 0: it
// does not. Cheaper than parsing it: sections are long. The name is borrowed from the text.
struct Stamp {
  std::string_view name;
  std::uint64_t version = 0;
};
// Of `{"<name_member>":"<name>","version":<n>,...`, as both functions above write it and SQLite
// does for a query that selects the columns in this order.
[[nodiscard]] Stamp stamp_of(std::string_view json, std::string_view name_member);

}  // namespace strata::demo

template <>
struct strata::Codec<strata::demo::Package> {
  static constexpr std::string_view kName = "demo.package";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const demo::Package& package);
  static Result<demo::Package> decode(std::string_view bytes);
  static std::size_t owned_bytes(const demo::Package& package);
};
