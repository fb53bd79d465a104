// What the triggers write, and why there are five of them.
//
// Three are plain: AFTER INSERT, AFTER UPDATE and AFTER DELETE. An update that changes the id
// writes a second row, the deletion of the old id.
//
// REPLACE removes rows without firing delete triggers (unless the writer has switched
// recursive_triggers on), and it may remove rows with other ids, one for each unique key. So two
// more triggers, BEFORE INSERT and BEFORE UPDATE, look for the rows that are in the way. They
// cannot know whether the statement will remove them: INSERT OR IGNORE and an upsert meet them
// too. What is written then is one note too many, and costs a hit.
//
// Nothing in a trigger may fail, since that would fail the application's statement:
// - no constraint can be violated: an id that is NULL becomes an empty text, and numbers of rows
//   are given by AUTOINCREMENT;
// - only functions are used that every SQLite has and allows in triggers (see literal_list.h);
// - every value is cut, so that no row becomes too long. Blobs are written as hexadecimal digits.
// An id is cut beyond the limit of an event, so that the relay sees that it is too long; it goes
// by way of a blob since SQLite's functions on text end at a NUL.
#include "outbox/trigger_sql.h"

#include "outbox/literal_list.h"
#include "strata/core/limits.h"

namespace strata::outbox {
namespace {

const std::string kInto =
    "  INSERT INTO strata_outbox(type, id, operation, fields, old_fields, at)\n    ";

// Enough of an id to see that it is too long, also where a character takes two bytes in SQLite.
constexpr std::size_t kIdBytes = 2 * (limits::kEventTextBytes + 1);

std::string column_of(std::string_view row, std::string_view column) {
  return std::string(row) + "." + quote_name(column);
}

// As hexadecimal digits if it is a blob, else as `text` has it.
std::string hex_or(const std::string& column, std::size_t bytes, const std::string& text) {
  return "CASE typeof(" + column + ") WHEN 'blob' THEN hex(substr(" + column + ", 1, " +
         std::to_string(bytes) + ")) ELSE " + text + " END";
}

// Builds the triggers of one table.
class Triggers {
 public:
  Triggers(std::int64_t number, const OutboxTable& table, const TableShape& shape)
      : prefix_("strata_outbox_" + std::to_string(number) + "_"), table_(table), shape_(shape) {}

  [[nodiscard]] std::vector<Definition> all() const {
    const std::string moved = kInto + "SELECT " +
                              note(id("old"), "'delete'", "NULL", fields("old")) + "\n    WHERE " +
                              id("old") + " IS NOT " + id("new") + ";\n";
    return {
        trigger("insert", "AFTER INSERT", values(id("new"), "'insert'", fields("new"), "NULL")),
        trigger("update", "AFTER UPDATE",
                values(id("new"), "'update'", fields("new"), fields("old")) + moved),
        trigger("delete", "AFTER DELETE", values(id("old"), "'delete'", "NULL", fields("old"))),
        trigger("before_insert", "BEFORE INSERT", rows_in_the_way("")),
        trigger("before_update", "BEFORE UPDATE",
                rows_in_the_way(" AND NOT (" + matches(shape_.identity, "old", " IS ") + ")"),
                keys_change()),
    };
  }

 private:
  [[nodiscard]] Definition trigger(const std::string& name, const std::string& moment,
                                   const std::string& body, const std::string& when = {}) const {
    return {prefix_ + name, "CREATE TRIGGER " + prefix_ + name + " " + moment + " ON " +
                                quote_name(shape_.name) + when + " BEGIN\n" + body + "END"};
  }

  [[nodiscard]] std::string id(std::string_view row) const {
    const std::string column = column_of(row, table_.id_column);
    return "coalesce(" +
           hex_or(column, limits::kEventTextBytes / 2 + 1,
                  "CAST(substr(CAST(" + column + " AS BLOB), 1, " + std::to_string(kIdBytes) +
                      ") AS TEXT)") +
           ", '')";
  }

