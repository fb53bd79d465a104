// The cache is closed and opened again on the same file.
#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "cli/demo/parallel.h"
#include "cli/demo/phases.h"

namespace strata::demo {
namespace {

// Of the objects: how many are changed just before the end, every third of them by its tag.
constexpr std::size_t kChanged = 12;
constexpr std::size_t kOneByTagIn = 3;

// What both restarts read: the most popular packages and places.
std::vector<ObjectId> restart_objects(const Choice& choice) {
  const auto packages = choice.packages();
  const auto places = choice.places();
  const auto popular = packages.first(std::min(kRestartPackages, packages.size()));
  const auto visited = places.first(std::min(kRestartPlaces, places.size()));
  std::vector<ObjectId> objects(popular.begin(), popular.end());
  objects.insert(objects.end(), visited.begin(), visited.end());
  return objects;
}

// What is left to invalidate after some objects were changed at their origins.
struct LastChanges {
  std::vector<ObjectId> by_key;
  std::vector<ObjectId> by_tag;
  std::vector<ObjectId> concerned;  // all objects that carry one of these labels
  std::uint64_t invalidated = 0;    // how many of the objects given
};

// Changes a few of `objects`, spread evenly.
Result<LastChanges> change_some(Origins& origins, std::span<const ObjectId> objects) {
  LastChanges changes;
  const std::size_t stride = objects.size() / kChanged + 1;
  for (std::size_t at = 0; at < objects.size(); at += stride) {
    const bool by_tag = at / stride % kOneByTagIn == kOneByTagIn - 1;
    (by_tag ? changes.by_tag : changes.by_key).push_back(objects[at]);
    if (Result<void> changed = origins.change(objects[at]); !changed) return changed.error();
  }
  std::set<ObjectId> concerned(changes.by_key.begin(), changes.by_key.end());
  for (const ObjectId object : changes.by_tag) {
    for (const ObjectId other : origins.objects().sharing_tag_with(object)) {
      concerned.insert(other);
    }
  }
  changes.concerned.assign(concerned.begin(), concerned.end());
  changes.invalidated = static_cast<std::uint64_t>(std::count_if(
      objects.begin(), objects.end(), [&](ObjectId object) { return concerned.contains(object); }));
  return changes;
}

// Reads `objects` through a cache that was just opened, and counts who answered.
void read_after_restart(Origins& origins, Front& front, std::span<const ObjectId> objects,
                        workload::Progress& progress, RestartFigures& figures) {
  const std::uint64_t calls = origins.server().requests() + front.place_queries();
  std::atomic<std::uint64_t> from_sqlite{0};
  std::atomic<std::uint64_t> failed{0};
  for_each_object(objects, [&](ObjectId object) {
    const Answer answer = front.read(object);
    if (answer.by == AnsweredBy::kSqlite) ++from_sqlite;
    if (answer.by == AnsweredBy::kNobody) ++failed;
    progress.advance();
  });
  figures.from_sqlite = from_sqlite;
  figures.failed = failed;
  figures.origin_calls = origins.server().requests() + front.place_queries() - calls;
}

}  // namespace

Result<RestartFigures> run_restart(Origins& origins, std::unique_ptr<Front>& front,
                                   const OpenFront& open, const Choice& choice, const Clock& clock,
                                   workload::Progress& progress) {
  const std::vector<ObjectId> objects = restart_objects(choice);
  RestartFigures figures{.keys = objects.size()};
  progress.begin("restart", 2 * objects.size());
  for_each_object(objects, [&](ObjectId object) {
    (void)front->read(object);
    progress.advance();
  });
  Result<LastChanges> changes = change_some(origins, objects);
  if (!changes) return changes.error();
  figures.invalidated = changes->invalidated;
  Result<void> done;
  for (const ObjectId object : changes->by_tag) {
    if (done) done = front->invalidate_tag(object);
  }
  for (const ObjectId object : changes->by_key) {
    if (done) done = front->invalidate_key(object);
  }
  if (!done) return done.error();

  front.reset();
  const Instant began = clock.now();
  Result<std::unique_ptr<Front>> opened = open();
  if (!opened) return opened.error();
  figures.open_took = between(began, clock.now());
  front = std::move(*opened);
  read_after_restart(origins, *front, objects, progress, figures);
  return figures;
}

Result<RestartFigures> run_kill(Origins& origins, Victim& victim, const FrontOptions& victims,
                                const OpenFront& open, const Choice& choice, const Clock& clock,
                                workload::Progress& progress) {
  const std::vector<ObjectId> objects = restart_objects(choice);
  RestartFigures figures{.keys = objects.size()};
  progress.begin("kill", 2 * objects.size());
  if (Result<void> filled = victim.fill(victims, objects); !filled) {
    return filled.error();
  }
  progress.advance(objects.size());
  Result<LastChanges> changes = change_some(origins, objects);
  if (!changes) return changes.error();
  figures.invalidated = changes->invalidated;
  const History::Covered covered =
      origins.history().invalidation_begins(changes->concerned, "in the process then killed");
  if (Result<void> died = victim.invalidate_and_die(changes->by_key, changes->by_tag); !died) {
    return died.error();
  }
  origins.history().invalidation_returned(covered);

  const Instant began = clock.now();
  Result<std::unique_ptr<Front>> opened = open();
  if (!opened) return opened.error();
  figures.open_took = between(began, clock.now());
  read_after_restart(origins, **opened, objects, progress, figures);
  return figures;
}

}  // namespace strata::demo
