// The judgement of answers.
#include "scenarios/history.h"

#include "core/assert.h"

namespace strata::scenarios {

std::vector<Write>& History::writes_of(const std::string& id) {
  std::vector<Write>& writes = writes_[id];
  if (writes.empty()) writes.push_back({.begun = 0, .ended = 0});
  return writes;
}

int History::begin_write(const std::string& id, bool is_put, bool exists) {
  writes_of(id).push_back({.begun = next(), .is_put = is_put, .exists = exists});
  return last(id);
}

void History::begin_turn(const std::string& id, int version) {
  writes_of(id)[static_cast<std::size_t>(version)].turn = next();
}

void History::end_write(const std::string& id, int version) {
  writes_of(id)[static_cast<std::size_t>(version)].ended = next();
}

std::optional<int> History::superseded_by(const std::string& id, int version, Moment begun) {
  const std::vector<Write>& writes = writes_of(id);
  const Write& found = writes[static_cast<std::size_t>(version)];
  for (int later = version + 1; later <= last(id); ++later) {
    const Write& write = writes[static_cast<std::size_t>(later)];
    if (write.ended >= begun) continue;
    const Moment known = write.is_put ? found.ended : found.turn;
    if (!found.is_put || known < write.begun) return later;
  }
  return std::nullopt;
}

std::optional<std::string> History::judge(const std::string& id, std::optional<int> version,
                                          Moment begun) {
  if (version) {
    if (*version < 0 || *version > last(id)) {
      return id + ": version " + std::to_string(*version) + " never was";
    }
    const auto later = superseded_by(id, *version, begun);
    if (!later) return std::nullopt;
    return id + ": version " + std::to_string(*version) + " is served, though version " +
           std::to_string(*later) + " was told to the cache before";
  }
  const std::vector<Write>& writes = writes_of(id);
  for (int absent = 0; absent <= last(id); ++absent) {
    if (writes[static_cast<std::size_t>(absent)].exists) continue;
    if (!superseded_by(id, absent, begun)) return std::nullopt;
  }
  return id + ": is said not to exist, though it did when the look-up began";
}

}  // namespace strata::scenarios
