// The contract of HotTier against a model that remembers everything.
//
// Random calls over few keys, labels and groups. The promise has directions, and so has the
// comparison:
//   invalidated in the model  =>  not served                          always
//   served                    =>  the value that the model holds       always
//   the model must refuse     =>  refused                              always
//   refused                   =>  the model refuses, or the ticket is older than the labels that
//                                 the tier can remember
//   in the model, kept        =>  served, unless the tier may evict, or its tenant has a quota
//   held by a tenant          <=  its quota                            always
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "contract/hot_tier_fixture.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::contract {

class HotTierModel {
 public:
  struct Held {
    std::uint64_t value = 0;
    std::vector<LabelId> labels;  // all that it carries
    Instant fresh_until;
    Instant keep_until;
    [[nodiscard]] bool carries(const Label& label) const {
      return label.kind() == LabelKind::kAll ||
             std::find(labels.begin(), labels.end(), label.id()) != labels.end();
    }
  };

  std::uint64_t now = 0;  // the number of the last invalidation

  [[nodiscard]] bool must_refuse(const std::vector<LabelId>& labels, std::uint64_t ticket) const {
    if (ticket < cleared_) return true;
    return std::any_of(labels.begin(), labels.end(), [&](LabelId label) {
      const auto last = last_.find(label);
      return last != last_.end() && last->second > ticket;
    });
  }

  void invalidate(const Labels& labels) {
    raise(labels);
    for (const Label& label : labels) {
      std::erase_if(held, [&](const auto& entry) { return entry.second.carries(label); });
    }
  }

  // Returns how many were fresh until then.
  std::uint64_t expire(const Labels& labels, Instant time) {
    raise(labels);
    std::uint64_t ended = 0;
    for (auto& pair : held) {
      auto& entry = pair.second;
      const bool concerned = std::any_of(labels.begin(), labels.end(),
                                         [&](const Label& label) { return entry.carries(label); });
      if (!concerned || entry.fresh_until <= time) continue;
      ++ended;
      const bool is_kept = entry.keep_until > entry.fresh_until;
      const Duration kept = is_kept ? between(entry.fresh_until, entry.keep_until) : Duration(0);
      entry.fresh_until = time;
      entry.keep_until = saturating_add(time, kept);
    }
    return ended;
  }

  std::map<std::string, Held> held;

 private:
  void raise(const Labels& labels) {
    ++now;
    for (const Label& label : labels) {
      if (label.kind() == LabelKind::kAll) cleared_ = now;
      last_[label.id()] = now;
    }
  }

  std::map<LabelId, std::uint64_t> last_;
  std::uint64_t cleared_ = 0;
};

// One run: a tier, its model, and what is known of both.
class HotTierModelRun {
 public:
  HotTierModelRun(HotTier& tier, ManualClock& clock, testkit::Random& random,
                  const HotTierSetup& setup)
      : tier_(tier), clock_(clock), random_(random), setup_(setup) {}

  void step() {
    switch (random_.below(19)) {
      case 0:
      case 1:
        return invalidate();
      case 2:
        return erase();
      case 3:
        return pass_time();
      case 4:
      case 5:
        return put();
      case 16:
      case 17:
        return expire();
      case 18:
        return set_quota();
      case 6:
        tickets_.push_back(number(tier_.position()));
        return;
      default:
        return fill();
    }
  }

  void compare() {
    for (std::size_t i = 0; i < kKeys; ++i) {
      const std::string key = key_of(i);
      const EntryRef entry = tier_.get(key_ref(key));
      const auto model = model_.held.find(key);
      const bool kept = model != model_.held.end() && model->second.keep_until > clock_.now();
      if (entry) {
        ASSERT_TRUE(kept) << key << " is served, but was invalidated or expired";
        ASSERT_EQ(entry->value<std::uint64_t>(), model->second.value) << key;
        ASSERT_EQ(entry->fresh_until(), model->second.fresh_until) << key;
        ASSERT_EQ(entry->keep_until(), model->second.keep_until) << key;
      } else {
        ASSERT_TRUE(!kept || may_evict(model->second)) << key << " is lost";
      }
    }
    ASSERT_EQ(number(tier_.position()), model_.now);
    const TierStats stats = tier_.stats();
    ASSERT_TRUE(setup_.max_entries == 0 || stats.entries <= setup_.max_entries);
    ASSERT_LE(stats.bytes, setup_.max_bytes);
    for (const TenantUse& use : tier_.tenants().tenants) {
      ASSERT_TRUE(use.quota.max_entries == 0 || use.entries <= use.quota.max_entries) << use.name;
    }
  }

