// Choice: which objects the demo's readers and updaters choose: popular ones, mostly.
//
// Packages and places have a popularity each (Zipf), in an order that depends on the seed alone.
// Sections are chosen the rarer the larger they are, since a section takes its packages along
// when its tag is invalidated.
//
// Threads   Immutable once made; `random` is the caller's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cli/demo/objects.h"
#include "cli/workload/popularity.h"
#include "strata/ports/random.h"

namespace strata::demo {

inline constexpr double kZipfExponent = 1.0;
inline constexpr double kShareOfPlaces = 0.20;    // of the reads
inline constexpr double kShareOfSections = 0.02;  // the rest: packages

class Choice {
 public:
  Choice(const Objects& objects, std::uint64_t seed);

  [[nodiscard]] ObjectId any(Random& random) const;
  [[nodiscard]] ObjectId package(Random& random) const;
  [[nodiscard]] ObjectId section(Random& random) const;
  [[nodiscard]] ObjectId place(Random& random) const;

  // The most popular first.
  [[nodiscard]] std::span<const ObjectId> packages() const { return packages_; }
  [[nodiscard]] std::span<const ObjectId> places() const { return places_; }

 private:
  std::vector<ObjectId> packages_;
  std::vector<ObjectId> sections_;
  std::vector<ObjectId> places_;
  workload::Popularity of_packages_;
  workload::Popularity of_sections_;
  workload::Popularity of_places_;
};

}  // namespace strata::demo
