// Payloads on their way to the tiers below memory, and back: compressed, then encrypted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "strata/core/record.h"
#include "tiered/state.h"

namespace strata::internal {

// Packs a payload that is as its codec made it, and counts what that saved. Errors: kUnavailable
// where it is to be encrypted and there are no keys; then it may not be stored.
[[nodiscard]] Result<void> pack(Record& record, const KeyspaceState& keyspace);

// The payload as its codec made it: the record's own, or in `room`. Errors: kCorrupt, also for one
// that should be encrypted and is not; kUnavailable without the key or memory.
[[nodiscard]] Result<std::string_view> unpack(const Record& record, const KeyspaceState& keyspace,
                                              std::string& room);

// What keeps the keyspace from using the record by the way in which it is encrypted, if it is that.
[[nodiscard]] std::optional<MissReason> sealed_from(const Record& record,
                                                    const KeyspaceState& keyspace);

// The same for whoever has these keys and takes it encrypted or not: kNoKey or kTampered.
[[nodiscard]] std::optional<MissReason> sealed_from(const Record& record, const KeyRing* keys);

// Why entry_of() has no entry of the record: as refusal_of(), and said in the log now and then if
// the record cannot be unpacked. `why` is entry_of()'s.
[[nodiscard]] std::optional<MissReason> refuse(const KeyspaceState& keyspace, std::string_view tier,
                                               const Record& record, KeyRef key, const Error& why);

}  // namespace strata::internal
