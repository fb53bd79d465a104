// A file for a picture: whether one can be written, before the work, and writing it after that.
//
// A symbolic link is not followed: it may lead to a file that somebody else chose.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"

namespace strata::cli {

// Changes nothing. Errors: kRejected if it is one of `inputs`, kUnavailable if it could not be
// written.
[[nodiscard]] Result<void> check_picture_file(const std::string& path,
                                              const std::vector<std::string>& inputs);

// In place of what the file had. Errors: kUnavailable, with the path and the reason.
[[nodiscard]] Result<void> write_picture_file(const std::string& path, std::string_view picture);

}  // namespace strata::cli
