// The keys that a configuration names: of a variable of the environment, or of a file.
#pragma once

#include <memory>
#include <string>

#include "strata/codecs/encryption.h"
#include "strata/config/settings.h"

namespace strata::internal {

// Whether a keyspace or source of the settings, or one that they do not name, is to be encrypted.
[[nodiscard]] bool wants_encryption(const Settings& settings);

// The ring, or null where the settings name no file and the variable is not set. What was read is
// wiped. Errors: kRejected for what is there and is not right, also for a file that others than its
// owner may read or write; kUnavailable for a file that is not there or cannot be read.
[[nodiscard]] Result<std::shared_ptr<const KeyRing>> load_encryption_keys(
    const Settings& settings, const Environment& environment);

// What it means that there is no ring, for people.
[[nodiscard]] std::string without_keys(const Settings& settings);

}  // namespace strata::internal
