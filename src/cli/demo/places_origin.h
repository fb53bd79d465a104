// PlacesOrigin: the demo's SQL origin, a SQLite file with the table of places.
//
// The cache reads it through a query source; changes are made here, by a connection of its own.
//
// Threads   Thread-safe.
// Errors    kUnavailable, with SQLite's message.
#pragma once

#include <memory>
#include <string>

#include "cli/demo/history.h"
#include "cli/demo/objects.h"
#include "strata/core/result.h"

namespace strata::demo {

class PlacesOrigin {
 public:
  // Makes the file, which may not exist yet.
  [[nodiscard]] static Result<std::unique_ptr<PlacesOrigin>> create(const std::string& path,
                                                                    const Objects& objects,
                                                                    History& history);
  ~PlacesOrigin();

  // Gives the place its next version, and tells the history.
  Result<void> change(ObjectId place);

  // One place, its name and version first; parameters `country` and `zone`.
  static constexpr const char* kQuery =
      "SELECT zone, version, country_code, country_name, latitude, longitude, comments "
      "FROM place WHERE country_code = :country AND zone = :zone";

 private:
  struct State;
  explicit PlacesOrigin(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strata::demo
