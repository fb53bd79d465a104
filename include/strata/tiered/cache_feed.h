// CacheFeed: how something with a thread of its own tells a cache what has happened.
//
// It stays with its cache when that is moved, does not keep it alive, and its origin stands at the
// root of every explanation: "invalidated by tag issue:12 <- event entity_write issue 12 <- outbox
// shop".
//
//   auto relay = start_relay([feed = cache.feed("outbox shop")](Event event) mutable {
//     return feed.emit(std::move(event)).ok();
//   });
//   cache.before_close([relay] { relay->close(); });
//
// Threads   Thread-safe, as the cache is.
// Errors    As Cache::emit() and Cache::invalidate(); kClosed after the cache's close().
#pragma once

#include <memory>
#include <span>
#include <string>

#include "strata/tiered/cache.h"

namespace strata {

class CacheFeed {
 public:
  // Cache::emit(), with the feed's origin.
  EventResult emit(Event event);
  // The same; where no rule fires, `otherwise` is invalidated, before the handlers are called.
  EventResult emit(Event event, const Labels& otherwise);
  // Cache::invalidate(), in the name of the origin.
  InvalidationResult invalidate(std::span<const Label> labels);

 private:
  friend class Cache;
  CacheFeed(std::weak_ptr<Cache::State> cache, std::string origin);

  std::weak_ptr<Cache::State> cache_;
  std::string origin_;
};

}  // namespace strata
