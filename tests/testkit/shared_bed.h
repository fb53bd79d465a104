// SharedBed: two openings of one file, as two processes have them, and what they told.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "testkit/sqlite_bed.h"

namespace strata::sqlite {

// What a tier told of others' invalidations.
struct Told {
  std::mutex mutex;
  std::vector<std::string> lines;
  InvalidationListener listener() {
    return [this](const Labels& labels, bool expires) {
      const std::lock_guard lock(mutex);
      for (const Label& label : labels) {
        lines.push_back((expires ? "expire " : "invalidate ") + format_label(label));
      }
    };
  }
  std::vector<std::string> so_far() {
    const std::lock_guard lock(mutex);
    return lines;
  }
};

struct SharedBed {
  TestBed bed;
  std::unique_ptr<Tier> a = open();
  std::unique_ptr<Tier> b = open();

  // They look at the file by themselves only once an hour.
  [[nodiscard]] SqliteOptions options() const {
    SqliteOptions made = bed.options();
    made.sharing = true;
    made.sharing_poll = std::chrono::hours(1);
    return made;
  }
  std::unique_ptr<Tier> open() { return bed.open(options()); }
  static void invalidate(Tier& tier, const Label& label) { tier.invalidate({&label, 1}); }

  // Until both know all that was invalidated, so that what they load is stored.
  void catch_up() const {
    (void)value_of(*a, "nothing");
    (void)value_of(*b, "nothing");
    Database file = Database::open({.path = bed.path()}).value();
    const Ticket last{static_cast<std::uint64_t>(file.ask("SELECT position FROM meta").value())};
    wait_until([&] { return a->position() >= last && b->position() >= last; });
  }

  // A copy of the files as they are now: what the end of all processes would leave.
  void copy_to(const TestBed& other, bool with_log = true) const {
    for (const char* suffix : {"", "-wal", ".shared"}) {
      if (!with_log && std::string(suffix) == "-wal") continue;
      if (std::filesystem::exists(bed.path() + suffix)) {
        std::filesystem::copy_file(bed.path() + suffix, other.path() + suffix);
      }
    }
  }
};

}  // namespace strata::sqlite
