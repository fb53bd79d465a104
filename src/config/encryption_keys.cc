#include "config/encryption_keys.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/text_file.h"

namespace strata::internal {
namespace {

constexpr std::size_t kKeysBytes = 16u << 10;

using Ring = Result<std::shared_ptr<const KeyRing>>;

Ring ring_of_file(const std::string& path) {
  auto file = read_text_file(path, kKeysBytes);
  if (!file) return Error{ErrorCode::kUnavailable, file.error().message, {}};
  if (!*file) {
    return Error{ErrorCode::kUnavailable,
                 path + ": does not exist; `strata config new-key` makes a key for it",
                 {}};
  }
  TextFile& read = **file;
  Ring ring{Error{}};
  if (read.others_read || read.others_write) {
    ring = Error{ErrorCode::kRejected,
                 path +
                     ": others than its owner may read or change it, and it holds the keys; "
                     "make it private with chmod 600",
                 {}};
  } else if (read.text.size() > kKeysBytes) {
    ring = Error{ErrorCode::kRejected, path + ": is too long for a file of keys", {}};
  } else {
    ring = KeyRing::parse(read.text, path);
  }
  wipe(read.text);
  return ring;
}

}  // namespace

bool wants_encryption(const Settings& settings) {
  const auto any = [](const auto& named, const auto& options_of) {
    return std::any_of(named.begin(), named.end(),
                       [&](const auto& one) { return options_of(one.second).encrypt; });
  };
  return settings.defaults.encrypt ||
         any(
             settings.keyspaces, [](const KeyspaceOptions& one) -> auto& { return one; }) ||
         any(
             settings.sources,
             [](const SourceSettings& one) -> auto& { return one.cache.keyspace; });
}

Result<std::shared_ptr<const KeyRing>> load_encryption_keys(const Settings& settings,
                                                            const Environment& environment) {
  const EncryptionSettings& encryption = settings.encryption;
  if (!encryption.keys_file.empty()) {
    return ring_of_file((std::filesystem::path(settings.folder) / encryption.keys_file).string());
  }
  if (encryption.keys_variable.empty()) return std::shared_ptr<const KeyRing>();
  std::optional<std::string> text = environment(encryption.keys_variable);
  if (!text || text->empty()) return std::shared_ptr<const KeyRing>();
  Ring ring = KeyRing::parse(*text, "the variable " + encryption.keys_variable);
  wipe(*text);
  return ring;
}

std::string without_keys(const Settings& settings) {
  const std::string& variable = settings.encryption.keys_variable;
  return "there are no encryption keys, so values to be encrypted are kept in memory only" +
         (variable.empty() ? std::string() : ": the variable " + variable + " is not set");
}

}  // namespace strata::internal
