// Writers that walk the table: each setting with its default and its meaning.
#include "config/example.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "config/schema.h"
#include "strata/config/settings.h"

namespace strata {
namespace internal {
namespace {

constexpr std::size_t kColumns = 98;

constexpr std::string_view kHead =
    R"(# Strata's configuration. Every key stands here with its default and its meaning.
#
# A line that begins with # and no space after it is a setting that is not in force; take the #
# away to use it. Durations are written 250ms, 30s, 1h30m, 7d or never; a bare number counts
# seconds. Sizes are bytes, or numbers with KiB, MiB or GiB. ${NAME} and ${NAME:-default} stand
# for variables of the environment or of .env beside this file, $$ for a $. `strata config check`
# says what is wrong with a file.

)";

std::string default_of(const Setting& setting, const void* object) {
  if (!setting.sample.empty()) return std::string(setting.sample);
  return format_value(setting, setting.get(object));
}

// Ranges and choices, where they say more than the default does.
std::string possible(const Setting& setting) {
  switch (setting.type) {
    case SettingType::kBoolean:
    case SettingType::kText:
    case SettingType::kTextMap:
    case SettingType::kParameters:
      return "";
    case SettingType::kTextList:
      return setting.choices.empty() ? "" : describe_type(setting);
    default:
      return describe_type(setting);
  }
}

// Writes lines at an indentation, behind a # for settings that are only shown.
class ExampleWriter {
 public:
  explicit ExampleWriter(std::string head) : out_(std::move(head)) {}

  void shown_from_here() { prefix_ = "  #"; }
  void in_force_from_here() { prefix_.clear(); }

