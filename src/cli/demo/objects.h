// Objects: everything the demo reads, numbered: packages first, then sections, then places.
//
// The numbers index the version history, the counters of the origins and the popularity ranks.
//
// Threads   Immutable once made.
// Lifetime  Names are borrowed from the catalogue, which outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/demo/catalogue.h"

namespace strata::demo {

using ObjectId = std::uint32_t;

enum class ObjectKind { kPackage, kSection, kPlace };
inline constexpr std::size_t kObjectKindCount = 3;

[[nodiscard]] std::string_view to_string(ObjectKind kind);

class Objects {
 public:
  explicit Objects(const Catalogue& catalogue);

  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] ObjectKind kind(ObjectId id) const;
  // "bash", "libs", "Europe/Berlin".
  [[nodiscard]] std::string_view name(ObjectId id) const { return names_[id]; }
  [[nodiscard]] std::optional<ObjectId> find(ObjectKind kind, std::string_view name) const;

  // All of one kind, in the catalogue's order; sections by name.
  [[nodiscard]] std::span<const ObjectId> all(ObjectKind kind) const;

  // What a change of one is seen in: a package's section; a place's country.
  [[nodiscard]] ObjectId section_of(ObjectId package) const { return section_of_[package]; }
  [[nodiscard]] std::span<const ObjectId> packages_of(ObjectId section) const;
  [[nodiscard]] std::span<const ObjectId> places_of(std::string_view country_code) const;

  // The tag under which an object is cached: of a section or a country.
  [[nodiscard]] std::string tag_of(ObjectId id) const;
  // All that carry it: a section with its packages, or the places of a country.
  [[nodiscard]] std::vector<ObjectId> sharing_tag_with(ObjectId id) const;

  // Preconditions: of that kind.
  [[nodiscard]] const PackageRow& package(ObjectId id) const { return catalogue_.packages[id]; }
  [[nodiscard]] const PlaceRow& place(ObjectId id) const;

 private:
  [[nodiscard]] std::size_t first(ObjectKind kind) const;

  const Catalogue& catalogue_;
  std::vector<std::string_view> names_;
  std::vector<ObjectId> ids_;                       // 0, 1, 2, ...: what all() shows a part of
  std::vector<ObjectId> section_of_;                // by package
  std::vector<std::vector<ObjectId>> packages_of_;  // by section
  std::map<std::string_view, std::vector<ObjectId>, std::less<>> places_of_;
  std::unordered_map<std::string_view, ObjectId> by_name_[kObjectKindCount];
};

}  // namespace strata::demo
