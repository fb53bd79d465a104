// The demo's report: the figures for people, or as JSON (schema strata.demo/1).
#pragma once

#include <string>
#include <vector>

#include "cli/demo/figures.h"

namespace strata::demo {

// Several lines, ending with the verdict. `problems` are those of the figures.
[[nodiscard]] std::string text_report(const Figures& figures,
                                      const std::vector<std::string>& problems);
// Only the verdict's lines.
[[nodiscard]] std::string short_report(const Figures& figures,
                                       const std::vector<std::string>& problems);

// One object. docs/cli.md describes it; members are only ever added.
[[nodiscard]] std::string json_report(const Figures& figures,
                                      const std::vector<std::string>& problems);

// "1.25 us", "20.4 ms", "3.1 s": three digits.
[[nodiscard]] std::string short_duration(Duration duration);

}  // namespace strata::demo
