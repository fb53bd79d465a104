// What a cache is compared with.
#include <unordered_map>
#include <utility>

#include "cli/benchmark/store.h"
#include "core/mutex.h"

namespace strata::benchmark {
namespace {

using Shared = std::shared_ptr<const std::string>;

void keep(Shared value, Reading& into) {
  into.bytes = *value;
  into.keeper = std::move(value);
}

class MapStore final : public Store {
 public:
  explicit MapStore(Origin& origin) : origin_(origin) {}

  Result<void> read(std::uint64_t number, Reading& into) override {
    Shared value = find(number);
    into.is_hit = value != nullptr;
    if (!value) {
      value = std::make_shared<const std::string>(origin_.fetch(number));
      insert(number, value);
    }
    keep(std::move(value), into);
    return {};
  }
  Result<bool> write(std::uint64_t number, std::string value) override {
    insert(number, std::make_shared<const std::string>(std::move(value)));
    return true;
  }

 private:
  Shared find(std::uint64_t number) {
    const MutexLock lock(mutex_);
    const auto found = values_.find(number);
    return found == values_.end() ? nullptr : found->second;
  }
  // The former value goes when the lock is released.
  void insert(std::uint64_t number, Shared value) {
    const MutexLock lock(mutex_);
    std::swap(values_[number], value);
  }

  Origin& origin_;
  Mutex mutex_;
  std::unordered_map<std::uint64_t, Shared> values_ STRATA_GUARDED_BY(mutex_);
};

class OriginStore final : public Store {
 public:
  explicit OriginStore(Origin& origin) : origin_(origin) {}

  Result<void> read(std::uint64_t number, Reading& into) override {
    into.is_hit = false;
    into.bytes = into.keeper.emplace<std::string>(origin_.fetch(number));
    return {};
  }
  Result<bool> write(std::uint64_t, std::string) override { return false; }
  // An application writes to its origin with a cache and without one.
  [[nodiscard]] bool takes_writes() const override { return false; }

 private:
  Origin& origin_;
};

class IdleStore final : public Store {
 public:
  explicit IdleStore(std::string value) : value_(std::move(value)) {}

  Result<void> read(std::uint64_t, Reading& into) override {
    into.is_hit = true;
    into.bytes = value_;
    return {};
  }
  Result<bool> write(std::uint64_t, std::string) override { return true; }

 private:
  const std::string value_;
};

}  // namespace

std::unique_ptr<Store> map_store(Origin& origin) { return std::make_unique<MapStore>(origin); }
std::unique_ptr<Store> origin_store(Origin& origin) {
  return std::make_unique<OriginStore>(origin);
}
std::unique_ptr<Store> idle_store(std::string value) {
  return std::make_unique<IdleStore>(std::move(value));
}

}  // namespace strata::benchmark
