// Origins: the two origins of the demo, with what they hold and how it changed: an HTTP server
// for packages and sections, a SQLite file for places.
//
// Threads   Thread-safe.
// Lifetime  The catalogue outlives it; the folder of the SQLite file too.
// Errors    create(): those of the server and the file.
#pragma once

#include <memory>
#include <string>

#include "cli/demo/catalogue.h"
#include "cli/demo/history.h"
#include "cli/demo/http_server.h"
#include "cli/demo/objects.h"
#include "cli/demo/package_origin.h"
#include "cli/demo/places_origin.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"

namespace strata::demo {

// What every answer of the HTTP origin waits, in place of a network.
inline constexpr Duration kAddedDelay = std::chrono::milliseconds(20);

class Origins {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Origins>> create(const Catalogue& catalogue,
                                                               const std::string& places_path,
                                                               std::shared_ptr<Clock> clock);
  Origins(const Catalogue& catalogue, std::string places_path, std::shared_ptr<Clock> clock);

  [[nodiscard]] const Objects& objects() const { return objects_; }
  [[nodiscard]] History& history() { return history_; }
  [[nodiscard]] HttpServer& server() { return *server_; }
  [[nodiscard]] const PackageOrigin& packages() const { return packages_; }
  [[nodiscard]] const std::string& places_path() const { return places_path_; }

  // Gives a package or place its next version; a package's section changes with it.
  Result<void> change(ObjectId object);

 private:
  Objects objects_;
  History history_;
  PackageOrigin packages_;
  std::string places_path_;
  std::shared_ptr<Clock> clock_;
  std::unique_ptr<PlacesOrigin> places_;
  std::unique_ptr<HttpServer> server_;  // last: its thread uses the others
};

}  // namespace strata::demo
