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
    Instant fresh_until = kNever;
    Instant kept_until = kNever;
    // Two expires that the tier carries out at once count as the first, for which the record may
    // be too new: then it is kept shorter, but at least until here.
    Instant kept_at_least = kNever;
    [[nodiscard]] bool carries_any(const Labels& changed) const {
      return std::any_of(changed.begin(), changed.end(), [&](const Label& label) {
        return label.kind() == LabelKind::kAll ||
               std::find(labels.begin(), labels.end(), label.id()) != labels.end();
      });
    }
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
    raise(labels, now);
    std::erase_if(held, [&](const auto& entry) { return entry.second.carries_any(labels); });
  }

  // `is_exact`: nothing else is under way in the tier.
  void expire(const Labels& labels, Ticket now, Instant time, bool is_exact) {
    raise(labels, now);
    for (auto& [key, entry] : held) {
      if (!entry.carries_any(labels) || entry.fresh_until <= time) continue;
      const Duration kept = entry.kept_until > entry.fresh_until
                                ? between(entry.fresh_until, entry.kept_until)
                                : Duration(0);
      entry.fresh_until = time;
      entry.kept_until = saturating_add(time, kept);
      entry.kept_at_least = is_exact ? entry.kept_until : Instant{};
    }
  }

 private:
  void raise(const Labels& labels, Ticket now) {
    for (const Label& label : labels) {
      if (label.kind() == LabelKind::kAll) cleared_ = now;
      last_[label.id()] = now;
    }
  }

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
    switch (random.below(14)) {
      case 0:
      case 1: {
        Labels labels;
        for (std::uint64_t more = random.below(4); more > 0; --more)
          labels.push_back(label(random));
        const InvalidateOutcome outcome = invalidate(labels);
        model_.invalidate(labels, outcome.position);
        return;
      }
      case 12:
      case 13: {
        Labels labels;
        for (std::uint64_t more = random.below(3); more > 0; --more)
          labels.push_back(label(random));
        // Unless every call is committed, some have something of one before it under way.
        const bool is_exact = GetParam().commits_every_call || random.one_in(2);
        if (is_exact) tier->flush({}).value();
        const InvalidateOutcome outcome = settled(tier->expire(labels));
        model_.expire(labels, outcome.position, clock->now(), is_exact);
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
    if (random.one_in(2)) spec.fresh_for = seconds(random.below(200));
    if (random.one_in(2)) spec.keep_for = saturating_add(spec.fresh_for, seconds(random.below(99)));
    held = {.value = spec.value, .labels = {key_label(spec.key).id()}};
    held.fresh_until = saturating_add(clock->now(), std::min(spec.fresh_for, spec.keep_for));
    held.kept_until = held.kept_at_least = saturating_add(clock->now(), spec.keep_for);
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
    const Duration fresh_for = random.one_in(2) ? keep_for : keep_for / 2;
    const bool is_there = held != model_.held.end() && held->second.kept_until > clock->now();
    const bool may_be_gone = is_there && held->second.kept_at_least <= clock->now();
    const bool touched =
        settled(tier->touch(key_ref(key), lifetime(fresh_for, keep_for), {}).value());
    ASSERT_TRUE(touched == is_there || (may_be_gone && !touched)) << key;
    if (!touched) model_.held.erase(key);
    if (!touched) return;
    held->second.fresh_until = saturating_add(clock->now(), fresh_for);
    held->second.kept_until = held->second.kept_at_least = saturating_add(clock->now(), keep_for);
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
      const std::optional<Record> found = record(key);
      const bool may_be_gone = is_there && held->second.kept_at_least <= clock->now();
      ASSERT_TRUE(found.has_value() == is_there || (may_be_gone && !found)) << key;
      if (!found) continue;
      ASSERT_EQ(found->payload, held->second.value) << key;
      const Remaining left =
          remaining(found->lifetime, clock->now(), clock->wall_now(), clock->boot_id());
      ASSERT_EQ(left.fresh > Duration::zero(), clock->now() < held->second.fresh_until) << key;
      ASSERT_LE(left.kept, between(clock->now(), held->second.kept_until)) << key;
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
