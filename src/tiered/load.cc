// Load: what a loader says about its value.
#include "strata/tiered/load.h"

#include "core/assert.h"
#include "tiered/state.h"

namespace strata {

void Load::tag(std::string_view text) { state_.labels.push_back(strata::tag(text)); }
void Load::depends_on(Label label) { state_.labels.push_back(std::move(label)); }
void Load::ttl(Duration ttl) { state_.ttl = ttl; }
void Load::keep_for(Duration keep_for) { state_.keep_for = keep_for; }
void Load::negative_ttl(Duration negative_ttl) { state_.negative_ttl = negative_ttl; }
void Load::version(std::string version) { state_.version = std::move(version); }
void Load::source_last_modified(WallTime at) { state_.source_last_modified = at; }
void Load::do_not_store() { state_.store = false; }
std::string_view Load::known_version() const { return state_.known_version; }
std::optional<WallTime> Load::known_last_modified() const { return state_.known_last_modified; }
Deadline Load::deadline() const { return state_.deadline; }

void Load::not_modified() {
  STRATA_ASSERT(!state_.known_version.empty() || state_.known_last_modified.has_value());
  state_.not_modified = true;
}

}  // namespace strata
