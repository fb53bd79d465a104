// CurveStudy: the curve that a cache would have reported after a trace, beside what caches of those
// sizes really hit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulate/study.h"
#include "strata/core/result.h"

namespace strata::simulate {

struct CurveRow {
  std::string trace;
  std::string policy;
  std::uint64_t size = 0;      // of the cache that reports
  double times = 1;            // one of kCurveSizes
  std::uint64_t requests = 0;  // that the curve rests on: the last ones
  std::uint64_t sampled = 0;   // of them
  double estimated = 0;        // hit ratio
  double plus_minus = 0;       // see Curve
  double exact = 0;            // hit ratio over the same requests, of a whole cache of that size

  [[nodiscard]] double error() const { return estimated - exact; }
};

// Policies are adaptive and horizon; others are kRejected. Otherwise as study(), with a row for
// each size of the curve.
[[nodiscard]] Result<std::vector<CurveRow>> study_curves(const StudyOptions& options);

}  // namespace strata::simulate
