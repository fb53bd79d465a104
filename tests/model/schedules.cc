// All schedules.
#include "model/schedule.h"

namespace strata::model {

std::vector<Schedule> schedules() {
  std::vector<Schedule> all;
  for (const auto& part :
       {fill_schedules(), invalidation_schedules(), derived_schedules(), put_schedules(),
        sqlite_schedules(), expire_schedules(), transaction_schedules(), sharing_schedules()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace strata::model
