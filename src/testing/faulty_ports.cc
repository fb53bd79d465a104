// The smaller ports: source, executor, timer, random numbers, clock, memory of the machine, log.
#include <atomic>
#include <utility>

#include "strata/testing/with_faults.h"

namespace strata {
namespace {

// Whether a call that cannot throw is to fail.
bool fails_quietly(FaultPlan& plan, std::string_view call) {
  std::optional<Fault> fault = plan.next(call);
  if (!fault) return false;
  if (fault->effect == FaultEffect::kThrow) fault->effect = FaultEffect::kError;
  return plan.carry_out(*fault).has_value();
}

class FaultySource final : public Source {
 public:
  FaultySource(std::shared_ptr<Source> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)),
        plan_(std::move(plan)),
        fetch_(std::string(inner_->name()) + ".fetch") {}

  [[nodiscard]] std::string_view name() const override { return inner_->name(); }
  [[nodiscard]] const std::vector<SourceParameter>& parameters() const override {
    return inner_->parameters();
  }
  [[nodiscard]] Result<SourceReply> fetch(const SourceRequest& request) override {
    const std::optional<Fault> fault = plan_->next(fetch_);
    if (!fault) return inner_->fetch(request);
    if (fault->effect == FaultEffect::kLostAnswer) {
      (void)inner_->fetch(request);
      return fault->error;
    }
    if (fault->effect == FaultEffect::kThrow) return fault->error;
    const Instant before = plan_->now();
    if (auto error = plan_->carry_out(*fault)) return *error;
    if (before < request.deadline.at && plan_->now() >= request.deadline.at) {
      return Error{ErrorCode::kDeadlineExceeded, fetch_ + " took too long", {}};
    }
    return inner_->fetch(request);
  }
  void close() override { inner_->close(); }

 private:
  const std::shared_ptr<Source> inner_;
  const SharedFaultPlan plan_;
  const std::string fetch_;
};

class FaultyExecutor final : public Executor {
 public:
  FaultyExecutor(std::shared_ptr<Executor> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  [[nodiscard]] bool post(std::function<void()> task) override {
    return !plan_->fail("executor.post") && inner_->post(std::move(task));
  }
  void close() override { inner_->close(); }

 private:
  const std::shared_ptr<Executor> inner_;
  const SharedFaultPlan plan_;
};

class FaultyTimer final : public Timer {
 public:
  FaultyTimer(std::shared_ptr<Timer> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  [[nodiscard]] bool schedule(Instant at, std::function<void()> task) override {
    return !plan_->fail("timer.schedule") && inner_->schedule(at, std::move(task));
  }
  void close() override { inner_->close(); }

 private:
  const std::shared_ptr<Timer> inner_;
  const SharedFaultPlan plan_;
};

class FaultyRandom final : public Random {
 public:
  FaultyRandom(std::shared_ptr<Random> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  [[nodiscard]] std::uint64_t next() override {
    if (fails_quietly(*plan_, "random.next")) return last_.load();
    const std::uint64_t number = inner_->next();
    last_ = number;
    return number;
  }

 private:
  const std::shared_ptr<Random> inner_;
  const SharedFaultPlan plan_;
  std::atomic<std::uint64_t> last_{0};
};

// Both clocks are ahead of those inside by what they have jumped so far.
class FaultyClock final : public Clock {
 public:
  FaultyClock(std::shared_ptr<Clock> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  [[nodiscard]] Instant now() const override {
    const Duration jump = jump_of("clock.now");
    if (jump > Duration::zero()) ahead_ns_ += jump.count();
    return saturating_add(inner_->now(), Duration(ahead_ns_.load()));
  }
  [[nodiscard]] Instant coarse_now() const override {
    return saturating_add(inner_->coarse_now(), Duration(ahead_ns_.load()));
  }
  [[nodiscard]] WallTime wall_now() const override {
    constexpr std::int64_t kNsPerMs = 1'000'000;
    wall_ahead_ms_ += jump_of("clock.wall_now").count() / kNsPerMs;
    return {inner_->wall_now().unix_ms + wall_ahead_ms_.load()};
  }
  [[nodiscard]] std::uint64_t boot_id() const override { return inner_->boot_id(); }

 private:
  [[nodiscard]] Duration jump_of(std::string_view call) const {
    const std::optional<Fault> fault = plan_->next(call);
    if (fault && fault->effect == FaultEffect::kHang) (void)plan_->carry_out(*fault);
    return fault && fault->effect == FaultEffect::kDelay ? fault->by : Duration(0);
  }

  const std::shared_ptr<Clock> inner_;
  const SharedFaultPlan plan_;
  mutable std::atomic<std::int64_t> ahead_ns_{0};
  mutable std::atomic<std::int64_t> wall_ahead_ms_{0};
};

class FaultyMemory final : public MachineMemory {
 public:
  FaultyMemory(std::shared_ptr<MachineMemory> inner, SharedFaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  [[nodiscard]] Result<MemoryReading> read() const override {
    std::optional<Fault> fault = plan_->next("memory.read");
    if (!fault) return inner_->read();
    if (fault->effect == FaultEffect::kThrow) return fault->error;
    if (auto error = plan_->carry_out(*fault)) return *error;
    return inner_->read();
  }
  void give_back() override { inner_->give_back(); }

 private:
  const std::shared_ptr<MachineMemory> inner_;
  const SharedFaultPlan plan_;
};

}  // namespace

std::shared_ptr<Source> with_faults(std::shared_ptr<Source> source, SharedFaultPlan plan) {
  return std::make_shared<FaultySource>(std::move(source), std::move(plan));
}

std::shared_ptr<Executor> with_faults(std::shared_ptr<Executor> executor, SharedFaultPlan plan) {
  return std::make_shared<FaultyExecutor>(std::move(executor), std::move(plan));
}

std::shared_ptr<Timer> with_faults(std::shared_ptr<Timer> timer, SharedFaultPlan plan) {
  return std::make_shared<FaultyTimer>(std::move(timer), std::move(plan));
}

std::shared_ptr<Random> with_faults(std::shared_ptr<Random> random, SharedFaultPlan plan) {
  return std::make_shared<FaultyRandom>(std::move(random), std::move(plan));
}

std::shared_ptr<Clock> with_faults(std::shared_ptr<Clock> clock, SharedFaultPlan plan) {
  return std::make_shared<FaultyClock>(std::move(clock), std::move(plan));
}

std::shared_ptr<MachineMemory> with_faults(std::shared_ptr<MachineMemory> machine,
                                           SharedFaultPlan plan) {
  return std::make_shared<FaultyMemory>(std::move(machine), std::move(plan));
}

LogSink with_faults(LogSink log, SharedFaultPlan plan) {
  return [log = std::move(log), plan = std::move(plan)](LogLevel level, std::string_view message) {
    if (log && !fails_quietly(*plan, "log.write")) log(level, message);
  };
}

}  // namespace strata
