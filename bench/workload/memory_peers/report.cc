#include "workload/memory_peers/report.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "workload/memory_peers/spread.h"

namespace strata::bench {
namespace {

__attribute__((format(printf, 1, 2))) std::string format(const char* pattern, ...) {
  std::array<char, 512> text{};
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text.data(), text.size(), pattern, arguments);
  va_end(arguments);
  return text.data();
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", std::gmtime(&now));
  return text.data();
}

const Series* find(const std::vector<Series>& all, const char* peer, std::size_t threads) {
  for (const Series& series : all) {
    if (series.peer == peer && series.threads == threads) return &series;
  }
  return nullptr;
}

// Times as many threads, over those of one, in operations a second.
std::vector<double> gains(const Series& one, const Series& many) {
  std::vector<double> gains;
  for (std::size_t i = 0; i < many.ns.size(); ++i) {
    gains.push_back(one.wall_ns[i] / many.wall_ns[i] * static_cast<double>(many.threads));
  }
  return gains;
}

std::string cell(const Spread& spread) {
  return format("%.2f [%.2f, %.2f]", spread.median, spread.low, spread.high);
}

std::string ratio_cell(const Series& series, const Series* other) {
  if (other == nullptr || other == &series) return "";
  return cell(ratios_of(series.ns, other->ns));
}

std::string numbers(const std::vector<double>& values) {
  std::string text = "[";
  for (const double value : values) text += format("%s%.2f", text.size() > 1 ? "," : "", value);
  return text + "]";
}

std::string ratio_json(const char* name, const Series& series, const Series* other) {
  if (other == nullptr) return "";
  const Spread spread = ratios_of(series.ns, other->ns);
  return format(R"(,"%s":{"median":%.4f,"low":%.4f,"high":%.4f})", name, spread.median, spread.low,
                spread.high);
}

std::string percentiles(const Histogram& histogram) {
  return format("%.2f / %.2f / %.2f / %.2f / %.1f", histogram.at(0.5) / 1e3,
                histogram.at(0.99) / 1e3, histogram.at(0.999) / 1e3, histogram.at(0.9999) / 1e3,
                histogram.most() / 1e3);
}

std::string percentiles_json(const char* name, const Histogram& histogram) {
  return format(R"("%s":{"p50":%.0f,"p99":%.0f,"p99.9":%.0f,"p99.99":%.0f,"max":%.0f})", name,
                histogram.at(0.5), histogram.at(0.99), histogram.at(0.999), histogram.at(0.9999),
                histogram.most());
}

std::string setting_json(const Setting& setting) {
  return format(
      R"({"workload":"%s","keys":"%s","entries":%zu,"rounds":%zu,"operations":%zu,"rows":[)",
      setting.workload.c_str(), setting.keys.c_str(), setting.entries, setting.rounds,
      setting.operations);
}

std::string series_json(const Series& series, const std::vector<Series>& all) {
  std::string text = format(R"({"peer":"%s","threads":%zu,"hit_rate":%.4f,"ns":)",
                            series.peer.c_str(), series.threads, series.hit_rate());
  text += numbers(series.ns) + R"(,"wall_ns":)" + numbers(series.wall_ns);
  text += ratio_json("by_hyper_clock", series, find(all, kHyperClock, series.threads));
  text += ratio_json("by_flat_map", series, find(all, kFlatMap, series.threads));
  if (const Series* one = find(all, series.peer.c_str(), 1); one != nullptr && one != &series) {
    text += format(R"(,"gain":%.4f)", spread_of(gains(*one, series)).median);
  }
  return text + "}";
}

}  // namespace

Report::Report(bool json, int count, char** arguments) : json_(json) {
  std::string command = "memory_peers";
  for (int i = 1; i < count; ++i) command += std::string(" ") + arguments[i];
  std::array<double, 3> load{};
  if (getloadavg(load.data(), 3) < 0) load = {};
  text_ = format(R"({"date":"%s","processor":"%s","compiler":"%s","load":%.2f,"command":")",
                 today().c_str(), processor().c_str(), __VERSION__, load[0]) +
          escaped(command) + R"(","results":[)";
  if (json_) return;
  std::printf("`%s`, %s, %s, gcc %s, load %.2f at the start.\n", command.c_str(), today().c_str(),
              processor().c_str(), __VERSION__, load[0]);
  std::printf(
      "Times: ns per operation, least / median / most of the rounds; thread CPU time of one\n"
      "thread, wall time of the slower of several. Ratios: median of those of each round, with "
      "its\n"
      "95 %% interval. RocksDB is Debian's, with assertions; HyperClockCache compares 16 bytes of\n"
      "hash instead of a string key.\n");
}

