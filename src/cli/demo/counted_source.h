// CountedSource: a source that counts how often it is asked.
//
// Threads   Thread-safe if the inner source is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/ports/source.h"

namespace strata::demo {

class CountedSource final : public Source {
 public:
  explicit CountedSource(std::shared_ptr<Source> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] std::string_view name() const override { return inner_->name(); }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return inner_->parameters();
  }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override {
    ++calls_;
    return inner_->fetch(request);
  }
  void close() override { inner_->close(); }

  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  const std::shared_ptr<Source> inner_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace strata::demo
