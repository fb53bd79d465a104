// read_compressed: the bytes of a file that is plain, gzip or Zstandard, told by how it begins.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "strata/core/result.h"

namespace strata::simulate {

// Takes the next bytes, or says why there should be no more.
using ByteSink = std::function<Result<void>(std::string_view bytes)>;

// A path of "-" is standard input, from where it is. kUnavailable if the file cannot be read, is
// not what it begins as, or ends in the middle; otherwise what `sink` answers.
// Memory is a few hundred KiB, whatever the file says.
[[nodiscard]] Result<void> read_compressed(const std::string& path, const ByteSink& sink);

}  // namespace strata::simulate
