// Front: Strata in front of the demo's origins, and the check of each read.
//
// Packages and sections are keyspaces whose loader asks an HTTP source and then says which tag
// the value carries; places are read through a SQLite query source, with a tag made from its
// parameters. Every read is judged by the history (history.h).
//
// Threads   Thread-safe, but for close().
// Lifetime  The objects and the history outlive it.
// Errors    open(): those of the cache and the sources. A read that fails is an Answer.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "cli/demo/history.h"
#include "cli/demo/objects.h"
#include "cli/demo/package.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/tiered/cache.h"

namespace strata::demo {

enum class AnsweredBy { kMemory, kSqlite, kHttpOrigin, kSqlOrigin, kNobody };
inline constexpr std::size_t kAnsweredByCount = 5;

// "memory", "sqlite", "packages" and "places", "nobody".
[[nodiscard]] std::string_view to_string(AnsweredBy by);

struct Answer {
  AnsweredBy by = AnsweredBy::kNobody;
  bool past_ttl = false;   // served although it was not fresh
  bool confirmed = false;  // the origin was asked although a value was known
  Verdict verdict = Verdict::kGood;
  Duration took{0};
  std::string error;  // with kNobody
};

struct FrontOptions {
  std::uint16_t http_port = 0;
  std::string places_path;  // the SQLite origin
  std::string cache_path;   // the SQLite tier
  std::uint64_t memory_entries = 0;
  std::size_t connections = 1;  // to each origin
};

// The keyspace of read() for packages.
inline constexpr std::string_view kPackageKeyspace = "package";

// How long values of the keyspace `live` are fresh, and kept for when the origin fails.
inline constexpr Duration kLiveTtl = std::chrono::milliseconds(300);
inline constexpr Duration kLiveKeepFor = std::chrono::hours(1);
inline constexpr Duration kLiveRetryAfter = std::chrono::milliseconds(600);

class Front {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Front>> open(const Objects& objects, History& history,
                                                           const FrontOptions& options,
                                                           std::shared_ptr<Clock> clock);
  ~Front();

  Answer read(ObjectId object);
  // A package, cached for kLiveTtl only and then kept for when the origin fails.
  Answer read_live(ObjectId package);

  // A read that is answered later, by whoever loads it.
  class Pending {
   public:
    Answer wait();

   private:
    friend class Front;
    Front* front_ = nullptr;
    History::ReadStart start_;
    std::future<Lookup<Package>> lookup_;
  };
  [[nodiscard]] Pending start_reading(ObjectId package);

  // Each returns when the invalidation is final, and the history knows.
  Result<void> invalidate_key(ObjectId object);
  // By the tag of a package's or section's section, or of a place's country.
  Result<void> invalidate_tag(ObjectId object);
  // By source: of packages and sections, or of places.
  Result<void> invalidate_source(ObjectKind kind);

  [[nodiscard]] Cache& cache() const;
  [[nodiscard]] std::uint64_t place_queries() const;  // that reached the SQLite origin

  // Closes cache and sources. Safe to repeat.
  void close();

 private:
  struct State;
  explicit Front(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strata::demo
