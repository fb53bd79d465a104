// The key that a command means by KEYSPACE and ID.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "strata/core/key.h"
#include "strata/core/result.h"

namespace strata::cli {

// Of a keyspace: what its API would find the ID by. Of a source: ID is its parameters, as `strata
// inspect` prints them: year=2022&cbsa=14500. Errors: kRejected, naming what is wrong.
[[nodiscard]] Result<Key> named_key(Session& session, const std::string& keyspace,
                                    const std::string& id);

// A key as tiers find it. Of canonical text in which parameters are hashed, without them.
struct MeantKey {
  std::string text;
  std::string long_params;

  [[nodiscard]] KeyRef ref() const { return {text, key_hash(text), long_params}; }
};

// What --key may mean: canonical text as `strata inspect --json` prints it, or KEYSPACE:ID. A text
// that can be both stands for both. Errors: kRejected, naming what is wrong.
[[nodiscard]] Result<std::vector<MeantKey>> meant_keys(Session& session, const std::string& text);

}  // namespace strata::cli
