// CacheMachine: a cache of 16 keys over memory and tiers of records, with a clock, whose every
// answer must be one that a model allows.
//
// Threads   Confined to its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/cache_model.h"
#include "strata/testing/manual_clock.h"
#include "strata/testing/manual_executor.h"
#include "strata/testing/manual_timer.h"
#include "strata/testing/record_tier.h"
#include "strata/tiered/cache.h"

namespace strata::fuzz {

struct Shape {
  std::size_t tiers = 0;
  bool memory = true;
  bool little_room = false;
  bool few_labels = false;
  bool stale = false;

  explicit Shape(std::uint8_t byte)
      : tiers(byte % 3),
        memory((byte & 4) == 0),
        little_room((byte & 8) != 0),
        few_labels((byte & 16) != 0),
        stale((byte & 32) != 0) {}
};

class CacheMachine {
 public:
  explicit CacheMachine(Shape shape);
  ~CacheMachine() { executor_->run_all(); }
  CacheMachine(const CacheMachine&) = delete;
  CacheMachine& operator=(const CacheMachine&) = delete;
  // One operation: what is done, on which key, and how.
  void apply(std::uint8_t what, std::uint8_t which, std::uint8_t how);

 private:
  using Ids = std::vector<std::string>;

  static std::string id_of(std::uint8_t which);
  static std::string tag_text(std::uint8_t how) { return "t" + std::to_string(how % 4); }
  [[nodiscard]] LabelId key_label(const Keyspace<int>& keyspace, const std::string& id) const {
    return keyspace.key({.identifier = id})->label().id();
  }
  [[nodiscard]] Instant later(Duration by) const { return saturating_add(clock_->now(), by); }

  [[nodiscard]] CacheModel::Value value(const std::string& id, int version, const Labels& tags);
  [[nodiscard]] int version(const std::string& id) { return origin_[id]; }
  void origin_changes(const std::string& id, std::uint8_t how);

  void check_read(const std::string& key, const Lookup<int>& found);
  void get(const std::string& id);
  void get_many(std::uint8_t which, std::uint8_t how);
  void load(const std::string& id, std::uint8_t how);
  void load_many(std::uint8_t which, std::uint8_t how);
  void fail(const std::string& id);
  void derive(const std::string& id, std::uint8_t how);
  void put(const std::string& id, std::uint8_t how);
  void erase(const std::string& id, std::uint8_t how);
  void invalidate(std::uint8_t how);
  void forget(std::uint8_t how);
  void check_loaded(const std::string& id, const Lookup<int>& found, const Labels& tags,
                    CacheModel::Moment began, bool was_known);

  const Shape shape_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<ManualExecutor> executor_ = std::make_shared<ManualExecutor>();
  std::vector<RecordTier*> tiers_;
  CacheModel model_;
  std::map<std::string, int> origin_;  // the version of each value, kAbsent if there is none
  int last_version_ = 0;
  Cache cache_;
  Keyspace<int> values_;
  Keyspace<int> derived_;
};

}  // namespace strata::fuzz
