// Random: what a test draws from, given its seed. The same numbers in every build.
//
// Threads   Confined to the test that owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace strata::testkit {

class Random {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed), state_(seed) {}

  [[nodiscard]] std::uint64_t seed() const { return seed_; }

  // Uniform over all 64-bit numbers (SplitMix64).
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
    return bits ^ (bits >> 31);
  }

  // Uniform in [0, limit). Precondition: limit > 0.
  std::uint64_t below(std::uint64_t limit) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * limit) >> 64);
  }

  // Uniform in [least, most].
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least == 0 && most == UINT64_MAX ? next() : least + below(most - least + 1);
  }

  // True once in `times` on average.
  bool one_in(std::uint64_t times) { return below(times) == 0; }

  // A number whose size in bits is uniform, so that small and huge ones are equally likely.
  std::uint64_t skewed() { return next() >> below(64); }

  // Any bytes, up to `most` of them.
  std::string bytes(std::size_t most) {
    std::string out(between(0, most), '\0');
    for (char& c : out) c = static_cast<char>(next());
    return out;
  }

  // Characters of `alphabet`, from `least` to `most` of them.
  std::string text(std::size_t least, std::size_t most,
                   std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789") {
    std::string out(between(least, most), '\0');
    for (char& c : out) c = alphabet[below(alphabet.size())];
    return out;
  }

  template <typename Container>
  auto& pick(Container& container) {
    return container[below(container.size())];
  }

 private:
  std::uint64_t seed_;
  std::uint64_t state_;
};

}  // namespace strata::testkit
