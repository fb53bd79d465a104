#include "strata/tiered/origin.h"

#include <utility>

#include "tiered/state.h"

namespace strata {

struct Cache::Origin::Scope {
  Scope(std::shared_ptr<State> cache, std::string origin)
      : state(std::move(cache)),
        text([origin = std::move(origin)] { return origin; }),
        scope(state->causes, CauseKind::kProcess, text) {}

  const std::shared_ptr<State> state;
  const internal::CauseScope::Text text;
  const internal::CauseScope scope;
};

Cache::Origin::Origin(Cache& cache, std::string text)
    : scope_(std::make_unique<Scope>(cache.state_, std::move(text))) {}

Cache::Origin::~Origin() = default;

}  // namespace strata
