// Resident, as the policies call it.
#pragma once

#include "strata/core/resident.h"

namespace strata::memory {

using strata::Resident;

}  // namespace strata::memory
