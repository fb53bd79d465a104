// Names that are nowhere: what a command says when it found nothing by one.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "cli/session.h"

namespace strata::cli {

// The keyspaces and sources that the configuration has, and those of what is cached.
class KnownNames {
 public:
  explicit KnownNames(Session& session);

  // Empty if the name is known; else what to say, with the nearest one that is: "no keyspace "usr"
  // is configured or cached, did you mean "user"?". Of a tenant's part the keyspace counts.
  [[nodiscard]] std::string remark_on_keyspace(std::string_view name) const;
  [[nodiscard]] std::string remark_on_source(std::string_view name) const;
  // Of KEYSPACE:ID, or of a key as `strata inspect --json` prints it.
  [[nodiscard]] std::string remark_on_key(const std::string& text) const;
  // Of what IDs, KEYSPACE:ID and keys begin with, when nothing does.
  [[nodiscard]] std::string remark_on_prefix(const std::string& text) const;

 private:
  std::set<std::string, std::less<>> keyspaces_;
  std::set<std::string, std::less<>> sources_;
};

}  // namespace strata::cli
