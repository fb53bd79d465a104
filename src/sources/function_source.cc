// A source around a C++ function: parameters are checked before it, exceptions stop behind it.
#include "strata/sources/function_source.h"

#include <atomic>
#include <utility>

#include "core/quote.h"
#include "strata/core/value_type.h"

namespace strata {

namespace {

class FunctionSource : public Source {
 public:
  FunctionSource(std::string name, std::vector<SourceParameter> parameters, SourceFunction function,
                 std::shared_ptr<Clock> clock)
      : name_(std::move(name)),
        parameters_(std::move(parameters)),
        function_(std::move(function)),
        clock_(std::move(clock)) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return parameters_;
  }

  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override {
    if (closed_.load(std::memory_order_relaxed)) return error(ErrorCode::kClosed, "is closed");
    const Result<void> params_fit = check_params(*this, request.params);
    if (!params_fit) return params_fit.error();
    if (clock_->now() >= request.deadline.at) {
      return error(ErrorCode::kDeadlineExceeded, "was not called: the deadline had passed");
    }

    SourceRequest complete = request;
    complete.params = with_defaults(*this, request.params);
    Result<SourceReply> reply = call(complete);
    if (!reply || reply->status != SourceReply::Status::kNotModified) return reply;
    if (request.known_version.empty() && !request.known_last_modified) {
      return error(ErrorCode::kLoadFailed, "answered \"not modified\" to a first request");
    }
    return reply;
  }

  void close() override { closed_.store(true, std::memory_order_relaxed); }

 private:
  [[nodiscard]] Result<SourceReply> call(const SourceRequest& request) {
    try {
      return function_(request);
    } catch (...) {
      return internal::error_of_exception(ErrorCode::kLoadFailed,
                                          "source " + internal::quoted(name_));
    }
  }

  [[nodiscard]] Error error(ErrorCode code, std::string_view what) const {
    return {code, "source " + internal::quoted(name_) + " " + std::string(what), {}};
  }

  const std::string name_;
  const std::vector<SourceParameter> parameters_;
  const SourceFunction function_;
  const std::shared_ptr<Clock> clock_;
  std::atomic<bool> closed_{false};
};

}  // namespace

Result<std::shared_ptr<Source>> function_source(std::string name,
                                                std::vector<SourceParameter> parameters,
                                                SourceFunction function,
                                                std::shared_ptr<Clock> clock) {
  const Result<void> is_sound = check_declaration(name, parameters);
  if (!is_sound) return is_sound.error();
  if (!function) {
    return Error{ErrorCode::kRejected, "source " + internal::quoted(name) + " has no function", {}};
  }
  return std::shared_ptr<Source>(std::make_shared<FunctionSource>(
      std::move(name), std::move(parameters), std::move(function), std::move(clock)));
}

}  // namespace strata
