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
inline constexpr std::size_t kTenantKeyspaces = 65'536;      // tenants' parts of them
inline constexpr std::size_t kLabelBytes = 128;              // text of one label, keys excepted
inline constexpr std::size_t kTagsPerEntry = 32;             // given by the caller
inline constexpr std::size_t kLabelsPerEntry = 256;          // with those inherited
inline constexpr std::size_t kLabelsPerGroup = 16;           // keyspace, tenant, type, ...
inline constexpr std::size_t kVersionBytes = 256;            // a value's version text
inline constexpr std::size_t kValueBytesDefault = 1u << 20;  // max_value_bytes
inline constexpr std::size_t kValueBytesMax = 64u << 20;     // upper end of max_value_bytes
inline constexpr std::size_t kRecordBytes = kValueBytesMax + (1u << 20);
inline constexpr std::size_t kEncryptionKeys = 64;          // of one ring, the current one included
inline constexpr std::size_t kRememberedLabels = 1u << 16;  // per label table, before the floor
inline constexpr std::size_t kPressedMemoryBytes = 4u << 20;  // memory's least bound, if pressed
inline constexpr std::size_t kNamedTenants = 64;              // with quotas of their own in memory
inline constexpr std::size_t kOtherTenants = 256;             // to which each_tenant gives one
inline constexpr std::size_t kLoadDepth = 64;                 // loads started within loads
inline constexpr std::size_t kWaitersPerLoad = 100'000;       // upper end of max_waiters
inline constexpr std::size_t kFailedLoads = 4096;             // remembered by error_backoff
inline constexpr std::size_t kLoadAlarms = 16'384;            // of asynchronous loads, in the timer
inline constexpr std::size_t kBreakerFailures = 1'000;        // upper end of breaker_failures
inline constexpr std::size_t kGuardedCalls = 100'000;         // of max_concurrent, max_waiting
inline constexpr std::size_t kTransactionEvents = 10'000;     // kept for handlers
inline constexpr std::size_t kTransactionLabels = 65'536;     // collected; then everything()
inline constexpr std::size_t kBatchKeys = 10'000;             // keys in one get_many
inline constexpr std::size_t kRankedEntries = 10'000;         // of one hottest() or coldest()
inline constexpr std::size_t kEventItems = 10'000;            // of one bulk event
inline constexpr std::size_t kEventFields = 64;               // of an item, now and before each
inline constexpr std::size_t kDependencyEdges = 1'000'000;    // of one graph
inline constexpr std::size_t kDependencySources = 256;        // of one label, directly
inline constexpr std::size_t kDependencyDepth = 64;           // edges from a value to a source
inline constexpr std::size_t kDependencyReach = 10'000;       // dependents that one walk visits
inline constexpr std::size_t kCauseTextBytes = 96;            // kept of what a cause was
inline constexpr std::size_t kCauseChain = 32;                // causes in one explanation
inline constexpr std::size_t kJournalRecords = 1u << 24;      // removals, or causes, of a journal
inline constexpr std::size_t kPendingItems = 1u << 20;        // upper end of max_batch, max_pending
inline constexpr std::size_t kEventTextBytes = 512;   // a type, an id, a field's name or value
inline constexpr std::size_t kEventDepth = 16;        // events emitted within handlers of events
inline constexpr std::size_t kSubscriptions = 1024;   // of one event bus
inline constexpr std::size_t kSlowHandlerCalls = 10;  // in a row, then a handler is disabled
inline constexpr std::size_t kRules = 10'000;         // of one set, and declared types
inline constexpr std::size_t kRuleTemplates = 64;     // of labels in one rule
inline constexpr std::size_t kRuleTextBytes = 2048;   // a rule's name, a template, a condition
inline constexpr std::size_t kConditionDepth = 32;    // "(" and "not" within each other
inline constexpr std::size_t kCascades = 256;         // of one set
inline constexpr std::size_t kLabelsPerEvent = 1024;  // that rules make of one event
inline constexpr std::size_t kCurveKeyspaces = 32;    // told apart in a curve
inline constexpr std::size_t kCountedLabels = 1'000'000;         // told apart by `strata labels`
inline constexpr std::size_t kExportLineBytes = kValueBytesMax;  // of `strata export` and import
inline constexpr std::size_t kImportEntries = 10'000'000;        // of one `strata import`
inline constexpr std::uint64_t kBenchmarkEntries = 10'000'000;   // of `strata benchmark`
inline constexpr std::uint64_t kBenchmarkDataBytes = 4ull << 30;
inline constexpr std::uint64_t kBenchmarkOperations = 1'000'000'000;
inline constexpr std::uint64_t kBenchmarkThreads = 256;
inline constexpr std::uint64_t kBenchmarkSeconds = 3600;        // of a row
inline constexpr std::uint64_t kBenchmarkOriginSeconds = 60;    // latency of its origin
inline constexpr std::size_t kOutboxReaderBytes = 64;           // a reader's name
inline constexpr std::size_t kOutboxBatchRows = 10'000;         // upper end of batch_rows
inline constexpr std::size_t kOutboxBatchBytes = 4u << 20;      // of rows read at a time
inline constexpr std::uint64_t kOutboxRowsDefault = 1'000'000;  // default of max_rows

}  // namespace strata::limits
