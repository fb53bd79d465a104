// Codec ids, and exceptions of codecs turned into errors.
#include "strata/core/value_type.h"

#include <exception>
#include <string>
#include <utility>

#include "core/hash.h"

namespace strata {

std::uint32_t codec_id(std::string_view codec_name) {
  return static_cast<std::uint32_t>(internal::hash64(codec_name));
}

namespace internal {

Error error_of_exception(ErrorCode code, std::string_view doing) noexcept {
  const std::exception_ptr thrown = std::current_exception();
  try {
    std::string message(doing);
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& exception) {
      message += ": ";
      message += exception.what();
    } catch (...) {
      message += ": an exception that is not a std::exception";
    }
    return {code, std::move(message), thrown};
  } catch (...) {
    return {code, "out of memory", thrown};  // Short enough to need none.
  }
}

}  // namespace internal
}  // namespace strata
