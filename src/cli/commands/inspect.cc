// `strata inspect`: what the tiers below memory hold.
#include <algorithm>
#include <functional>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/record_filter.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/text.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/duration.h"

namespace strata::cli {
namespace {

struct InspectOptions {
  RecordFilter filter;
  std::uint64_t limit = 50;
  std::string sort = "key";
};

using Before = std::function<bool(const RecordRow&, const RecordRow&)>;

// The order that was asked for; keys decide between equals.
Before order_of(const std::string& sort) {
  return [sort](const RecordRow& a, const RecordRow& b) {
    if (sort == "age" && a.age != b.age) return a.age > b.age;
    if (sort == "size" && a.bytes != b.bytes) return a.bytes > b.bytes;
    if (sort == "ttl" && a.fresh_for != b.fresh_for) return a.fresh_for < b.fresh_for;
    return a.key < b.key;
  };
}

// The first `limit` rows in an order, however many are offered.
class FirstRows {
 public:
  FirstRows(Before before, std::uint64_t limit) : before_(std::move(before)), limit_(limit) {}

  void offer(RecordRow row) {
    ++offered_;
    bytes_ += row.bytes;
    if (limit_ > 0 && rows_.size() >= limit_) {
      if (!before_(row, rows_.front())) return;
      std::pop_heap(rows_.begin(), rows_.end(), before_);
      rows_.back() = std::move(row);
    } else {
      rows_.push_back(std::move(row));
    }
    if (limit_ > 0) std::push_heap(rows_.begin(), rows_.end(), before_);
  }

  [[nodiscard]] std::vector<RecordRow> take() {
    std::sort(rows_.begin(), rows_.end(), before_);
    return std::move(rows_);
  }
  [[nodiscard]] std::uint64_t offered() const { return offered_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Before before_;
  std::uint64_t limit_;          // 0: none
  std::vector<RecordRow> rows_;  // with a limit: a heap whose front is the last in order
  std::uint64_t offered_ = 0;
  std::uint64_t bytes_ = 0;
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void print_table(Context& context, const std::vector<RecordRow>& rows) {
  Table table({{"KEYSPACE"},
               {"ID", Align::kLeft, true},
               {"STATE"},
               {"SIZE", Align::kRight},
               {"AGE", Align::kRight},
               {"TTL LEFT", Align::kRight},
               {"SOURCE"},
               {"TAGS", Align::kLeft, true}});
  for (const RecordRow& row : rows) {
    const bool fresh = row.fresh_for > Duration(0);
    table.row({printable_line(row.keyspace), printable_line(row.name),
               std::string(to_string(row.state)) + (row.negative ? ", absent" : "") +
                   (row.encryption_key.empty() ? "" : ", encrypted"),
               describe_bytes(row.bytes), describe_duration(row.age),
               fresh ? describe_duration(row.fresh_for) : "-", printable_line(row.source),
               printable_line(joined(tags_of(row)))});
  }
  context.console.data(table.text(context.console.table_style()));
}

void write_row(JsonWriter& writer, const RecordRow& row) {
  const auto seconds = [](Duration duration) {
    return std::chrono::duration<double>(duration).count();
  };
  writer.begin_object().member("tier", row.tier).member("key", row.key);
  writer.member("keyspace", row.keyspace).member("name", row.name).member("source", row.source);
  writer.member("state", to_string(row.state)).member("negative", row.negative);
  if (row.compression != CompressionId::kNone) {
    writer.member("compression", strata::to_string(row.compression));
    writer.member("value_bytes", row.value_bytes);
  }
  if (!row.encryption_key.empty()) writer.member("encryption_key", row.encryption_key);
  writer.member("size_bytes", row.bytes).member("age_seconds", seconds(row.age));
  writer.key("ttl_left_seconds");
  if (row.fresh_for == kForever) {
    writer.null();
  } else {
    writer.value(seconds(row.fresh_for));
  }
  writer.member("written", format_wall_time(row.written));
  writer.member("created_at", format_wall_time(row.written));
  write_end(writer, row.expires);
  write_origin(writer, row.version, row.source_last_modified);
  writer.key("tags").begin_array();
  for (const std::string& tag : tags_of(row)) writer.value(tag);
  writer.end_array().end_object();
}

void print_json(Context& context, const std::vector<RecordRow>& rows, const FirstRows& all) {
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.inspect/1").member("matched", all.offered());
  writer.member("matched_bytes", all.bytes()).member("shown", rows.size());
  writer.key("entries").begin_array();
  for (const RecordRow& row : rows) write_row(writer, row);
  writer.end_array().end_object();
  context.console.data(writer.take() + "\n");
}

ExitCode inspect(Context& context, Session& session, const InspectOptions& options) {
  FirstRows first(order_of(options.sort), options.limit);
  const Moment at(session.clock());
  const Result<void> scanned =
      scan_records(session.cache(), [&](std::string_view tier, const Record& record) {
        RecordRow row = row_of(tier, record, at);
        if (options.filter.matches(row)) first.offer(std::move(row));
        return true;
      });
  if (!scanned) return fail(context, scanned.error());
  const std::vector<RecordRow> rows = first.take();
  if (context.globals.json) {
    print_json(context, rows, first);
    return ExitCode::kOk;
  }
  if (!rows.empty()) print_table(context, rows);
  std::string sum =
      describe_count(first.offered(), "entry", "entries") + ", " + describe_bytes(first.bytes());
  if (rows.size() < first.offered()) {
    sum += "; " + describe_count(rows.size()) + " shown, --limit 0 shows all";
  }
  context.console.note(sum);
  return ExitCode::kOk;
}

ExitCode run_inspect(Context& context, const InspectOptions& options) {
  auto opened = Session::open(context, Access::kLook);
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  return session.finish(inspect(context, session, options));
}

}  // namespace

Command make_inspect() {
  const auto options = std::make_shared<InspectOptions>();
  Command command("inspect", "Lists what is cached, with size, age and tags.");
  RecordFilter& filter = options->filter;
  command.option("--source", "SOURCE", "only what came from this source", filter.source);
  command.option("--keyspace", "KEYSPACE", "only what is in this keyspace", filter.keyspace);
  command.option("--tag", "TAG", "only what carries this tag", filter.tag);
  command.option("--prefix", "TEXT", "only what has an ID that begins so, in whole words",
                 filter.prefix);
  command.flag("--expired", "only what is not served any more", filter.expired);
  command
      .option("--sort", "ORDER", "by key; oldest, largest or shortest-lived first", options->sort)
      .one_of({"key", "age", "size", "ttl"});
  command.option("--limit", "N", "how many are shown; 0: all; without it, 50", options->limit);
  command.example("strata inspect --keyspace user --sort size --limit 10");
  command.details("Several filters narrow the list down together. " + std::string(kPrefixHelp));
  command.runs([options](Context& context) { return run_inspect(context, *options); });
  return command;
}

}  // namespace strata::cli
