#include <map>
#include <mutex>

#include "contract/source_contract.h"
#include "strata/load/guarded_source.h"
#include "strata/sources/function_source.h"

namespace strata::testkit {
namespace {

// A map and a version number, as a repository behind a function would be.
class FunctionWorld : public SourceWorld {
 public:
  std::shared_ptr<Source> make_source(std::shared_ptr<Clock> clock) override {
    const SourceParameter id{.name = "id", .required = true, .default_value = ""};
    const SourceParameter language{.name = "language", .required = false, .default_value = "en"};
    return function_source(
               "contract", {id, language},
               [this](const SourceRequest& request) { return find(request); }, std::move(clock))
        .value();
  }

  void set(const std::string& id, const std::string& language, const std::string& text) override {
    const std::lock_guard lock(mutex_);
    values_[{id, language}] = {text, ++versions_};
  }
  void remove(const std::string& id, const std::string& language) override {
    const std::lock_guard lock(mutex_);
    values_.erase({id, language});
  }
  void set_broken(bool is_broken) override {
    const std::lock_guard lock(mutex_);
    is_broken_ = is_broken;
  }
  void hang() override { FAIL() << "a function cannot be interrupted"; }
  void wait_until_hanging() override { FAIL() << "a function cannot be interrupted"; }

 private:
  struct Value {
    std::string text;
    int version = 0;
  };

  SourceReply find(const SourceRequest& request) {
    const std::lock_guard lock(mutex_);
    if (is_broken_) throw std::runtime_error("the database is gone");
    std::map<std::string, std::string> params(request.params.begin(), request.params.end());
    const auto found = values_.find({params.at("id"), params.at("language")});
    SourceReply reply;
    if (found == values_.end()) {
      reply.status = SourceReply::Status::kAbsent;
      return reply;
    }
    reply.version = std::to_string(found->second.version);
    if (request.known_version == reply.version) {
      reply.status = SourceReply::Status::kNotModified;
    } else {
      reply.body = found->second.text;
    }
    return reply;
  }

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Value> values_;
  int versions_ = 0;
  bool is_broken_ = false;
};

std::unique_ptr<SourceWorld> function_world() { return std::make_unique<FunctionWorld>(); }

INSTANTIATE_TEST_SUITE_P(Function, SourceContract, testing::Values(function_world));
INSTANTIATE_TEST_SUITE_P(Function, VersionedSourceContract, testing::Values(function_world));

// The same behind a guard: one call at a time, and a breaker that a broken database does not open
// in so few calls.
class GuardedWorld final : public FunctionWorld {
 public:
  std::shared_ptr<Source> make_source(std::shared_ptr<Clock> clock) override {
    return std::make_shared<GuardedSource>(
        FunctionWorld::make_source(clock),
        SourceGuardOptions{.breaker = {.failures = 100}, .max_concurrent = 1}, clock);
  }
};

std::unique_ptr<SourceWorld> guarded_world() { return std::make_unique<GuardedWorld>(); }

INSTANTIATE_TEST_SUITE_P(Guarded, SourceContract, testing::Values(guarded_world));
INSTANTIATE_TEST_SUITE_P(Guarded, VersionedSourceContract, testing::Values(guarded_world));

}  // namespace
}  // namespace strata::testkit
