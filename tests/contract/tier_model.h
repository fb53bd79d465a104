// The contract of Tier against a model that remembers everything.
//
// Random calls over few keys and labels. The promise has directions, and so has the comparison:
//   invalidated in the model  =>  not served                          always
//   served                    =>  the value that the model holds      always
//   the model must refuse     =>  refused                             always
//   in the model              =>  served: the tier is large enough to forget nothing
// Every few steps, a tier that keeps its records is closed and made again.
#pragma once

#include <algorithm>
#include <map>
#include <optional>

#include "contract/tier_fixture.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::contract {

class TierModel {
 public:
  struct Held {
    std::string value;
    std::vector<LabelId> labels;  // all that it carries
    Instant kept_until = kNever;
  };

  std::map<std::string, Held> held;

  [[nodiscard]] bool must_refuse(const std::vector<LabelId>& labels, Ticket ticket) const {
    if (ticket < cleared_) return true;
    return std::any_of(labels.begin(), labels.end(), [&](LabelId label) {
      const auto last = last_.find(label);
      return last != last_.end() && last->second > ticket;
    });
  }

  void invalidate(const Labels& labels, Ticket now) {
    for (const Label& label : labels) {
      if (label.kind() == LabelKind::kAll) {
        cleared_ = now;
        held.clear();
        continue;
      }
      last_[label.id()] = now;
      std::erase_if(held, [&](const auto& entry) {
        const std::vector<LabelId>& carried = entry.second.labels;
        return std::find(carried.begin(), carried.end(), label.id()) != carried.end();
      });
    }
  }

 private:
  std::map<LabelId, Ticket> last_;
  Ticket cleared_{};
};

class TierModelTest : public TierContract {
 protected:
  static constexpr std::size_t kKeys = 6;

  void run(testkit::Random& random) {
    start({});
    model_ = {};
    tickets_ = {tier->position()};
    for (int step = 0; step < 120; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      take_step(random);
      if (random.one_in(3)) compare();
      if (HasFatalFailure()) return;
    }
    // The next seed begins with an empty tier, whatever this one leaves.
    tier->invalidate({{everything()}});
  }

 private:
  std::string key_name(testkit::Random& random) {
    return "k" + std::to_string(random.below(kKeys));
  }

  Label label(testkit::Random& random) {
    if (random.one_in(12)) return everything();
    if (random.one_in(4)) return keyspace(random.one_in(2) ? "s1" : "s2");
    if (random.one_in(3)) return key_label(key_name(random));
    return tag("t" + std::to_string(random.below(4)));
  }

  void take_step(testkit::Random& random) {
    switch (random.below(12)) {
      case 0:
      case 1: {
        Labels labels;
        for (std::uint64_t more = random.below(4); more > 0; --more)
          labels.push_back(label(random));
        const InvalidateOutcome outcome = invalidate(labels);
        model_.invalidate(labels, outcome.position);
        return;
      }
      case 2:
        tickets_.push_back(tier->position());
        return;
      case 3:
        clock->advance(seconds(random.below(90)));
        return;
      case 4:
        return touch(random);
      case 5:
        if (random.one_in(4)) (void)tier->remove_expired({}).value();
        if (random.one_in(6) && GetParam().is_kept) reopen();
        return;
      case 6:
      case 7:
        return put_or_erase(random);
      default:
        return fill_one(random);
    }
  }

  Record offered(testkit::Random& random, TierModel::Held& held) {
    RecordSpec spec{.key = key_name(random), .value = std::to_string(++values_)};
    if (!random.one_in(3)) spec.group = {keyspace(random.one_in(2) ? "s1" : "s2"), source("db")};
    for (std::uint64_t more = random.below(3); more > 0; --more) {
      spec.labels.push_back(random.one_in(3) ? key_label(key_name(random))
                                             : tag("t" + std::to_string(random.below(4))));
    }
    if (random.one_in(3)) spec.keep_for = seconds(random.below(200));
    held = {.value = spec.value, .labels = {key_label(spec.key).id()}};
    if (spec.keep_for != kForever) held.kept_until = saturating_add(clock->now(), spec.keep_for);
    for (const Labels* labels : {&spec.group, &spec.labels}) {
      for (const Label& carried : *labels) held.labels.push_back(carried.id());
    }
    return make_record(spec);
  }

  void fill_one(testkit::Random& random) {
    TierModel::Held held;
    const Record record = offered(random, held);
    const Ticket ticket = tickets_[random.below(tickets_.size())];
    const FillOutcome outcome = settled(tier->fill(record, ticket, {}).value());
    const bool refuses = model_.must_refuse(held.labels, ticket);
    ASSERT_EQ(outcome, refuses ? FillOutcome::kRefused : FillOutcome::kStored);
    if (!refuses) model_.held[record.key_text] = held;
  }

  void put_or_erase(testkit::Random& random) {
    TierModel::Held held;
    const Record record = offered(random, held);
    const Ticket ticket = random.one_in(2) ? tier->position() : tickets_.back();
    const bool erases = random.one_in(4);
    const FillOutcome outcome =
        tier->put(key_ref(record.key_text), erases ? nullptr : &record, ticket, {}).value();
    settled(0);
    const bool refuses = model_.must_refuse(held.labels, ticket);
    model_.invalidate({key_label(record.key_text)}, tier->position());
    if (erases) return;
    ASSERT_EQ(outcome, refuses ? FillOutcome::kRefused : FillOutcome::kStored);
    if (!refuses) model_.held[record.key_text] = held;
  }

  void touch(testkit::Random& random) {
    const std::string key = key_name(random);
    const Duration keep_for = seconds(random.below(300));
    const auto held = model_.held.find(key);
    const bool is_there = held != model_.held.end() && held->second.kept_until > clock->now();
    ASSERT_EQ(settled(tier->touch(key_ref(key), lifetime(keep_for, keep_for), {}).value()),
              is_there);
    if (is_there) held->second.kept_until = saturating_add(clock->now(), keep_for);
  }

  void reopen() {
    start({});
    // Tickets mean nothing to the tier of another time.
    tickets_ = {tier->position()};
  }

  void compare() {
    for (std::size_t i = 0; i < kKeys; ++i) {
      const std::string key = "k" + std::to_string(i);
      const auto held = model_.held.find(key);
      const bool is_there = held != model_.held.end() && held->second.kept_until > clock->now();
      ASSERT_EQ(value(key), is_there ? held->second.value : "-") << key;
    }
  }

  TierModel model_;
  std::vector<Ticket> tickets_;
  std::uint64_t values_ = 0;
};

TEST_P(TierModelTest, AgreesWithAModelThatRemembersEverything) {
  testkit::for_each_seed(60, [this](testkit::Random& random) { run(random); });
}

}  // namespace strata::contract
