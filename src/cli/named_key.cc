// Keys of keyspaces and of sources.
#include "cli/named_key.h"

#include <algorithm>
#include <string_view>

#include "config/source_checks.h"
#include "core/quote.h"

namespace strata::cli {
namespace {

Result<Params> params_of(const std::string& source, std::string_view text) {
  Params params;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Error{ErrorCode::kRejected,
                   source + " is a source, and " + internal::quoted(word) +
                       " is not a parameter; write name=value, joined by &",
                   {}};
    }
    const Result<std::string> name = unescape(word.substr(0, equals));
    const Result<std::string> value = unescape(word.substr(equals + 1));
    if (!name) return name.error();
    if (!value) return value.error();
    params.emplace_back(*name, *value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return params;
}

const std::string* value_of(const Params& params, const std::string& name) {
  for (const auto& [given, value] : params) {
    if (given == name) return &value;
  }
  return nullptr;
}

// Fills defaults in, so that the key is the one under which the source's answer is cached.
Result<void> complete(const std::string& source, const std::vector<SourceParameter>& declared,
                      Params& params) {
  for (const auto& [name, value] : params) {
    const auto is_it = [&name = name](const SourceParameter& one) { return one.name == name; };
    if (std::any_of(declared.begin(), declared.end(), is_it)) continue;
    return Error{ErrorCode::kRejected,
                 "source " + source + " has no parameter " + internal::quoted(name),
                 {}};
  }
  for (const SourceParameter& parameter : declared) {
    if (value_of(params, parameter.name) != nullptr) continue;
    if (parameter.required) {
      return Error{
          ErrorCode::kRejected, "source " + source + " needs its parameter " + parameter.name, {}};
    }
    params.emplace_back(parameter.name, parameter.default_value);
  }
  return {};
}

}  // namespace

Result<Key> named_key(Session& session, const std::string& keyspace, const std::string& id) {
  // Not opened: that would take its values for texts, whatever they are.
  if (auto valid = validate_keyspace(keyspace); !valid) return valid.error();
  const auto source = session.sources().find(keyspace);
  const bool is_source = source != session.sources().end();
  const KeyspaceOptions& options =
      is_source ? source->second.cache.keyspace : options_of(session.settings(), keyspace);
  if (options.tenants && split_keyspace(keyspace).tenant.empty()) {
    return Error{ErrorCode::kRejected,
                 "keyspace " + keyspace + " is kept by tenant; write TENANT/" + keyspace,
                 {}};
  }
  KeyParts parts{.version = options.key_version, .keyspace = keyspace};
  if (is_source) {
    Result<Params> params = params_of(keyspace, id);
    if (!params) return params.error();
    const auto declared = internal::parameters_of(source->second);
    if (!declared) return declared.error();
    if (auto completed = complete(keyspace, *declared, *params); !completed) {
      return completed.error();
    }
    parts.params = std::move(*params);
    return Key::make(parts);
  }
  if (id.empty()) return Error{ErrorCode::kRejected, "the ID is empty", {}};
  parts.identifier = id;
  return Key::make(parts);
}

Result<std::vector<MeantKey>> meant_keys(Session& session, const std::string& text) {
  std::vector<MeantKey> keys;
  const bool canonical = Key::parse(text).ok() || text.find(":#") != std::string::npos;
  if (canonical) keys.push_back({text, {}});
  std::string wrong = "; write KEYSPACE:ID";
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos && colon > 0) {
    const Result<Key> key = named_key(session, text.substr(0, colon), text.substr(colon + 1));
    if (key) keys.push_back({key->text(), key->long_params()});
    if (!key) wrong = ": " + key.error().message;
  }
  if (!keys.empty()) return keys;
  return Error{ErrorCode::kRejected, internal::quoted(text) + " is not a key" + wrong, {}};
}

}  // namespace strata::cli
