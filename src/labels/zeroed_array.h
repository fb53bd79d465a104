// ZeroedArray: a fixed number of elements whose bytes are zero until they are written.
//
// Large ones take address space at first and memory only where they are touched: a ring of which
// little is used costs little, and nothing when it is made.
//
// Threads   Thread-compatible.
// Errors    The constructor throws std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace strata::internal {

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  ZeroedArray() = default;
  explicit ZeroedArray(std::size_t size)
      : memory_(std::calloc(1, size * sizeof(T) + alignof(T))), size_(size) {
    if (memory_ == nullptr) throw std::bad_alloc();
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    begin_ = reinterpret_cast<T*>((address + alignof(T) - 1) / alignof(T) * alignof(T));
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T* data() const { return begin_; }
  [[nodiscard]] T& operator[](std::size_t at) const { return begin_[at]; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  T* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace strata::internal
