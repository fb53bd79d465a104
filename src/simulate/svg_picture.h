// Pictures of a study as an SVG document: hit ratio over size, a panel for each trace.
#pragma once

#include <string>
#include <vector>

#include "simulate/study.h"

namespace strata::simulate {

// Sizes are on a logarithmic axis.
[[nodiscard]] std::string svg_picture(const std::vector<StudyRow>& rows);

}  // namespace strata::simulate
