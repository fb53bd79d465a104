// The key that a command means by KEYSPACE and ID.
#pragma once

#include <string>

#include "cli/session.h"
#include "strata/core/key.h"
#include "strata/core/result.h"

namespace strata::cli {

// Of a keyspace: what its API would find the ID by. Of a source: ID is its parameters, as `strata
// inspect` prints them: year=2022&cbsa=14500. Errors: kRejected, naming what is wrong.
[[nodiscard]] Result<Key> named_key(Session& session, const std::string& keyspace,
                                    const std::string& id);

}  // namespace strata::cli
