// Starts the origins and changes what they hold.
#include "cli/demo/origins.h"

#include <utility>

#include "core/assert.h"

namespace strata::demo {

Origins::Origins(const Catalogue& catalogue, std::string places_path, std::shared_ptr<Clock> clock)
    : objects_(catalogue),
      history_(objects_, clock),
      packages_(objects_, history_, clock),
      places_path_(std::move(places_path)),
      clock_(std::move(clock)) {}

Result<std::unique_ptr<Origins>> Origins::create(const Catalogue& catalogue,
                                                 const std::string& places_path,
                                                 std::shared_ptr<Clock> clock) {
  auto origins = std::make_unique<Origins>(catalogue, places_path, clock);
  Result<std::unique_ptr<PlacesOrigin>> places =
      PlacesOrigin::create(places_path, origins->objects_, origins->history_);
  if (!places) return places.error();
  origins->places_ = std::move(*places);

  PackageOrigin& packages = origins->packages_;
  Result<std::unique_ptr<HttpServer>> server = HttpServer::start(
      [&packages](const HttpRequest& request) { return packages.answer(request); },
      {.added_delay = kAddedDelay}, std::move(clock));
  if (!server) return server.error();
  origins->server_ = std::move(*server);
  return origins;
}

Result<void> Origins::change(ObjectId object) {
  const ObjectKind kind = objects_.kind(object);
  STRATA_ASSERT(kind != ObjectKind::kSection);
  if (kind == ObjectKind::kPlace) return places_->change(object);
  // The HTTP origin answers with the version that the history has: this is the change.
  for (const ObjectId changed : {object, objects_.section_of(object)}) {
    history_.committed(changed, history_.announce(changed));
  }
  return {};
}

}  // namespace strata::demo
