// The numbers as JSON, and where it is written.
#include "testkit/reliability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace strata::testkit {
namespace {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

std::string text_of(double number) {
  std::ostringstream out;
  out.precision(std::floor(number) == number ? 17 : 6);
  out << number;
  return out.str();
}

std::string object_of(const std::vector<std::pair<std::string, double>>& numbers) {
  std::string out = "{";
  for (const auto& [name, number] : numbers) {
    out += (out.size() > 1 ? ", " : "") + json_text(name) + ": " + text_of(number);
  }
  return out + "}";
}

std::string running_test() {
  const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return "none";
  return std::string(test->test_suite_name()) + "." + test->name();
}

// Of the running test.
double seconds_so_far() {
  const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return 0;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return static_cast<double>(now.count() - test->result()->start_timestamp()) / 1000;
}

std::filesystem::path folder() {
  const char* const named = std::getenv("STRATA_RELIABILITY");
  return named != nullptr && *named != '\0' ? named : STRATA_RELIABILITY_FOLDER;
}

// The sample that a share of all do not exceed.
double nearest_rank(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

Reliability::Reliability(std::string id, std::string what)
    : id_(std::move(id)), what_(std::move(what)) {}

Reliability::~Reliability() {
  std::string name = id_ + "-" + running_test() + ".json";
  std::replace(name.begin(), name.end(), '/', '-');
  std::error_code ignored;
  std::filesystem::create_directories(folder(), ignored);
  std::ofstream file(folder() / name, std::ios::trunc);
  file << json();
  // Whoever wants the numbers misses the file; the test itself has lost nothing.
  if (!file.flush()) std::fprintf(stderr, "cannot write %s\n", (folder() / name).c_str());
}

Reliability& Reliability::count(std::string_view name, std::uint64_t number) {
  counts_.emplace_back(name, static_cast<double>(number));
  return *this;
}

Reliability& Reliability::violations(std::string_view name, std::uint64_t number) {
  violations_.emplace_back(name, static_cast<double>(number));
  EXPECT_EQ(number, 0u) << id_ << ": " << name;
  return *this;
}

Reliability& Reliability::seeds(std::uint64_t first, std::uint64_t last) {
  first_seed_ = first;
  last_seed_ = last;
  return *this;
}

Reliability& Reliability::figure(std::string_view name, double number) {
  figures_.emplace_back(name, number);
  return *this;
}

Reliability& Reliability::percentiles(std::string_view name, std::vector<double> samples) {
  if (samples.empty()) return *this;
  std::sort(samples.begin(), samples.end());
  percentiles_.emplace_back(name, Numbers{{"samples", static_cast<double>(samples.size())},
                                          {"p50", nearest_rank(samples, 0.5)},
                                          {"p90", nearest_rank(samples, 0.9)},
                                          {"p99", nearest_rank(samples, 0.99)},
                                          {"max", samples.back()}});
  return *this;
}

Reliability& Reliability::found(std::string_view mutant, std::uint64_t rounds) {
  found_.emplace_back(mutant, static_cast<double>(rounds));
  return *this;
}

std::string Reliability::json() const {
  const char* const budget = std::getenv("STRATA_TORTURE_SECONDS");
  std::string out = "{\n  \"id\": " + json_text(id_) +
                    ",\n  \"test\": " + json_text(running_test()) +
                    ",\n  \"what\": " + json_text(what_) +
                    ",\n  \"passed\": " + (::testing::Test::HasFailure() ? "false" : "true") +
                    ",\n  \"seconds\": " + text_of(seconds_so_far());
  if (budget != nullptr) out += ",\n  \"budget_s\": " + text_of(std::strtod(budget, nullptr));
  if (last_seed_ != 0) {
    out +=
        ",\n  \"seeds\": [" + std::to_string(first_seed_) + ", " + std::to_string(last_seed_) + "]";
  }
  out += ",\n  \"counts\": " + object_of(counts_) +
         ",\n  \"violations\": " + object_of(violations_) +
         ",\n  \"figures\": " + object_of(figures_) + ",\n  \"percentiles\": {";
  for (std::size_t i = 0; i < percentiles_.size(); ++i) {
    out += (i > 0 ? ", " : "") + json_text(percentiles_[i].first) + ": " +
           object_of(percentiles_[i].second);
  }
  return out + "},\n  \"mutants\": " + object_of(found_) + "\n}\n";
}

}  // namespace strata::testkit
