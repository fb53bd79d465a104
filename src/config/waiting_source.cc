// The source that opens when it can.
#include "config/waiting_source.h"

#include <utility>

#include "core/mutex.h"

namespace strata::internal {
namespace {

class WaitingSource final : public Source {
 public:
  WaitingSource(std::string name, std::vector<SourceParameter> parameters, Error first_error,
                OpenSource open)
      : name_(std::move(name)),
        parameters_(std::move(parameters)),
        open_(std::move(open)),
        last_error_(std::move(first_error)) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return parameters_;
  }

  Result<SourceReply> fetch(const SourceRequest& request) override {
    auto source = opened();
    if (!source) return source.error();
    return (*source)->fetch(request);
  }

  void close() override {
    std::shared_ptr<Source> source;
    {
      const MutexLock lock(mutex_);
      is_closed_ = true;
      source = source_;
    }
    if (source) source->close();
  }

 private:
  Result<std::shared_ptr<Source>> opened() {
    {
      const MutexLock lock(mutex_);
      if (is_closed_) return Error{ErrorCode::kClosed, "the source " + name_ + " is closed", {}};
      if (source_) return source_;
      if (is_opening_) return last_error_;
      is_opening_ = true;
    }
    auto source = open_();  // with no lock held: it may take a while
    const MutexLock lock(mutex_);
    is_opening_ = false;
    if (!source) {
      last_error_ = source.error();
      return source;
    }
    if (is_closed_) {
      (*source)->close();
    } else {
      source_ = *source;
    }
    return source;
  }

  const std::string name_;
  const std::vector<SourceParameter> parameters_;
  const OpenSource open_;
  Mutex mutex_;
  std::shared_ptr<Source> source_ STRATA_GUARDED_BY(mutex_);
  Error last_error_ STRATA_GUARDED_BY(mutex_);
  bool is_opening_ STRATA_GUARDED_BY(mutex_) = false;
  bool is_closed_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::shared_ptr<Source> waiting_source(std::string name, std::vector<SourceParameter> parameters,
                                       Error first_error, OpenSource open) {
  return std::make_shared<WaitingSource>(std::move(name), std::move(parameters),
                                         std::move(first_error), std::move(open));
}

}  // namespace strata::internal
