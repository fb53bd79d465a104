// Whether a keyspace takes what was stored for it: the part of the library's verdict that can be
// known without the type of its values.
#pragma once

#include <optional>
#include <string>

#include "strata/config/settings.h"
#include "strata/core/label.h"

namespace strata::cli {

// The first of the labels type, schema and source that the keyspace has in this configuration and
// that are not among `carried`: a look-up is a miss then, since whatever invalidated that label
// meanwhile cannot have reached the value. `carried` begins with the label of the keyspace.
[[nodiscard]] std::optional<Label> missing_label(const Settings& settings, const Labels& carried);

// "it was stored without type:person, which its keyspace has now"
[[nodiscard]] std::string describe_missing(const Label& label);

}  // namespace strata::cli
