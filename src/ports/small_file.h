// Small files, read whole and written so that nobody ever sees half of one.
//
// Errors    kUnavailable, naming the file and what the system said; kRejected for a file that is
//           larger than `max_bytes`. Symbolic links are refused.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "strata/core/result.h"

namespace strata::internal {

// What is in the file; an empty text if there is none.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// Makes `path` contain `bytes`: the whole of it, or what was there before.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view bytes,
                                        unsigned mode);

// The same, if there is no such file yet. Returns whether there was none.
[[nodiscard]] Result<bool> create_file(const std::string& path, std::string_view bytes,
                                       unsigned mode);

// Replaces the file by what `change` makes of its text, as one step for all who use this
// function. An error of `change` leaves the file as it is.
[[nodiscard]] Result<void> update_file(
    const std::string& path, std::size_t max_bytes, unsigned mode,
    const std::function<Result<std::string>(const std::string& text)>& change);

// Everything that can be read from a file descriptor; kRejected beyond `max_bytes`.
[[nodiscard]] Result<std::string> read_all(int file, std::size_t max_bytes,
                                           const std::string& name);

[[nodiscard]] bool file_exists(const std::string& path);
[[nodiscard]] bool is_folder(const std::string& path);

}  // namespace strata::internal