 private:
  static constexpr std::size_t kKeys = 6;
  static std::string key_of(std::size_t index) { return "k" + std::to_string(index); }

  [[nodiscard]] bool may_evict() const { return setup_.max_entries != 0 || setup_.has_quotas; }
  [[nodiscard]] bool may_evict(const HotTierModel::Held& held) const {
    return setup_.max_entries != 0 || (setup_.has_quotas && held.carries(tenant("x")));
  }

  Label random_label() {
    switch (random_.below(14)) {
      case 0:
        return everything();
      case 1:
      case 2:
        return keyspace(random_.one_in(2) ? "x" : "y");
      case 3:
        return source("s");
      case 4:
      case 5:
      case 6:
        return key_label(key_of(random_.below(kKeys)));
      default:
        return tag("t" + std::to_string(random_.below(4)));
    }
  }

  // A ticket of now, or one that was taken a while ago, or one from nowhere.
  std::uint64_t random_ticket() {
    if (random_.one_in(2)) return model_.now;
    if (tickets_.empty() || random_.one_in(4)) return random_.between(0, model_.now);
    return random_.pick(tickets_);
  }

  struct Offer {
    EntryRef entry;
    HotTierModel::Held held;
  };
  Offer random_offer(const std::string& key) {
    Offer offer;
    offer.held.value = ++last_value_;
    offer.held.fresh_until =
        random_.one_in(2) ? saturating_add(clock_.now(), Duration(random_.between(1, 20))) : kNever;
    offer.held.keep_until = offer.held.fresh_until;
    if (random_.one_in(2)) {
      offer.held.keep_until = random_.one_in(4) ? kNever
                                                : saturating_add(offer.held.fresh_until,
                                                                 Duration(random_.between(1, 20)));
    }
    const LabelGroup* group = random_.pick(groups_);
    Labels labels;
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      const Label label = random_label();
      if (label.kind() != LabelKind::kAll) labels.push_back(label);
    }
    offer.entry = Entry::make<std::uint64_t>(key_ref(key), offer.held.value);
    offer.entry->set_labels(labels);
    offer.entry->set_group(group);
    offer.entry->set_times(offer.held.fresh_until, offer.held.keep_until);

