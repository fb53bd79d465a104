// Makes and checks values.
#include "cli/benchmark/values.h"

#include <cstring>

#include "cli/benchmark/options.h"
#include "core/assert.h"
#include "core/byte_io.h"
#include "core/hash.h"

namespace strata::benchmark {
namespace {

constexpr std::size_t kHashBytes = 8;

}  // namespace

Values::Values(std::size_t bytes, Random& random) : filler_(bytes, '\0') {
  STRATA_ASSERT(bytes >= kValueBytesMin);
  for (char& byte : filler_) byte = static_cast<char>(random.next());
}

std::string Values::make(std::uint64_t number, std::uint64_t version) const {
  std::string value;
  value.reserve(filler_.size());
  value.append(kHashBytes, '\0');
  internal::append_number(value, number);
  internal::append_number(value, version);
  value.append(filler_, value.size());
  const std::uint64_t hash = internal::hash64(std::string_view(value).substr(kHashBytes));
  std::memcpy(value.data(), &hash, sizeof hash);
  return value;
}

std::optional<std::uint64_t> Values::check(std::string_view bytes, std::uint64_t number) const {
  if (bytes.size() != filler_.size()) return std::nullopt;
  internal::ByteReader reader(bytes);
  const auto hash = reader.number<std::uint64_t>();
  if (reader.number<std::uint64_t>() != number) return std::nullopt;
  if (internal::hash64(bytes.substr(kHashBytes)) != hash) return std::nullopt;
  return hash;
}

}  // namespace strata::benchmark
