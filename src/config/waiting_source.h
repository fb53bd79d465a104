// waiting_source(): a source whose file is not there yet. Each fetch tries to open it, and once
// that has worked, it is asked instead.
//
// Threads   As Source's. One fetch at a time opens; the others get the error of the last try.
// Errors    That of the last try.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "strata/core/result.h"
#include "strata/ports/source.h"

namespace strata::internal {

using OpenSource = std::function<Result<std::shared_ptr<Source>>()>;

[[nodiscard]] std::shared_ptr<Source> waiting_source(std::string name,
                                                     std::vector<SourceParameter> parameters,
                                                     Error first_error, OpenSource open);

}  // namespace strata::internal
