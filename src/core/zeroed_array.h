// ZeroedArray: a fixed number of elements whose bytes are zero until they are written.
//
// Large ones take address space at first and memory only where they are touched: a table of which
// little is used costs little, and making one costs nothing.
//
// Threads   Thread-compatible.
// Errors    The constructor throws std::bad_alloc; the one with std::nothrow leaves it empty.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace strata::internal {

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  ZeroedArray() = default;
  explicit ZeroedArray(std::size_t size) : ZeroedArray(size, std::nothrow) {
    if (size_ != size) throw std::bad_alloc();
  }
  ZeroedArray(std::size_t size, std::nothrow_t /*tag*/) : memory_(allocate(size * sizeof(T))) {
    if (memory_ == nullptr) return;
    void* begin = memory_.get();
    std::size_t room = room_of(size * sizeof(T));
    begin_ = static_cast<T*>(std::align(alignof(T), size * sizeof(T), begin, room));
    size_ = size;
  }
  ZeroedArray(ZeroedArray&& other) noexcept { swap(other); }
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    ZeroedArray moved(std::move(other));
    swap(moved);
    return *this;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T* data() const { return begin_; }
  [[nodiscard]] T& operator[](std::size_t at) const { return begin_[at]; }

 private:
  // From here on calloc() asks the system for pages, which come zeroed when they are touched.
  static constexpr std::size_t kLazyBytes = 128 << 10;

  struct Free {
    bool is_lazy = false;
    void operator()(void* memory) const {
      is_lazy ? std::free(memory) : ::operator delete[](memory);
    }
  };
  using Memory = std::unique_ptr<void, Free>;

  [[nodiscard]] static std::size_t room_of(std::size_t bytes) { return bytes + alignof(T) - 1; }
  [[nodiscard]] static Memory allocate(std::size_t bytes) {
    if (bytes >= kLazyBytes) return Memory(std::calloc(1, room_of(bytes)), {.is_lazy = true});
    void* const memory = ::operator new[](room_of(bytes), std::nothrow);
    if (memory != nullptr) std::memset(memory, 0, room_of(bytes));
    return Memory(memory);
  }
  void swap(ZeroedArray& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(begin_, other.begin_);
    std::swap(size_, other.size_);
  }

  Memory memory_;
  T* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace strata::internal
