#include "cli/guard_view.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/text.h"

namespace strata::cli {
namespace {

// A breaker as it is now, with the counters of all runs.
BreakerStats with_counts(BreakerStats now, const BreakerStats& counted) {
  const BreakerState state = now.state;
  now = counted;
  now.state = state;
  return now;
}

struct TierGuard {
  std::string name;
  BreakerStats reads;
  BreakerStats fills;
};

std::vector<TierGuard> tiers_of(const StatsView& view) {
  std::vector<TierGuard> guards;
  for (const auto& [tier, latency] : view.now.tiers) {
    if (tier.reads.state == BreakerState::kOff) continue;
    TierStats counted;
    for (const TierTraffic& one : view.recorded.counts.tiers) {
      if (one.tier.name == tier.name) counted = one.tier;
    }
    guards.push_back({tier.name, with_counts(tier.reads, counted.reads),
                      with_counts(tier.fills, counted.fills)});
  }
  return guards;
}

// A source that this run has not opened has counters only: its state is kOff.
std::vector<SourceStats> sources_of(const StatsView& view) {
  std::vector<SourceStats> sources = view.recorded.counts.sources;
  for (SourceStats& source : sources) source.breaker.state = BreakerState::kOff;
  for (const SourceStats& now : view.now.sources) {
    auto found = std::find_if(sources.begin(), sources.end(),
                              [&](const SourceStats& one) { return one.name == now.name; });
    if (found == sources.end()) found = sources.insert(sources.end(), SourceStats());
    const SourceStats counted = std::exchange(*found, now);
    found->breaker = with_counts(now.breaker, counted.breaker);
    found->refused = counted.refused;
  }
  return sources;
}

void write_breaker(JsonWriter& writer, const BreakerStats& breaker) {
  writer.member("state", strata::to_string(breaker.state)).member("opened", breaker.opened);
  writer.member("failures", breaker.failures).member("slow", breaker.slow);
  writer.member("skipped", breaker.skipped);
}

bool is_quiet(const BreakerStats& breaker, std::uint64_t refused) {
  const bool is_well =
      breaker.state == BreakerState::kClosed || breaker.state == BreakerState::kOff;
  return is_well && breaker.failures == 0 && breaker.skipped == 0 && refused == 0;
}

// Of a source that has counters of former runs only.
constexpr const char* kNotNow = "not in this run";

void add_row(Table& table, const std::string& what, const BreakerStats& breaker,
             std::uint64_t refused) {
  if (is_quiet(breaker, refused)) return;
  const bool is_known = breaker.state != BreakerState::kOff;
  table.row(
      {printable_line(what), is_known ? std::string(strata::to_string(breaker.state)) : kNotNow,
       describe_count(breaker.opened), describe_count(breaker.failures),
       describe_count(breaker.slow), describe_count(breaker.skipped), describe_count(refused)});
}

}  // namespace

void write_guards(JsonWriter& writer, const StatsView& view) {
  writer.key("guards").begin_object().key("by_tier").begin_object();
  for (const TierGuard& guard : tiers_of(view)) {
    writer.key(guard.name).begin_object().key("reads").begin_object();
    write_breaker(writer, guard.reads);
    writer.end_object().key("fills").begin_object();
    write_breaker(writer, guard.fills);
    writer.end_object().end_object();
  }
  writer.end_object().key("by_source").begin_object();
  for (const SourceStats& source : sources_of(view)) {
    writer.key(source.name).begin_object();
    write_breaker(writer, source.breaker);
    if (!source.reason.empty()) writer.member("reason", source.reason);
    writer.member("refused", source.refused).member("running", source.running);
    writer.member("waiting", source.waiting).end_object();
  }
  writer.end_object().end_object();
}

std::string guard_table(const StatsView& view, const TableStyle& style) {
  Table table({{"GUARDED"},
               {"BREAKER"},
               {"OPENED", Align::kRight},
               {"FAILED", Align::kRight},
               {"SLOW", Align::kRight},
               {"SKIPPED", Align::kRight},
               {"REFUSED", Align::kRight}});
  for (const TierGuard& guard : tiers_of(view)) {
    add_row(table, guard.name + " reads", guard.reads, 0);
    add_row(table, guard.name + " fills", guard.fills, 0);
  }
  for (const SourceStats& source : sources_of(view)) {
    add_row(table, source.name, source.breaker, source.refused);
  }
  return table.empty() ? std::string() : "\n" + table.text(style);
}

}  // namespace strata::cli
