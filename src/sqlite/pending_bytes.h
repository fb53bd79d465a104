// What a pending record is charged for.
#pragma once

#include <cstddef>

#include "strata/core/record.h"

namespace strata::sqlite {

// About what the record takes in memory, the tables that lead to it included.
[[nodiscard]] inline std::size_t bytes_of(const Record& record) {
  constexpr std::size_t kPerRecord = sizeof(Record) + 192;
  constexpr std::size_t kPerLabel = sizeof(Label) + 16;
  std::size_t bytes = kPerRecord + record.key_text.size() + record.long_params.size() +
                      record.version.size() + record.payload.size();
  for (const Labels* labels : {&record.group, &record.labels}) {
    for (const Label& label : *labels) bytes += kPerLabel + label.text().size();
  }
  return bytes;
}

}  // namespace strata::sqlite