    if (group != nullptr) labels.insert(labels.end(), group->labels.begin(), group->labels.end());
    labels.push_back(key_label(key));
    offer.held.labels = ids_of(labels);
    return offer;
  }

  void check_outcome(FillOutcome outcome, bool must_refuse, std::uint64_t ticket) {
    ASSERT_NE(outcome, FillOutcome::kDeclined);
    if (must_refuse) {
      ASSERT_EQ(outcome, FillOutcome::kRefused) << "with ticket " << ticket;
    } else if (outcome == FillOutcome::kRefused) {
      // A table of n labels remembers at least the last n/2 of them, a few an invalidation.
      ASSERT_LT(ticket + setup_.remembered_labels / kLabelsMax / 2, model_.now);
    }
  }

  void fill() {
    const std::string key = key_of(random_.below(kKeys));
    const std::uint64_t ticket = random_ticket();
    Offer offer = random_offer(key);
    const bool must_refuse = model_.must_refuse(offer.held.labels, ticket);
    ASSERT_EQ(must_refuse && tier_.invalidated_after(*offer.entry, Ticket{ticket}), must_refuse);
    const FillOutcome outcome = tier_.fill(std::move(offer.entry), Ticket{ticket});
    check_outcome(outcome, must_refuse, ticket);
    if (outcome == FillOutcome::kStored) model_.held[key] = offer.held;
  }

  void put() {
    const std::string key = key_of(random_.below(kKeys));
    const std::uint64_t ticket = random_ticket();
    Offer offer = random_offer(key);
    const bool must_refuse = model_.must_refuse(offer.held.labels, ticket);
    const FillOutcome outcome =
        tier_.put(key_ref(key), std::move(offer.entry), Ticket{ticket}, RemovalCause::kReplaced);
    check_outcome(outcome, must_refuse, ticket);
    model_.invalidate({key_label(key)});
    if (outcome == FillOutcome::kStored) model_.held[key] = offer.held;
  }

  void erase() {
    const std::string key = key_of(random_.below(kKeys));
    tier_.put(key_ref(key), EntryRef(), tier_.position(), RemovalCause::kErased);
    model_.invalidate({key_label(key)});
  }

  void invalidate() {
    Labels labels;
    for (std::uint64_t i = random_.between(1, kLabelsMax); i > 0; --i) {
      labels.push_back(random_label());
    }
    // Clearing is one label among many, and would leave nothing to look at.
    if (!random_.one_in(3)) {
      std::erase_if(labels, [](const Label& label) { return label.kind() == LabelKind::kAll; });
    }
    const InvalidateOutcome outcome = tier_.invalidate(labels);
    const std::size_t before = model_.held.size();
    model_.invalidate(labels);
    ASSERT_EQ(number(outcome.position), model_.now);
    ASSERT_LE(outcome.removed.value_or(0), before - model_.held.size());
  }

  void expire() {
    Labels labels;
    for (std::uint64_t i = random_.between(1, kLabelsMax); i > 0; --i) {
      labels.push_back(random_label());
    }
    const InvalidateOutcome outcome = tier_.expire(labels);
    const std::uint64_t ended = model_.expire(labels, clock_.now());
    ASSERT_EQ(number(outcome.position), model_.now);
    ASSERT_LE(outcome.removed.value_or(0), ended);
    ASSERT_TRUE(may_evict() || outcome.removed.value_or(ended) == ended);
  }

  void pass_time() {
    clock_.advance(Duration(random_.below(10)));
    if (random_.one_in(3)) tier_.remove_expired();
  }

  void set_quota() {
    if (!setup_.has_quotas) return;
    ASSERT_TRUE(tier_.set_quota("x", {.max_entries = random_.below(4)}).ok());
  }

  static constexpr std::size_t kLabelsMax = 3;  // in one invalidation

  HotTier& tier_;
  ManualClock& clock_;
  testkit::Random& random_;
  const HotTierSetup setup_;
  HotTierModel model_;
  std::vector<std::uint64_t> tickets_;
  std::uint64_t last_value_ = 0;
  inline static const LabelGroup x_group_{{keyspace("x"), tenant("x"), source("s")}};
  inline static const LabelGroup y_group_{{keyspace("y"), source("s")}};
  std::array<const LabelGroup*, 3> groups_{nullptr, &x_group_, &y_group_};
};

TEST_P(HotTierContract, AgreesWithAModelThatRemembersEverything) {
  constexpr int kSteps = 400;
  testkit::for_each_seed(60, [&](testkit::Random& random) {
    HotTierSetup setup;
    if (random.one_in(3)) setup.max_entries = random.between(1, 4);
    setup.has_quotas = random.one_in(3);
    if (random.one_in(3)) setup.remembered_labels = random.between(2, 40);
    start(setup);
    tier->set_removal_listener(nullptr);  // These values are no strings.
    HotTierModelRun run(*tier, *clock, random, setup);
    for (int step = 0; step < kSteps; ++step) {
      SCOPED_TRACE(testing::Message() << "at step " << step);
      run.step();
      run.compare();
      if (HasFatalFailure()) return;
      if (step % 16 == 0) tier->check_invariants();
    }
    tier->check_invariants();
  });
}

}  // namespace strata::contract
