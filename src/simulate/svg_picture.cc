// Pictures as SVG.
#include "simulate/svg_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

#include "simulate/panel.h"

namespace strata::simulate {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 420;  // of a panel
constexpr double kLeft = 60;
constexpr double kRight = 170;  // room for the legend
constexpr double kTop = 40;
constexpr double kBottom = 50;
constexpr std::array<std::string_view, 8> kColors{"#1f77b4", "#d62728", "#2ca02c", "#9467bd",
                                                  "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f"};

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" +
         std::string(anchor) + "\">" + escaped(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
         "\" y2=\"" + number(y2) + "\" stroke=\"#ccc\"/>\n";
}

// Where sizes and percentages are drawn.
class Axes {
 public:
  Axes(const Panel& panel, double offset)
      : offset_(offset),
        least_(std::log(static_cast<double>(panel.sizes.front()))),
        most_(std::log(static_cast<double>(panel.sizes.back()))),
        top_(std::max(5.0, std::ceil(panel.most_percent() / 5) * 5)) {}

  [[nodiscard]] double x(std::uint64_t size) const {
    const double share =
        most_ > least_ ? (std::log(static_cast<double>(size)) - least_) / (most_ - least_) : 0.5;
    return kLeft + share * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double y(double percent) const {
    return offset_ + kHeight - kBottom - percent / top_ * (kHeight - kTop - kBottom);
  }
  [[nodiscard]] double top() const { return top_; }

 private:
  double offset_;
  double least_;
  double most_;
  double top_;
};

std::string draw(const Panel& panel, double offset) {
  const Axes axes(panel, offset);
  std::string out = text_at(kLeft, offset + 22, "start", panel.trace + ": hit ratio (%) over size");
  constexpr int kLines = 5;
  for (int i = 0; i <= kLines; ++i) {
    const double percent = axes.top() * i / kLines;
    out += line(kLeft, axes.y(percent), kWidth - kRight, axes.y(percent));
    out += text_at(kLeft - 8, axes.y(percent) + 4, "end", number(percent));
  }
  for (const std::uint64_t size : panel.sizes) {
    out += line(axes.x(size), axes.y(0), axes.x(size), axes.y(0) + 5);
    out += text_at(axes.x(size), axes.y(0) + 20, "middle", std::to_string(size));
  }
  for (std::size_t i = 0; i < panel.curves.size(); ++i) {
    const std::string color(kColors[i % kColors.size()]);
    std::string points;
    std::string dots;
    for (std::size_t at = 0; at < panel.sizes.size(); ++at) {
      const std::string x = number(axes.x(panel.sizes[at]));
      const std::string y = number(axes.y(panel.curves[i].percents[at]));
      points += (at == 0 ? "" : " ") + x + "," + y;
      dots += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"3\" fill=\"" + color + "\"/>\n";
    }
    out += "<polyline fill=\"none\" stroke=\"" + color + "\" stroke-width=\"2\" points=\"" +
           points + "\"/>\n" + dots;
    const double y = offset + kTop + 18 * static_cast<double>(i);
    out += "<rect x=\"" + number(kWidth - kRight + 20) + "\" y=\"" + number(y) +
           "\" width=\"12\" height=\"12\" fill=\"" + color + "\"/>\n";
    out += text_at(kWidth - kRight + 38, y + 11, "start", panel.curves[i].policy);
  }
  return out;
}

}  // namespace

std::string svg_picture(const std::vector<StudyRow>& rows) {
  const std::vector<Panel> panels = panels_of(rows);
  const double height = kHeight * static_cast<double>(panels.size());
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth) +
                    " " + number(height) +
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (std::size_t i = 0; i < panels.size(); ++i) {
    out += draw(panels[i], kHeight * static_cast<double>(i));
  }
  return out + "</svg>\n";
}

}  // namespace strata::simulate