  // An expression for the names of the fields and their values in the row: a literal_list.h.
  [[nodiscard]] std::string fields(std::string_view row) const {
    std::string out;
    for (const std::string& field : table_.fields) {
      const std::string before = (out.empty() ? "" : ",") + quote_text(field) + ",";
      const std::string column = column_of(row, field);
      const std::string value =
          hex_or(column, limits::kEventTextBytes / 2,
                 "substr(" + column + ", 1, " + std::to_string(limits::kEventTextBytes) + ")");
      out += (out.empty() ? "" : " || ") + quote_text(before) + " || quote(" + value + ")";
    }
    return out.empty() ? "NULL" : out;
  }

  [[nodiscard]] std::string note(const std::string& id, const std::string& operation,
                                 const std::string& fields, const std::string& old_fields) const {
    return quote_text(table_.type) + ", " + id + ", " + operation + ",\n      " + fields +
           ",\n      " + old_fields + ",\n      " + std::string(now_sql());
  }

  [[nodiscard]] std::string values(const std::string& id, const std::string& operation,
                                   const std::string& fields, const std::string& old_fields) const {
    return kInto + "VALUES (" + note(id, operation, fields, old_fields) + ");\n";
  }

  // The condition that the columns of `key` in row `r` are those of the other row.
  [[nodiscard]] static std::string matches(const UniqueKey& key, std::string_view other,
                                           std::string_view compare) {
    std::string out;
    for (const KeyColumn& column : key) {
      if (!out.empty()) out += " AND ";
      out += column_of("r", column.name) + std::string(compare) + column_of(other, column.name);
      if (!column.collation.empty()) out += " COLLATE " + quote_name(column.collation);
    }
    return out;
  }

  // A statement for each key, so that each uses its index.
  [[nodiscard]] std::string rows_in_the_way(const std::string& but) const {
    const std::string operation =
        "CASE WHEN " + id("r") + " IS " + id("new") + " THEN 'update' ELSE 'delete' END";
    std::string out;
    for (const UniqueKey& key : shape_.keys) {
      out += kInto + "SELECT " + note(id("r"), operation, "NULL", fields("r")) + "\n    FROM " +
             quote_name(shape_.name) + " AS r WHERE " + matches(key, "new", " = ") + but + ";\n";
    }
    return out;
  }

  // Without a change of a key there is no row in the way.
  [[nodiscard]] std::string keys_change() const {
    std::string out;
    for (const UniqueKey& key : shape_.keys) {
      for (const KeyColumn& column : key) {
        out += out.empty() ? " WHEN " : " OR ";
        out += column_of("old", column.name) + " IS NOT " + column_of("new", column.name);
        if (!column.collation.empty()) out += " COLLATE " + quote_name(column.collation);
      }
    }
    return out;
  }

  const std::string prefix_;
  const OutboxTable& table_;
  const TableShape& shape_;
};

}  // namespace

std::string quote_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

// julianday() is in every SQLite; unixepoch() is not.
std::string_view now_sql() {
  return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";
}

const std::vector<Definition>& outbox_definitions() {
  static const std::vector<Definition> definitions = {
      {"strata_outbox",
       "CREATE TABLE strata_outbox(seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT, id TEXT,"
       " operation TEXT, fields TEXT, old_fields TEXT, at INTEGER)"},
      {"strata_outbox_meta",
       "CREATE TABLE strata_outbox_meta(id INTEGER PRIMARY KEY CHECK (id = 1),"
       " version INTEGER NOT NULL, outbox TEXT NOT NULL, max_rows INTEGER NOT NULL)"},
      {"strata_outbox_readers",
       "CREATE TABLE strata_outbox_readers(name TEXT PRIMARY KEY, seq INTEGER NOT NULL,"
       " seen_at INTEGER NOT NULL, outbox TEXT NOT NULL)"},
      {"strata_outbox_tables",
       "CREATE TABLE strata_outbox_tables(number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
       " type TEXT NOT NULL, id_column TEXT NOT NULL, fields TEXT NOT NULL)"},
      {"strata_outbox_bound",
       "CREATE TRIGGER strata_outbox_bound AFTER INSERT ON strata_outbox BEGIN\n"
       "  DELETE FROM strata_outbox\n"
       "    WHERE seq <= new.seq - (SELECT max_rows FROM strata_outbox_meta);\nEND"}};
  return definitions;
}

std::vector<Definition> trigger_definitions(std::int64_t number, const OutboxTable& table,
                                            const TableShape& shape) {
  return Triggers(number, table, shape).all();
}

}  // namespace strata::outbox
