// Lists of SQL literals: how the outbox stores names and values in one column.
//
//   'project_id','7','title',NULL
//
// SQLite's quote() writes such literals in a trigger. Its JSON functions would be the obvious
// choice, but those of 3.40 may not be used in triggers by an application that has switched
// trusted_schema off: its statements would fail.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::outbox {

using LiteralList = std::vector<std::optional<std::string>>;  // nothing: NULL

[[nodiscard]] std::string quote_text(std::string_view text);  // 'it''s'
[[nodiscard]] std::string write_literals(const std::vector<std::string>& texts);

// Nothing if the text is not such a list. An empty text is an empty list.
[[nodiscard]] std::optional<LiteralList> read_literals(std::string_view text);

}  // namespace strata::outbox
