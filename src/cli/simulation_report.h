// What `strata simulate` prints: tables with a plot, or a list as JSON.
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"
#include "simulate/curve_study.h"
#include "simulate/study.h"

namespace strata::cli {

// With columns of bytes and cost if some trace has them.
[[nodiscard]] std::string study_as_text(const std::vector<simulate::StudyRow>& rows,
                                        const TableStyle& style);
[[nodiscard]] std::string study_as_json(const std::vector<simulate::StudyRow>& rows);

[[nodiscard]] std::string curves_as_text(const std::vector<simulate::CurveRow>& rows,
                                         const TableStyle& style);
[[nodiscard]] std::string curves_as_json(const std::vector<simulate::CurveRow>& rows);

}  // namespace strata::cli
