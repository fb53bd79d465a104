// What nine users in ten include. Belongs to no part; includes only.
#pragma once

#include "strata/config/open.h"
#include "strata/core/duration.h"
#include "strata/core/label.h"
#include "strata/tiered/cache.h"
#include "strata/tiered/memoize.h"
#include "strata/tiered/transaction.h"
