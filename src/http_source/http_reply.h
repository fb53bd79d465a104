// What goes into an HTTP request besides its URL, and what an HTTP answer means to a source.
#pragma once

#include <string>
#include <vector>

#include "http_source/transfer.h"
#include "strata/core/result.h"
#include "strata/http_source/http_source.h"
#include "strata/ports/source.h"

namespace strata {

// Whole header lines: those of the options, the codings that are understood and the condition of
// the request.
[[nodiscard]] std::vector<std::string> request_headers(const SourceRequest& request,
                                                       const HttpOptions& options);

// Errors as http_source.h says; the message neither has the URL nor names the source.
[[nodiscard]] Result<SourceReply> reply_of(HttpAnswer answer, const SourceRequest& request,
                                           const HttpOptions& options);

}  // namespace strata
