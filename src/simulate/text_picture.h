// Pictures of a study for a terminal: hit ratio over size in ASCII, a panel for each trace.
#pragma once

#include <string>
#include <vector>

#include "simulate/study.h"

namespace strata::simulate {

// Letters stand for policies, columns for sizes. Empty for a single size.
[[nodiscard]] std::string text_picture(const std::vector<StudyRow>& rows);

}  // namespace strata::simulate
