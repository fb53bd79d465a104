// LabelFilter: which labels rows of the file may lead to, so that a removal by a label that none
// does costs no look at the file. Most labels that are invalidated have no rows.
//
// A Bloom filter of what was ever added: it may say yes for a label without rows, and never no for
// one with rows. Labels of rows that have gone stay in it, so it is made anew when it is half full:
// from scratch, by somebody who goes over all rows, while the former one still answers. The first
// one is made like that when a file is opened, and until then the answer is yes.
//
// Threads   Thread-compatible.
// Memory    kBits / 8 bytes, twice as much while it is made anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "strata/core/label.h"

namespace strata::sqlite {

class LabelFilter {
 public:
  // The ways in which a label leads to rows.
  enum class Way : std::uint8_t { kKey, kGroup, kOwn };

  // Of a million labels without rows, beside a million with, it says yes to some ten thousand.
  static constexpr std::size_t kBits = std::size_t{1} << 24;

  void add(Way way, LabelId label);
  [[nodiscard]] bool may_have(Way way, LabelId label) const;

  // Whether somebody is to go over all rows, adding what they have, and then say that it is done.
  [[nodiscard]] bool is_wanted() const { return !next_.empty(); }
  void set_done();

 private:
  using Words = std::vector<std::uint64_t>;
  struct Bits {
    std::size_t first;
    std::size_t second;
  };
  static Bits bits_of(Way way, LabelId label);
  static bool has(const Words& words, std::size_t bit) {
    return (words[bit / 64] >> (bit % 64) & 1) != 0;
  }
  void set(std::size_t bit);

  Words words_;  // empty: everything may be there
  Words next_ = Words(kBits / 64);
  std::size_t is_set_ = 0;  // bits of words_
  std::size_t limit_ = 0;   // so many make it wanted anew
};

}  // namespace strata::sqlite
