// CacheModel: what a cache may serve, for one thread that does one thing after the other.
//
// It remembers every value that a tier may have, with its labels and lives, and forgets what was
// invalidated. It does not know what was evicted: a cache may always have less, never more.
//
// Threads   Confined to its owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "strata/core/label.h"
#include "strata/core/time.h"

namespace strata::fuzz {

inline constexpr int kAbsent = -1;  // the version of what does not exist

class CacheModel {
 public:
  using LabelIds = std::vector<LabelId>;
  using Moment = std::uint64_t;

  struct Value {
    int version = 0;
    LabelIds labels;  // the key's and the group's included
    Instant fresh_until;
    Instant stale_until;  // served at once until then
    Instant keep_until;   // served if nothing better comes
  };

  [[nodiscard]] Moment now() const { return now_; }

  void invalidate(const LabelIds& labels) {
    ++now_;
    for (const LabelId label : labels) last_[label] = now_;
    for (auto& [key, values] : values_) {
      std::erase_if(values, [&](const Value& value) { return shares(value.labels, labels); });
    }
  }
  void invalidate_everything() {
    ++now_;
    all_ = now_;
    values_.clear();
  }

  // A tier may have it, unless one of its labels was invalidated since `began`.
  void store(const std::string& key, Value value, Moment began) {
    if (all_ > began) return;
    for (const LabelId label : value.labels) {
      const auto last = last_.find(label);
      if (last != last_.end() && last->second > began) return;
    }
    values_[key].push_back(std::move(value));
  }

  // Gives what is there a new life, where that is longer.
  void touch(const std::string& key, Instant fresh, Instant stale, Instant keep) {
    for (Value& value : values_[key]) {
      value.fresh_until = std::max(value.fresh_until, fresh);
      value.stale_until = std::max(value.stale_until, stale);
      value.keep_until = std::max(value.keep_until, keep);
    }
  }

  template <typename Is>
  [[nodiscard]] bool any(const std::string& key, const Is& is) const {
    const auto found = values_.find(key);
    return found != values_.end() && std::any_of(found->second.begin(), found->second.end(), is);
  }
  [[nodiscard]] bool may_be_fresh(const std::string& key, int version, Instant at) const {
    return any(key, [&](const Value& v) { return v.version == version && at < v.fresh_until; });
  }
  [[nodiscard]] bool may_be_stale(const std::string& key, int version, Instant at) const {
    return any(key, [&](const Value& v) { return v.version == version && at < v.stale_until; });
  }
  [[nodiscard]] bool may_be_kept(const std::string& key, int version, Instant at) const {
    return any(key, [&](const Value& v) { return v.version == version && at < v.keep_until; });
  }
  [[nodiscard]] bool may_have(const std::string& key, int version) const {
    return any(key, [&](const Value& v) { return v.version == version; });
  }

  // The labels that every value of that version has which there may be.
  [[nodiscard]] LabelIds labels_of(const std::string& key, int version) const {
    std::optional<LabelIds> common;
    const auto found = values_.find(key);
    if (found == values_.end()) return {};
    for (const Value& value : found->second) {
      if (value.version != version) continue;
      if (!common) common = value.labels;
      std::erase_if(*common, [&](LabelId label) { return !shares({label}, value.labels); });
    }
    return common.value_or(LabelIds());
  }

 private:
  static bool shares(const LabelIds& a, const LabelIds& b) {
    return std::any_of(a.begin(), a.end(), [&](LabelId label) {
      return std::find(b.begin(), b.end(), label) != b.end();
    });
  }

  Moment now_ = 0;
  Moment all_ = 0;  // the last invalidation of everything
  std::map<LabelId, Moment> last_;
  std::map<std::string, std::vector<Value>> values_;
};

}  // namespace strata::fuzz
