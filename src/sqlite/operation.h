// Operation: one thing that was accepted and that the writer still has to do in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sqlite/moment.h"
#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/core/ticket.h"

namespace strata::sqlite {

struct Operation {
  enum class Kind : std::uint8_t {
    kSkip,    // a later one does its work
    kStore,   // `record` under `label`
    kTouch,   // `lifetime` for the entry under `label`, if its number is `number`
    kRemove,  // what carries `label` and has a number below `number`
    kEnd,     // the ttl of the same, as of `end`
    kDrop,    // the entry under `label`, if its number is `number`: it does not decode
    kExpire,  // what is past its keep_for
  };
  Kind kind = Kind::kSkip;
  bool removes = false;  // kStore: a put, which also does what kRemove does
  bool erases = false;   // kRemove: somebody asked for the key
  std::uint64_t id = 0;  // counts from 1 in the order of acceptance
  LabelId label{};       // of the key, except for kRemove and kEnd
  Ticket number{};
  Ticket ticket{};  // kStore: of the fill
  std::shared_ptr<const Record> record{};
  Lifetime lifetime{};
  Moment end{};
};

// What the writer does in one transaction.
struct Batch {
  std::vector<Operation> operations{};
  std::uint64_t last = 0;  // the id of the newest, skipped or not
  std::size_t bytes = 0;

  [[nodiscard]] bool empty() const { return operations.empty(); }
  void clear() { *this = {}; }
};

}  // namespace strata::sqlite
