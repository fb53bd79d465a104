// TellsTrouble: what a tier is as well if it works behind its calls, and may fail there.
//
// A put of the SQLite tier returns before the record is in the file. That writing it fails, no
// caller is told; so the tier tells its listener, and the cache counts and logs it.
//
//   if (auto* teller = dynamic_cast<TellsTrouble*>(&tier)) {
//     teller->set_trouble_listener([](const Error& error) { log(error.message); });
//   }
//
// Promise    The listener is told once when such work begins to fail, and again only after it has
//            succeeded. A tier that fails already tells a new listener at once.
// Threads    Thread-safe.
// Callbacks  In threads of the tier, or in that of set_trouble_listener(), with no lock held; never
//            after the tier's close() has returned. A listener may neither throw nor call the tier.
#pragma once

#include <functional>

#include "strata/core/result.h"

namespace strata {

using TroubleListener = std::function<void(const Error& error)>;

class TellsTrouble {
 public:
  virtual ~TellsTrouble() = default;
  // Nobody is told if it is empty.
  virtual void set_trouble_listener(TroubleListener listener) = 0;
};

}  // namespace strata
