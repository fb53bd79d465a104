#include "cli/invalidation_report.h"

#include <algorithm>

#include "cli/text.h"
#include "strata/codecs/json_writer.h"

namespace strata::cli {
namespace {

void write_amount(JsonWriter& writer, std::string_view name, std::optional<std::uint64_t> amount) {
  writer.key(name);
  if (amount) {
    writer.value(*amount);
  } else {
    writer.null();
  }
}

std::string json_of(const InvalidationReport& report) {
  JsonWriter writer;
  writer.begin_object().member("schema", "strata.invalidate/1");
  writer.member("dry_run", report.dry_run).member("soft", report.soft);
  writer.member("entries", report.entries).member("size_bytes", report.bytes);
  writer.member("expired_entries", report.expired_entries);
  writer.key("tiers").begin_array();
  for (const InvalidationReport::Tier& tier : report.tiers) {
    writer.begin_object().member("tier", tier.name);
    write_amount(writer, "removed", tier.removed);
    write_amount(writer, "expired", tier.expired);
    writer.end_object();
  }
  writer.end_array();
  if (report.rules) {
    writer.key("rules").begin_array();
    for (const std::string& rule : *report.rules) writer.value(rule);
    writer.end_array().member("incomplete", report.incomplete);
  }
  return writer.end_object().take() + "\n";
}

std::string verb_of(const InvalidationReport& report) {
  const std::string verb = report.soft ? "expire" : "invalidate";
  return report.dry_run ? "would " + verb : verb + "d";
}

// "2 removed", "removed as they are met"
std::string describe(std::optional<std::uint64_t> amount, const std::string& what) {
  return amount ? describe_count(*amount) + " " + what : what + " as they are met";
}

// What was done, by tier.
std::string lines_of(const InvalidationReport& report) {
  std::string lines;
  for (const InvalidationReport::Tier& tier : report.tiers) {
    std::string done;
    if (!report.soft) done = describe(tier.removed, "removed");
    if (report.soft || tier.expired != 0) {
      done += (done.empty() ? "" : ", ") + describe(tier.expired, "expired");
    }
    lines += printable_line(tier.name) + ": " + done + "\n";
  }
  return lines;
}

}  // namespace

void InvalidationReport::add(const InvalidationResult& step,
                             std::optional<std::uint64_t> Tier::*amount) {
  for (const InvalidationResult::Tier& one : step.tiers) {
    auto tier = std::find_if(tiers.begin(), tiers.end(),
                             [&](const Tier& known) { return known.name == one.name; });
    if (tier == tiers.end()) tier = tiers.insert(tiers.end(), Tier{one.name});
    std::optional<std::uint64_t>& sum = (*tier).*amount;
    if (!one.removed) sum.reset();
    if (sum) *sum += *one.removed;
  }
}

void print_report(Context& context, const InvalidationReport& report) {
  if (context.globals.json) {
    context.console.data(json_of(report));
    return;
  }
  std::string line = verb_of(report) + " " + describe_count(report.entries, "entry", "entries") +
                     ", " + describe_bytes(report.bytes);
  if (!report.soft && report.expired_entries > 0) {
    line += "; of " + describe_count(report.expired_entries) + " only the ttl ends";
  }
  context.console.data(line + "\n" + lines_of(report));
  if (!report.rules) return;
  for (const std::string& rule : *report.rules) {
    context.console.data("rule " + printable_line(rule) + "\n");
  }
  if (report.rules->empty()) {
    context.console.note("no rule is for it: it is about the item and the lists of its type");
  }
  if (report.incomplete) {
    context.console.note("not every label could be made of these fields, so that more is wrong");
  }
}

}  // namespace strata::cli