  // A comment, broken into lines.
  void say(std::size_t depth, std::string_view text) {
    const std::string begin = indented(depth) + "#";
    std::string line = begin;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      if (line.size() + 1 + end > kColumns) {
        out_ += line + '\n';
        line = begin;
      }
      line.append(" ").append(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    out_ += line + '\n';
  }

  void key(std::size_t depth, std::string_view name, std::string_view value = "") {
    out_ += indented(depth).append(name) + ':';
    if (!value.empty()) out_.append(" ").append(value);
    out_ += '\n';
  }

  void rows(std::size_t depth, std::span<const Setting> settings, const void* object) {
    for (const Setting& setting : settings) {
      std::string comment(setting.meaning);
      const std::string values = possible(setting);
      if (!values.empty()) comment += " (" + values + ")";
      say(depth, comment + ".");
      key(depth, setting.name, default_of(setting, object));
    }
  }

  void section(std::string_view name, std::span<const Setting> settings, const void* object) {
    blank();
    key(1, name);
    rows(2, settings, object);
  }

  void blank() { out_ += '\n'; }
  std::string take() { return std::move(out_); }

 private:
  // What is only shown keeps the indentation that it will have without its #.
  [[nodiscard]] std::string indented(std::size_t depth) const {
    if (prefix_.empty()) return std::string(2 * depth, ' ');
    return prefix_ + std::string(2 * (depth - 1), ' ');
  }

  std::string out_;
  std::string prefix_;
};

void append_table(std::string& out, std::string_view path, std::span<const Setting> settings,
                  const void* object, std::string_view note = "") {
  out += "\n### `" + std::string(path) + "`\n\n";
  if (!note.empty()) out.append(note).append("\n\n");
  out += "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const Setting& setting : settings) {
    const std::string value = setting.sample.empty() ? default_of(setting, object) : "";
    out += "| `" + std::string(setting.name) + "` | " + describe_type(setting) + " | " +
           (value.empty() ? "none; required" : "`" + value + "`") + " | " +
           std::string(setting.meaning) + " |\n";
  }
}

void write_quotas(ExampleWriter& writer, const Settings& settings) {
  writer.say(2, "The quota of each tenant that is not named in tenants.");
  writer.key(2, "each_tenant");
  writer.rows(3, quota_settings(), &settings.memory.each_tenant);
  writer.shown_from_here();
  writer.say(2, "Quotas of tenants by name.");
  writer.key(2, "tenants");
  writer.key(3, "acme");
  const TenantQuota quota;
  writer.rows(4, quota_settings(), &quota);
  writer.in_force_from_here();
}

// What follows from events, and where they come from.
void write_rules(ExampleWriter& writer) {
  writer.blank();
  writer.key(1, "types");
  writer.say(2, "Types of events by name, for which rules are checked more closely.");
  writer.key(2, "issue");
  const TypeFields type;
  writer.rows(3, type_settings(), &type);

  writer.blank();
  writer.key(1, "rules");
  writer.say(2, "Rules by name: which labels are no longer true after which events.");
  writer.key(2, "issue-written");
  const Rule rule{.name = {}, .on = {}, .invalidate = {"issue:{id}", "issue:lists"}};
  writer.rows(3, rule_settings(), &rule);

  writer.blank();
  writer.key(1, "cascades");
  writer.say(2, "Cascades by name: whose values depend on an item of another type.");
  writer.key(2, "issues-of-project");
  const Cascade cascade;
  writer.rows(3, cascade_settings(), &cascade);

  writer.blank();
  writer.key(1, "outboxes");
  writer.say(2,
             "Databases whose changes become events, by the name of this cache as their reader. "
             "strata outbox install prepares one.");
  writer.key(2, "shop");
  const OutboxSettings outbox;
  writer.rows(3, outbox_settings(), &outbox);
}

}  // namespace

std::string settings_reference() {
  constexpr std::string_view kBesides = "Every key of `cache.defaults`, and:";
  const Settings settings;
  const SourceSettings source;
  const HttpOptions http;
  const SqliteQueryOptions query;
  const TypeFields type;
  const Rule rule;
  const Cascade cascade;
  const OutboxSettings outbox;
  const TenantQuota quota;
  std::string out;
  append_table(out, "cache", root_settings(), &settings);
  append_table(out, "cache.log", log_settings(), &settings.log);
  append_table(out, "cache.memory", memory_settings(), &settings.memory);
  append_table(out, "cache.memory.each_tenant", quota_settings(), &settings.memory.each_tenant,
               "The quota of each tenant that is not named in `cache.memory.tenants`.");
  append_table(out, "cache.memory.tenants.<name>", quota_settings(), &quota);
  append_table(out, "cache.sqlite", sqlite_settings(), &settings.sqlite);
  append_table(out, "cache.encryption", encryption_settings(), &settings.encryption);
  append_table(out, "cache.journal", journal_settings(), &settings.journal);
  append_table(out, "cache.defaults", policy_settings(), &settings.defaults);
  append_table(out, "cache.keyspaces.<name>", identity_settings(), &settings.defaults, kBesides);
  append_table(out, "cache.sources.<name>", source_settings(), &source.cache,
               "Every key of `cache.defaults`, `http` or `sqlite`, and:");
  append_table(out, "cache.sources.<name>.http", http_settings(), &http);
  append_table(out, "cache.sources.<name>.sqlite", query_settings(), &query);
  append_table(out, "cache.types.<type>", type_settings(), &type);
  append_table(out, "cache.rules.<name>", rule_settings(), &rule);
  append_table(out, "cache.cascades.<name>", cascade_settings(), &cascade);
  append_table(out, "cache.outboxes.<reader>", outbox_settings(), &outbox);
  return out;
}

std::string uncommented(std::string_view example) {
  std::string out;
  while (!example.empty()) {
    const std::size_t end = std::min(example.find('\n'), example.size());
    std::string line(example.substr(0, end));
    example.remove_prefix(std::min(end + 1, example.size()));

    const std::size_t hash = line.find_first_not_of(' ');
    const bool is_comment = hash != std::string::npos && line[hash] == '#';
    const std::string_view rest = is_comment ? std::string_view(line).substr(hash + 1) : "";
    const bool is_prose = rest.empty() || (rest.size() > 1 && rest[0] == ' ' && rest[1] != ' ');
    if (is_comment && !is_prose) line.erase(hash, 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace internal

std::string write_example() {
  using namespace internal;  // NOLINT: the table
  const Settings settings;
  const SourceSettings source;
  ExampleWriter writer{std::string(kHead)};
  writer.key(0, "cache");
  writer.rows(1, root_settings(), &settings);
  writer.section("log", log_settings(), &settings.log);
  writer.section("memory", memory_settings(), &settings.memory);
  write_quotas(writer, settings);
  writer.section("sqlite", sqlite_settings(), &settings.sqlite);
  writer.section("encryption", encryption_settings(), &settings.encryption);
  writer.section("journal", journal_settings(), &settings.journal);
  writer.blank();
  writer.say(1, "What holds for every keyspace and source that does not say otherwise.");
  writer.key(1, "defaults");
  writer.rows(2, policy_settings(), &settings.defaults);

  writer.blank();
  writer.say(1, "Keyspaces by name. Each may give any key of defaults anew, and these:");
  writer.shown_from_here();
  writer.key(1, "keyspaces");
  writer.key(2, "user");
  writer.key(3, "ttl", "1h");
  writer.rows(3, identity_settings(), &settings.defaults);

  writer.blank();
  writer.key(1, "sources");
  writer.say(2,
             "Sources by name, each cached in a keyspace of that name. Each may give any key of "
             "defaults anew, names its tags, and has http or sqlite.");
  writer.key(2, "profile");
  writer.key(3, "ttl", "7d");
  writer.rows(3, source_settings(), &source.cache);
  writer.key(3, "http");
  const HttpOptions http;
  writer.rows(4, http_settings(), &http);
  writer.key(2, "account");
  writer.key(3, "ttl", "30s");
  writer.key(3, "sqlite");
  const SqliteQueryOptions query;
  writer.rows(4, query_settings(), &query);
  write_rules(writer);
  return writer.take();
}

}  // namespace strata
