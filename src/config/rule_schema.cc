// The rows of the table about events: the journal, types, rules, cascades and outboxes.
#include <array>
#include <cstdint>

#include "config/schema.h"
#include "config/setting_rows.h"
#include "strata/config/settings.h"
#include "strata/core/limits.h"

namespace strata::internal {
namespace {

constexpr std::int64_t kPriorityEnd = 1'000'000;
constexpr std::int64_t kLongestAbsence = 3650 * kDay;

template <auto... Path>
Setting texts(std::string_view name, std::string_view meaning) {
  return make_setting<Path...>(name, SettingType::kTextList, {}, meaning);
}

}  // namespace

std::span<const Setting> journal_settings() {
  using Journal = CauseJournalOptions;
  constexpr Range kRecords = {0, static_cast<std::int64_t>(limits::kJournalRecords)};
  static const std::array kRows = {
      integer<&Journal::removals>(
          "removals", kRecords,
          "How many removals of values are remembered for explanations; 0 remembers none"),
      integer<&Journal::causes>(
          "causes", kRecords,
          "How many invalidations, events and other causes are remembered; 0 remembers none"),
  };
  return kRows;
}

std::span<const Setting> type_settings() {
  static const std::array kRows = {
      required("[id, project_id, status]",
               texts<&TypeFields::fields>(
                   "fields", "The fields that events of the type have; rules may name no others")),
  };
  return kRows;
}

std::span<const Setting> rule_settings() {
  static const std::array kRows = {
      required("[write issue, delete issue]",
               texts<&Rule::on>("on", "The events that it is for, each as a word and a type")),
      text<&Rule::when>("when", "A condition on the event's fields; empty: always"),
      texts<&Rule::invalidate>("invalidate", "Labels that are no longer true"),
      texts<&Rule::expire>("expire",
                           "Labels whose values may be served stale, where that is allowed"),
      integer<&Rule::priority>("priority", {-kPriorityEnd, kPriorityEnd},
                               "Higher ones come first, equal ones in the order of the text"),
      boolean<&Rule::enabled>("enabled", "Use it; false only checks it"),
  };
  return kRows;
}

std::span<const Setting> cascade_settings() {
  static const std::array kRows = {
      required("project", text<&Cascade::from>("from", "The type whose writes have an effect")),
      required("issue", text<&Cascade::to>("to", "The type whose values they make wrong")),
      required(
          "\"project:{id}\"",
          text<&Cascade::label>("label", "The label that those values carry, made of the item")),
  };
  return kRows;
}

std::span<const Setting> outbox_settings() {
  using Outbox = OutboxSettings;
  using Options = OutboxRelayOptions;
  constexpr auto kIn = &Outbox::options;
  static const std::array kRows = {
      required("orders.db",
               text<kIn, &Options::database>(
                   "database",
                   "The database; a relative path starts at the folder of this configuration",
                   check_not_empty)),
      duration<kIn, &Options::poll>("poll", {kMillisecond, 3600 * kSecond},
                                    "How long after a look at the database the next one is"),
      integer<kIn, &Options::batch_rows>("batch_rows",
                                         {1, static_cast<std::int64_t>(limits::kOutboxBatchRows)},
                                         "How many changes are read at a time"),
      duration<kIn, &Options::busy_timeout>("busy_timeout", {0, 3600 * kSecond},
                                            "How long a look waits for locks of other programs"),
      duration<kIn, &Options::reader_timeout>(
          "reader_timeout", {kSecond, kLongestAbsence},
          "How long changes are kept for a reader that is away"),
      boolean<&Outbox::enabled>("enabled", "Read it"),
  };
  return kRows;
}

}  // namespace strata::internal
