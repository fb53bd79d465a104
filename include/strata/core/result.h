// Result<T>: a value, or the Error that explains why there is none.
//
// Operating errors are values throughout Strata; nothing is thrown across its API except by
// value(), when the caller asks for a value that is not there. A miss is not an error.
//
//   Result<Key> key = Key::make({.keyspace = "user", .identifier = "42"});
//   if (!key) return key.error();
//   use(*key);
//
// Threads   Thread-compatible, like the value it holds.
// Errors    value() rethrows the loader's exception if the error carries one, and throws
//           BadResult (with the error's message) otherwise.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace strata {

// Codes are few: one per thing a caller can do about an error, not one per cause.
enum class ErrorCode {
  kUnavailable,       // The other side did not answer. Try again later, or use another tier.
  kDeadlineExceeded,  // Time ran out. The operation may still take effect.
  kCorrupt,           // The stored bytes do not decode. Erase the entry; do not retry.
  kRejected,          // The request is not acceptable as it is. Fix the caller.
  kLoadFailed,        // The source or loader failed. The cache itself is well; try again later.
  kClosed,            // close() was called. Stop.
};

// Returns the code's stable name: "unavailable", "deadline_exceeded", ...
[[nodiscard]] std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kUnavailable;
  std::string message;           // For people: what failed, on what, with which value.
  std::exception_ptr exception;  // What a loader threw, if it threw.
};

namespace internal {

// The error, to be shared. Without memory for it: one that says so.
[[nodiscard]] std::shared_ptr<const Error> shared_error(Error error) noexcept;

}  // namespace internal

// Thrown by Result::value() when there is no value and no exception to rethrow.
class BadResult : public std::runtime_error {
 public:
  explicit BadResult(const Error& error);
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

// Rethrows the exception inside `error`, or throws BadResult.
[[noreturn]] void throw_error(const Error& error);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // The value. Precondition: ok().
  [[nodiscard]] T& operator*() & { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& operator*() const& { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] T* operator->() { return std::get_if<0>(&state_); }
  [[nodiscard]] const T* operator->() const { return std::get_if<0>(&state_); }

  // The value, or an exception: see the head of this file.
  [[nodiscard]] T& value() & { return check(), **this; }
  [[nodiscard]] const T& value() const& { return check(), **this; }
  [[nodiscard]] T value() && { return check(), std::move(**this); }
  [[nodiscard]] T value_or(T other) const& { return ok() ? **this : std::move(other); }

  // The error. Precondition: !ok().
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  void check() const {
    if (!ok()) throw_error(error());
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (error_) throw_error(*error_);
  }
  [[nodiscard]] const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace strata
