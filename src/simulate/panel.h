// Panel: the rows of one trace, as a picture needs them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "simulate/study.h"

namespace strata::simulate {

struct Curve {
  std::string policy;
  std::vector<double> percents;  // the hit ratio at each of the panel's sizes
};

struct Panel {
  std::string trace;
  std::vector<std::uint64_t> sizes;
  std::vector<Curve> curves;

  [[nodiscard]] double most_percent() const {
    double most = 0;
    for (const Curve& curve : curves)
      most = std::max(most, *std::ranges::max_element(curve.percents));
    return most;
  }
};

// Rows as study() returns them; traces of one name that follow each other are one.
[[nodiscard]] std::vector<Panel> panels_of(const std::vector<StudyRow>& rows);

}  // namespace strata::simulate
