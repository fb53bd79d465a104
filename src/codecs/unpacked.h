// Unpacked: how decompressing into a buffer of the recorded size went.
#pragma once

namespace strata::internal {

enum class Unpacked { kWhole, kCorrupt, kNoMemory };

}  // namespace strata::internal
