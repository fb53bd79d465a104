// Every limit of Strata that is not an option, in one place. What exceeds one is refused with
// an error that names it; docs/operations.md has the table with what happens at each edge.
#pragma once

#include <cstddef>
#include <cstdint>

namespace strata::limits {

inline constexpr std::size_t kKeyBytes = 1024;           // canonical text of a key
inline constexpr std::size_t kParamsBytesLiteral = 200;  // longer parameters are hashed
inline constexpr std::size_t kParamsBytes = 64 * 1024;   // before hashing
inline constexpr std::size_t kKeyspaceNameBytes = 64;
inline constexpr std::size_t kKeyspaces = 4096;              // open in one cache
inline constexpr std::size_t kLabelBytes = 128;              // text of one label, keys excepted
inline constexpr std::size_t kTagsPerEntry = 32;             // given by the caller
inline constexpr std::size_t kLabelsPerEntry = 256;          // with those inherited
inline constexpr std::size_t kLabelsPerGroup = 16;           // keyspace, tenant, type, ...
inline constexpr std::size_t kVersionBytes = 256;            // a value's version text
inline constexpr std::size_t kValueBytesDefault = 1u << 20;  // max_value_bytes
inline constexpr std::size_t kValueBytesMax = 64u << 20;     // upper end of max_value_bytes
inline constexpr std::size_t kRecordBytes = kValueBytesMax + (1u << 20);
inline constexpr std::size_t kRememberedLabels = 1u << 16;  // per label table, before the floor
inline constexpr std::size_t kLoadDepth = 64;               // loads started within loads
inline constexpr std::size_t kWaitersPerLoad = 100'000;
inline constexpr std::size_t kBatchKeys = 10'000;    // keys in one get_many
inline constexpr std::size_t kEventItems = 10'000;   // of one bulk event
inline constexpr std::size_t kEventFields = 64;      // of an item, now and before each
inline constexpr std::size_t kEventTextBytes = 512;  // a type, an id, a field's name or value
inline constexpr std::size_t kOutboxReaderBytes = 64;           // a reader's name
inline constexpr std::size_t kOutboxBatchRows = 10'000;         // upper end of batch_rows
inline constexpr std::size_t kOutboxBatchBytes = 4u << 20;      // of rows read at a time
inline constexpr std::uint64_t kOutboxRowsDefault = 1'000'000;  // default of max_rows

}  // namespace strata::limits