void Report::add(const Setting& setting, const std::vector<Series>& all) {
  std::string json = setting_json(setting);
  if (!json_) {
    std::printf("\n%s, %zu entries, %s keys, %zu rounds of %zu operations per thread\n\n",
                setting.workload.c_str(), setting.entries, setting.keys.c_str(), setting.rounds,
                setting.operations);
    std::printf(
        "| peer | threads | ns | by HyperClockCache | by the flat map | gain | hit rate |\n"
        "|---|---|---|---|---|---|---|\n");
  }
  for (const Series& series : all) {
    checksum_ += series.tally.sum;
    json += (json.back() == '[' ? "" : ",") + series_json(series, all);
    if (json_) continue;
    const Spread ns = spread_of(series.ns);
    const Series* one = find(all, series.peer.c_str(), 1);
    const bool has_gain = one != nullptr && series.threads > 1;
    std::printf("| %s | %zu | %.0f / %.0f / %.0f | %s | %s | %s | %.4f |\n", series.peer.c_str(),
                series.threads, ns.least, ns.median, ns.most,
                ratio_cell(series, find(all, kHyperClock, series.threads)).c_str(),
                ratio_cell(series, find(all, kFlatMap, series.threads)).c_str(),
                has_gain ? cell(spread_of(gains(*one, series))).c_str() : "", series.hit_rate());
  }
  text_ += (text_.back() == '[' ? "" : ",") + json + "]}";
  std::fflush(stdout);
}

void Report::add(const Setting& setting, const std::vector<MemoryRow>& rows) {
  std::string json = setting_json(setting);
  if (!json_) {
    std::printf(
        "\nmemory, %zu entries, %s keys, bytes per entry; \"allocated\" is what malloc counts,\n"
        "\"resident\" sees memory from elsewhere too (oneTBB has an allocator of its own)\n\n",
        setting.entries, setting.keys.c_str());
    std::printf(
        "| peer | allocated | beyond key and value | resident | its own count |\n"
        "|---|---|---|---|---|\n");
  }
  for (const MemoryRow& row : rows) {
    json += format(R"(%s{"peer":"%s","allocated":%.1f,"metadata":%.1f,"resident":%.1f,"own":%.1f})",
                   json.back() == '[' ? "" : ",", row.peer.c_str(), row.allocated, row.metadata,
                   row.resident, row.own_count);
    if (json_) continue;
    std::printf("| %s | %.1f | %.1f | %.1f | %s |\n", row.peer.c_str(), row.allocated, row.metadata,
                row.resident, row.own_count > 0 ? format("%.1f", row.own_count).c_str() : "");
  }
  text_ += (text_.back() == '[' ? "" : ",") + json + "]}";
  std::fflush(stdout);
}

void Report::add(const ChurnReport& churn) {
  std::string json = format(R"({"workload":"churn","entries":%zu,"seconds":%.1f,"rows":[)",
                            churn.entries, churn.seconds);
  if (!json_) {
    std::printf("\nchurn, %zu entries, %.1f s, microseconds p50 / p99 / p99.9 / p99.99 / most\n\n",
                churn.entries, churn.seconds);
    std::printf(
        "| call | calls | wall | thread CPU | most removals by one |\n"
        "|---|---|---|---|---|\n");
  }
  for (const CallRow& row : churn.calls) {
    json +=
        format(R"(%s{"call":"%s","calls":%llu,"most_removed":%llu,)", json.back() == '[' ? "" : ",",
               row.call.c_str(), static_cast<unsigned long long>(row.wall_ns.count()),
               static_cast<unsigned long long>(row.most_removed));
    json += percentiles_json("wall_ns", row.wall_ns) + ",";
    json += percentiles_json("cpu_ns", row.cpu_ns) + "}";
    if (json_) continue;
    std::printf("| %s | %llu | %s | %s | %llu |\n", row.call.c_str(),
                static_cast<unsigned long long>(row.wall_ns.count()),
                percentiles(row.wall_ns).c_str(), percentiles(row.cpu_ns).c_str(),
                static_cast<unsigned long long>(row.most_removed));
  }
  text_ +=
      (text_.back() == '[' ? "" : ",") + json +
      format(R"(],"entries_at_end":%llu})", static_cast<unsigned long long>(churn.entries_at_end));
  std::fflush(stdout);
}

void Report::finish() {
  const auto sum = static_cast<unsigned long long>(checksum_);
  if (json_) {
    std::printf("%s],\"checksum\":\"%016llx\"}\n", text_.c_str(), sum);
  } else {
    std::printf("\nchecksum %016llx\n", sum);
  }
}

}  // namespace strata::bench
