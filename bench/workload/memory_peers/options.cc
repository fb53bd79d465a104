#include "workload/memory_peers/options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace strata::bench {
namespace {

[[noreturn]] void show_usage() {
  std::fprintf(stderr,
               "usage: memory_peers [--entries N,...] [--keys string,int] [--threads N,...]\n"
               "         [--workload memory,zipf,uniform,mix,churn] [--peers PART_OF_NAME,...]\n"
               "         [--rounds N] [--operations N] [--seconds S] [--json] [--smoke]\n");
  std::exit(2);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (parts.empty()) show_usage();
  return parts;
}

std::size_t number(const std::string& text, std::size_t least, std::size_t most) {
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text.c_str(), &end, 10);
  if (*end != '\0' || text.empty() || value < least || value > most) show_usage();
  return value;
}

std::vector<std::size_t> numbers(std::string_view text, std::size_t least, std::size_t most) {
  std::vector<std::size_t> values;
  for (const std::string& part : split(text)) values.push_back(number(part, least, most));
  return values;
}

std::vector<std::string> names(std::string_view text, const std::vector<std::string>& known) {
  std::vector<std::string> parts = split(text);
  for (const std::string& part : parts) {
    if (std::find(known.begin(), known.end(), part) == known.end()) show_usage();
  }
  return parts;
}

Options smoke() {
  Options options;
  options.entries = {2'000};
  options.rounds = 2;
  options.operations = 2'000;
  options.seconds = 0.1;
  return options;
}

}  // namespace

bool Options::has_workload(const std::string& name) const {
  return std::find(workloads.begin(), workloads.end(), name) != workloads.end();
}

bool Options::has_peer(const std::string& name) const {
  return peers.empty() || std::any_of(peers.begin(), peers.end(), [&](const std::string& part) {
           return name.find(part) != std::string::npos;
         });
}

std::size_t Options::operations_for(std::size_t entry_count) const {
  return operations > 0 ? operations : std::max<std::size_t>(200'000, entry_count / 2);
}

Options parse_options(int count, char** arguments) {
  const Options defaults;
  Options options;
  const std::vector<std::string> all(arguments + 1, arguments + count);
  if (std::find(all.begin(), all.end(), "--smoke") != all.end()) options = smoke();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == "--smoke") continue;
    if (all[i] == "--json") {
      options.json = true;
      continue;
    }
    if (i + 1 == all.size()) show_usage();
    const std::string& option = all[i];
    const std::string& value = all[++i];
    if (option == "--entries") {
      options.entries = numbers(value, 100, 5'000'000);
    } else if (option == "--keys") {
      options.keys = names(value, defaults.keys);
    } else if (option == "--workload") {
      options.workloads = names(value, defaults.workloads);
    } else if (option == "--threads") {
      options.threads = numbers(value, 1, 64);
    } else if (option == "--peers") {
      options.peers = split(value);
    } else if (option == "--rounds") {
      options.rounds = number(value, 1, 10'000);
    } else if (option == "--operations") {
      options.operations = number(value, 8, 100'000'000);
    } else if (option == "--seconds") {
      options.seconds = static_cast<double>(number(value, 1, 86'400));
    } else {
      show_usage();
    }
  }
  return options;
}

}  // namespace strata::bench
