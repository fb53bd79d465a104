// Whether HttpOptions can work, checked once, before anything is asked.
#pragma once

#include "http_source/url_template.h"
#include "strata/core/result.h"
#include "strata/http_source/http_source.h"

namespace strata {

// The parsed URL template; or kRejected, naming the option and what is wrong with it. Adds the
// placeholders that are not declared to `options.parameters`.
[[nodiscard]] Result<UrlTemplate> check_options(HttpOptions& options);

}  // namespace strata
