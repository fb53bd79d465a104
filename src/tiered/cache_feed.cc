#include "strata/tiered/cache_feed.h"

#include <utility>

#include "tiered/paths.h"

namespace strata {
namespace {

std::shared_ptr<const Error> closed() {
  return internal::shared_error({ErrorCode::kClosed, "the cache is closed", {}});
}

}  // namespace

CacheFeed::CacheFeed(std::weak_ptr<Cache::State> cache, std::string origin)
    : cache_(std::move(cache)), origin_(std::move(origin)) {}

EventResult CacheFeed::emit(Event event) { return emit(std::move(event), {}); }

EventResult CacheFeed::emit(Event event, const Labels& otherwise) {
  EventResult result;
  const std::shared_ptr<Cache::State> cache = cache_.lock();
  if (!cache) {
    result.error = closed();
    return result;
  }
  event.origin = origin_;
  return internal::emit(*cache, event, otherwise);
}

InvalidationResult CacheFeed::invalidate(std::span<const Label> labels) {
  InvalidationResult result;
  const std::shared_ptr<Cache::State> cache = cache_.lock();
  if (!cache) {
    result.error = closed();
    return result;
  }
  const internal::Origin from = internal::parse_origin(origin_);
  const internal::CauseScope::Text text = [&] { return std::string(from.text); };
  const internal::CauseScope scope(cache->causes, from.kind, text);
  return internal::change_checked(*cache, labels, internal::Change::kInvalidate);
}

CacheFeed Cache::feed(std::string origin) { return {state_, std::move(origin)}; }

void Cache::before_close(std::function<void()> end) { state_->before_close(std::move(end)); }

}  // namespace strata
