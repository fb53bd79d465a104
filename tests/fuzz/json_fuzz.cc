// Any bytes as JSON: what is accepted has one canonical text, and every part of it is reachable.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "strata/codecs/json.h"
#include "strata/codecs/json_writer.h"

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

// The bytes as a string: quoted, read and quoted again.
void check_quoting(std::string_view bytes) {
  const strata::Json quoted = strata::Json::string(bytes);
  const strata::Result<strata::Json> parsed = strata::Json::parse(quoted.text());
  check(parsed.ok() && *parsed == quoted);
  const std::string value = quoted.string_value().value();
  check(strata::json_quote(value) == quoted.text());
}

// The bytes as a pointer into `json`.
void check_pointer(const strata::Json& json, std::string_view pointer) {
  const strata::Result<strata::Json> part = json.pick(pointer);
  if (!part) return;
  check(strata::check_json_pointer(pointer).ok());
  check(strata::Json::parse(part->text()).value() == *part);
}

}  // namespace

// The input is a pointer, a zero, and the text; without a zero it is only the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_quoting(input);

  const std::size_t zero = input.find('\0');
  const bool has_pointer = zero != std::string_view::npos;
  const std::string_view text = has_pointer ? input.substr(zero + 1) : input;
  const strata::Result<strata::Json> json = strata::Json::parse(text);
  if (!json) return 0;
  check(strata::Json::parse(json->text()).value() == *json);
  check(strata::Codec<strata::Json>::decode(json->text()).value() == *json);
  check(json->pick("").value() == *json);
  check(json->string_value().ok() == (json->kind() == strata::Json::Kind::kString));
  if (has_pointer) check_pointer(*json, input.substr(0, zero));
  return 0;
}
