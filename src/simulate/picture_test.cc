// Tests of the pictures of a study.
#include <gtest/gtest.h>

#include "simulate/svg_picture.h"
#include "simulate/text_picture.h"

namespace strata::simulate {
namespace {

std::vector<StudyRow> some_rows() {
  return {{"web <1>", "lru", 10, {.requests = 100, .hits = 10}},
          {"web <1>", "lru", 100, {.requests = 100, .hits = 50}},
          {"web <1>", "adaptive", 10, {.requests = 100, .hits = 30}},
          {"web <1>", "adaptive", 100, {.requests = 100, .hits = 50}}};
}

TEST(TextPicture, HasALetterForEachPolicyAtEachSize) {
  EXPECT_EQ(text_picture(some_rows()),
            "web <1>: hit ratio in % over size\n"
            "      50 |                  AB\n"
            "         |\n"
            "         |\n"
            "         |\n"
            "      38 |\n"
            "         |\n"
            "         |      B\n"
            "         |\n"
            "      25 |\n"
            "         |\n"
            "         |\n"
            "         |\n"
            "      13 |\n"
            "         |      A\n"
            "         |\n"
            "         |\n"
            "       0 |\n"
            "         +------------------------\n"
            "               10         100\n"
            "A lru   B adaptive\n");
}

TEST(TextPicture, OfOneSizeThereIsNone) {
  EXPECT_EQ(text_picture({{"web", "lru", 10, {.requests = 100, .hits = 10}}}), "");
}

TEST(SvgPicture, DrawsACurveForEachPolicyAndEscapesNames) {
  const std::string svg = svg_picture(some_rows());
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_NE(svg.find("web &lt;1&gt;: hit ratio"), std::string::npos);
  std::size_t curves = 0;
  for (std::size_t at = 0; (at = svg.find("<polyline", at)) != std::string::npos; ++at) ++curves;
  EXPECT_EQ(curves, 2u);
}

TEST(SvgPicture, ASingleSizeAndNoHitsAreDrawnToo) {
  const std::string svg = svg_picture({{"web", "lru", 1, {.requests = 100, .hits = 0}}});
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

}  // namespace
}  // namespace strata::simulate
