// History: what was written to an origin, and which answers of a cache in front of it are stale.
//
// The origin's value of a key is its version, which counts that key's writes. A write begins when
// the origin changes and ends when the call that told the cache of it has returned. An answer is
// stale if a later version's write had ended before the look-up began.
//
// Only two puts are allowed to pass each other: of puts at the same time either may be kept. A
// put whose turn began after a change had begun may also be kept, since its call may have come
// after the change had ended.
//
// Threads   Confined to the thread that has the baton.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace strata::scenarios {

using Moment = int;
inline constexpr Moment kNotYet = std::numeric_limits<Moment>::max();

struct Write {
  Moment begun = 0;
  Moment ended = kNotYet;
  Moment turn = kNotYet;  // of a put: when it took its tickets
  bool is_put = false;
  bool exists = true;  // whether the origin has a value since
};

class History {
 public:
  // A moment later than all before.
  Moment next() { return ++now_; }

  [[nodiscard]] int version(const std::string& id) { return last(id); }
  [[nodiscard]] bool exists(const std::string& id) { return writes_of(id).back().exists; }
  // The origin changes; returns the new version.
  int begin_write(const std::string& id, bool is_put, bool exists = true);
  void begin_turn(const std::string& id, int version);
  void end_write(const std::string& id, int version);

  // What is wrong with an answer to a look-up that began at `begun`, or nothing. `version`: what
  // was found, nothing for an answer that there is no value.
  [[nodiscard]] std::optional<std::string> judge(const std::string& id, std::optional<int> version,
                                                 Moment begun);

 private:
  std::vector<Write>& writes_of(const std::string& id);
  int last(const std::string& id) { return static_cast<int>(writes_of(id).size()) - 1; }
  std::optional<int> superseded_by(const std::string& id, int version, Moment begun);

  std::map<std::string, std::vector<Write>> writes_;  // by key, in the order of versions
  Moment now_ = 0;
};

}  // namespace strata::scenarios
