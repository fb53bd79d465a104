// Panel: rows sorted into curves.
#include "simulate/panel.h"

namespace strata::simulate {

std::vector<Panel> panels_of(const std::vector<StudyRow>& rows) {
  std::vector<Panel> panels;
  for (const StudyRow& row : rows) {
    if (panels.empty() || panels.back().trace != row.trace) panels.push_back({.trace = row.trace});
    Panel& panel = panels.back();
    const auto same = [&](const Curve& curve) { return curve.policy == row.policy; };
    auto curve = std::ranges::find_if(panel.curves, same);
    if (curve == panel.curves.end()) {
      panel.curves.push_back({.policy = row.policy});
      curve = panel.curves.end() - 1;
    }
    curve->percents.push_back(row.result.hit_ratio() * 100);
    if (panel.curves.size() == 1) panel.sizes.push_back(row.size);
  }
  return panels;
}

}  // namespace strata::simulate
