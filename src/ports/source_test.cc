// Tests of the check of a source's parameters.
#include "strata/ports/source.h"

#include <gtest/gtest.h>

#include "strata/ports/log.h"

namespace strata {
namespace {

class SomeSource final : public Source {
 public:
  explicit SomeSource(std::vector<SourceParameter> parameters)
      : parameters_(std::move(parameters)) {}
  [[nodiscard]] std::string_view name() const override { return "census"; }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return parameters_;
  }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest&) override { return SourceReply{}; }
  void close() override {}

 private:
  std::vector<SourceParameter> parameters_;
};

SomeSource census() {
  return SomeSource({{"year", true, ""}, {"cbsa", true, ""}, {"dataset", false, "acs5"}});
}

std::string refusal(const Source& source, const Params& params) {
  const Result<void> checked = check_params(source, params);
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().code, ErrorCode::kRejected);
  return checked.error().message;
}

TEST(CheckParams, AcceptsWhatIsDeclaredInAnyOrder) {
  EXPECT_EQ(refusal(census(), {{"cbsa", "14500"}, {"year", "2022"}}), "accepted");
  EXPECT_EQ(refusal(census(), {{"dataset", "acs1"}, {"year", "2022"}, {"cbsa", ""}}), "accepted");
  EXPECT_EQ(refusal(SomeSource({}), {}), "accepted");
}

TEST(CheckParams, NamesTheUnknownOneAndTheNearestThatIsKnown) {
  EXPECT_EQ(refusal(census(), {{"cbsa", "1"}, {"yaer", "2022"}}),
            "source \"census\": unknown parameter \"yaer\", did you mean \"year\"?; accepted are "
            "year, cbsa, dataset (optional)");
  EXPECT_EQ(refusal(census(), {{"quarter", "1"}}),
            "source \"census\": unknown parameter \"quarter\"; accepted are year, cbsa, dataset "
            "(optional)");
  EXPECT_EQ(refusal(SomeSource({}), {{"year", "1"}}),
            "source \"census\": unknown parameter \"year\"; it accepts none");
}

TEST(CheckParams, NamesTheMissingOne) {
  EXPECT_EQ(refusal(census(), {{"year", "2022"}}),
            "source \"census\": parameter \"cbsa\" is missing; accepted are year, cbsa, dataset "
            "(optional)");
}

TEST(CheckParams, NamesTheOneThatIsGivenTwice) {
  EXPECT_EQ(refusal(census(), {{"year", "1"}, {"cbsa", "1"}, {"year", "1"}}),
            "source \"census\": parameter \"year\" is given twice; accepted are year, cbsa, "
            "dataset (optional)");
}

TEST(LogLevel, NamesAreStable) {
  EXPECT_EQ(to_string(LogLevel::kDebug), "debug");
  EXPECT_EQ(to_string(LogLevel::kInfo), "info");
  EXPECT_EQ(to_string(LogLevel::kWarning), "warning");
  EXPECT_EQ(to_string(LogLevel::kError), "error");
}

}  // namespace
}  // namespace strata
