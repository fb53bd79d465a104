// function_source(): a source that is a C++ function.
//
//   auto users = strata::function_source("users", {{.name = "id"}},
//       [&](const SourceRequest& request) -> Result<SourceReply> {
//         return SourceReply{.body = db.find_user(request.params[0].second)};
//       }).value();
//
// The function sees every declared parameter: those given, then the defaults of the others.
//
// Threads    The function may run concurrently with itself, in any thread.
// Errors     An exception of the function becomes kLoadFailed and is carried in the error. A
//            kNotModified that nobody asked for is kLoadFailed too. function_source() itself:
//            kRejected for a malformed name, a parameter declared twice, or no function.
// Time       A function cannot be interrupted: one whose deadline has passed is not called, one
//            that runs is waited for by its caller. close() does not wait for it.
// Callbacks  The function runs with no lock held.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "strata/core/result.h"
#include "strata/ports/clock.h"
#include "strata/ports/source.h"

namespace strata {

using SourceFunction = std::function<Result<SourceReply>(const SourceRequest& request)>;

[[nodiscard]] Result<std::shared_ptr<Source>> function_source(
    std::string name, std::vector<SourceParameter> parameters, SourceFunction function,
    std::shared_ptr<Clock> clock = system_clock());

}  // namespace strata
