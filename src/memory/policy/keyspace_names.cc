// KeyspaceNames: slots that are filled in their order.
#include "memory/policy/keyspace_names.h"

#include <algorithm>

namespace strata::memory {
namespace {

// "user" of "1:acme/user::42:"; empty if there is none.
std::string_view keyspace_of(std::string_view key_text) {
  const std::size_t begin = key_text.find(':');
  if (begin == std::string_view::npos) return {};
  const std::size_t end = key_text.find(':', begin + 1);
  if (end == std::string_view::npos) return {};
  const std::string_view name = key_text.substr(begin + 1, end - begin - 1);
  const std::size_t slash = name.find('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

std::uint8_t KeyspaceNames::slot_of(std::string_view key_text) {
  const std::string_view name = keyspace_of(key_text);
  if (name.empty() || name.size() > limits::kKeyspaceNameBytes) return 0;
  for (std::size_t i = 1; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    std::uint8_t state = slot.state.load(std::memory_order_acquire);
    if (state == kFree &&
        slot.state.compare_exchange_strong(state, kBeingNamed, std::memory_order_acq_rel)) {
      slot.size = static_cast<std::uint8_t>(name.size());
      std::copy(name.begin(), name.end(), slot.name.begin());
      slot.state.store(kNamed, std::memory_order_release);
      return static_cast<std::uint8_t>(i);
    }
    // Somebody names it just now, perhaps the same: this use counts among the others.
    if (state == kBeingNamed) return 0;
    if (state == kNamed && slot.text() == name) return static_cast<std::uint8_t>(i);
  }
  return 0;
}

std::string KeyspaceNames::name_of(std::size_t slot) const {
  if (slots_[slot].state.load(std::memory_order_acquire) != kNamed) return {};
  return std::string(slots_[slot].text());
}

}  // namespace strata::memory
