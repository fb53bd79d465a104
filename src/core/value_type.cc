// Codec ids, and exceptions of codecs turned into errors.
#include "strata/core/value_type.h"

#include <exception>

#include "core/hash.h"

namespace strata {

std::uint32_t codec_id(std::string_view codec_name) {
  return static_cast<std::uint32_t>(internal::hash64(codec_name));
}

namespace internal {

Error error_of_exception(ErrorCode code, std::string_view doing) {
  std::string message(doing);
  try {
    throw;
  } catch (const std::exception& exception) {
    message += ": ";
    message += exception.what();
  } catch (...) {
    message += ": an exception that is not a std::exception";
  }
  return {code, std::move(message), std::current_exception()};
}

}  // namespace internal
}  // namespace strata
