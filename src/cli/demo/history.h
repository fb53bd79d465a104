// History: which version of each object its origin had when, and so whether a read was stale.
//
//   origin:    version = history.announce(object);  change the object;  history.committed(...)
//   updater:   covered = history.invalidation_begins(objects, "by key");
//              cache.invalidate(...);
//              history.invalidation_returned(covered);
//   reader:    start = history.read_begins(object);
//              value = cache.get_or_load(...);
//              history.read_ended(start, value.version, "memory");
//
// Promise   read_ended() is kStale exactly if the version is older than one that the origin had
//           when an invalidation of the object began which returned before the read began. That
//           is what the cache promises, and no more: a read may bring an old version while an
//           invalidation is still running.
// Threads   Thread-safe. Judging a read takes no lock and two loads; only a wrong one takes
//           a lock, to write down its story.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/demo/objects.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::demo {

enum class Verdict {
  kGood,
  kStale,       // older than the cache may answer
  kImpossible,  // a version that the origin never had, or another object's value
};

class History {
 public:
  static constexpr std::size_t kEventsPerObject = 8;  // older ones are forgotten
  static constexpr std::size_t kStories = 3;          // further wrong reads are only counted

  History(const Objects& objects, std::shared_ptr<Clock> clock);
  ~History();

  // The next version of the object, which readers may see from now on.
  [[nodiscard]] std::uint64_t announce(ObjectId object);
  // The origin has it: whoever asks the origin from now on gets `version` or a later one.
  void committed(ObjectId object, std::uint64_t version);
  // The version that the origin has; 1 at first.
  [[nodiscard]] std::uint64_t current(ObjectId object) const;

  struct Covered {
    std::vector<std::pair<ObjectId, std::uint64_t>> versions;
    std::shared_ptr<const std::string> how;
  };
  [[nodiscard]] Covered invalidation_begins(std::span<const ObjectId> objects, std::string how);
  void invalidation_returned(const Covered& covered);

  struct ReadStart {
    ObjectId object = 0;
    std::uint64_t floor = 0;  // the oldest version that may come
    Instant at;
  };
  [[nodiscard]] ReadStart read_begins(ObjectId object) const;
  // `answered_by` is for the story. Version 0: the value is not the object's.
  Verdict read_ended(const ReadStart& start, std::uint64_t version, std::string_view answered_by);

  [[nodiscard]] std::uint64_t reads() const;
  [[nodiscard]] std::uint64_t stale_reads() const;
  [[nodiscard]] std::uint64_t impossible_reads() const;
  // What led to the first wrong reads, each in a few lines for people.
  [[nodiscard]] std::vector<std::string> stories() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::demo
