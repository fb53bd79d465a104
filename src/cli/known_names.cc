#include "cli/known_names.h"

#include <vector>

#include "cli/record_filter.h"
#include "core/nearest.h"
#include "core/quote.h"
#include "strata/core/key.h"

namespace strata::cli {
namespace {

using Names = std::set<std::string, std::less<>>;

std::string remark(std::string_view what, std::string_view name, const Names& known) {
  if (known.contains(name)) return {};
  const std::vector<std::string_view> names(known.begin(), known.end());
  return "no " + std::string(what) + " " + internal::quoted(name) + " is configured or cached" +
         internal::suggestion(name, names);
}

}  // namespace

KnownNames::KnownNames(Session& session) {
  for (const auto& [name, source] : session.sources()) {
    sources_.insert(name);
    keyspaces_.insert(name);
  }
  for (const auto& [name, options] : session.settings().keyspaces) {
    keyspaces_.insert(name);
    if (!options.source.empty()) sources_.insert(options.source);
  }
  // What cannot be scanned is not known; that is said elsewhere.
  (void)scan_records(session.cache(), [&](std::string_view, const Record& record) {
    for (const Label& label : record.group) {
      if (label.kind() == LabelKind::kKeyspace) {
        keyspaces_.emplace(split_keyspace(label.text()).keyspace);
      }
      if (label.kind() == LabelKind::kSource) sources_.emplace(label.text());
    }
    return true;
  });
}

std::string KnownNames::remark_on_keyspace(std::string_view name) const {
  return remark("keyspace", split_keyspace(name).keyspace, keyspaces_);
}

std::string KnownNames::remark_on_source(std::string_view name) const {
  return remark("source", name, sources_);
}

std::string KnownNames::remark_on_key(const std::string& text) const {
  if (const Result<Key> key = Key::parse(text)) return remark_on_keyspace(key->keyspace());
  return remark_on_keyspace(std::string_view(text).substr(0, text.find(':')));
}

std::string KnownNames::remark_on_prefix(const std::string& text) const {
  const std::string_view begin =
      split_keyspace(std::string_view(text).substr(0, text.find(':'))).keyspace;
  if (keyspaces_.contains(begin)) return {};
  const std::vector<std::string_view> names(keyspaces_.begin(), keyspaces_.end());
  return "no ID, KEYSPACE:ID or key begins with " + internal::quoted(text) +
         internal::suggestion(begin, names);
}

}  // namespace strata::cli
