// Answers for packages and their sections.
#include "cli/demo/package_origin.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/demo/package.h"
#include "core/mutex.h"

namespace strata::demo {

struct PackageOrigin::State {
  State(const Objects& the_objects, const History& the_history, std::shared_ptr<Clock> the_clock)
      : objects(the_objects),
        history(the_history),
        clock(std::move(the_clock)),
        calls(the_objects.size()) {}

  [[nodiscard]] std::optional<ObjectId> find(std::string_view path) const {
    static constexpr std::string_view kPackages = "/packages/";
    static constexpr std::string_view kSections = "/sections/";
    if (path.starts_with(kPackages)) {
      return objects.find(ObjectKind::kPackage, path.substr(kPackages.size()));
    }
    if (path.starts_with(kSections)) {
      return objects.find(ObjectKind::kSection, path.substr(kSections.size()));
    }
    return std::nullopt;
  }

  const Objects& objects;
  const History& history;
  const std::shared_ptr<Clock> clock;
  mutable Mutex mutex;
  mutable CondVar asked;
  std::vector<std::uint64_t> calls STRATA_GUARDED_BY(mutex);
};

PackageOrigin::PackageOrigin(const Objects& objects, const History& history,
                             std::shared_ptr<Clock> clock)
    : state_(std::make_unique<State>(objects, history, std::move(clock))) {}
PackageOrigin::~PackageOrigin() = default;

HttpResponse PackageOrigin::answer(const HttpRequest& request) {
  const std::optional<ObjectId> object = state_->find(request.path);
  if (!object) {
    return {.status = 404, .content_type = "text/plain", .etag = {}, .body = "no such object\n"};
  }
  const Objects& objects = state_->objects;
  const std::uint64_t version = state_->history.current(*object);
  HttpResponse response;
  response.etag = "\"" + std::to_string(version) + "\"";
  if (objects.kind(*object) == ObjectKind::kPackage) {
    response.body = package_json(objects.package(*object), version);
  } else {
    std::vector<std::string_view> names;
    for (const ObjectId package : objects.packages_of(*object)) {
      names.push_back(objects.name(package));
    }
    response.body = section_json(objects.name(*object), version, names);
  }
  // Counted when the answer is made: whoever waits for the call knows how old its answer is.
  const MutexLock lock(state_->mutex);
  ++state_->calls[*object];
  state_->asked.notify_all();
  return response;
}

std::uint64_t PackageOrigin::calls(ObjectId object) const {
  const MutexLock lock(state_->mutex);
  return state_->calls[object];
}

bool PackageOrigin::wait_for_calls(ObjectId object, std::uint64_t calls, Duration at_most) const {
  const Instant end = saturating_add(state_->clock->now(), at_most);
  const MutexLock lock(state_->mutex);
  while (state_->calls[object] < calls) {
    const Duration left = between(state_->clock->now(), end);
    if (left <= Duration(0)) return false;
    state_->asked.wait_for(state_->mutex, left);
  }
  return true;
}

}  // namespace strata::demo
