// Fuzz target: any text as the fields of a row of an outbox. What is read is written as it was,
// and becomes an event that is valid or none.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.h"
#include "outbox/event_rows.h"
#include "outbox/literal_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto list = strata::outbox::read_literals(text);
  if (list) {
    std::string again;
    for (const auto& literal : *list) {
      again += (again.empty() ? "" : ",") +
               (literal ? strata::outbox::quote_text(*literal) : std::string("NULL"));
    }
    STRATA_ASSERT(again == text);
  }

  strata::outbox::Row row{.seq = 1, .type = "type", .id = text, .operation = "update"};
  row.fields = text;
  row.old_fields = text;
  const strata::outbox::EventBatch batch = strata::outbox::to_events({row, row}, "outbox");
  STRATA_ASSERT(batch.events.size() + batch.unknown_types.size() == 1);
  for (const strata::Event& event : batch.events) STRATA_ASSERT(event.validate().ok());
  return 0;
}
