// Puts the cache together, reads through it, and invalidates.
#include "cli/demo/front.h"

#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "cli/demo/counted_source.h"
#include "cli/demo/places_origin.h"
#include "core/assert.h"
#include "strata/config/open.h"
#include "strata/http_source/http_source.h"
#include "strata/sources/sqlite_query_source.h"

namespace strata::demo {
namespace {

constexpr std::string_view kPackages = "packages";  // the HTTP source
constexpr std::string_view kPlaces = "places";      // the SQL source
constexpr Duration kTtl = std::chrono::hours(1);

Params place_params(const PlaceRow& row) {
  return {{"country", row.country_code}, {"zone", row.zone}};
}

// Asks the HTTP origin for /<folder>/<name>, and tells the load what it answered about the value.
Result<SourceReply> ask(Source& origin, std::string_view folder, const std::string& name,
                        Load& load) {
  SourceRequest request{.params = {{"folder", std::string(folder)}, {"name", name}},
                        .known_version = std::string(load.known_version()),
                        .known_last_modified = std::nullopt,
                        .deadline = load.deadline()};
  Result<SourceReply> reply = origin.fetch(request);
  if (!reply) return reply;
  load.version(reply->version);
  if (reply->status == SourceReply::Status::kNotModified) load.not_modified();
  return reply;
}

// The section is in the value: its tag is known only now, while the load runs.
Result<std::optional<Package>> load_package(Source& origin, const std::string& name, Load& load) {
  Result<SourceReply> reply = ask(origin, "packages", name, load);
  if (!reply) return reply.error();
  if (reply->status == SourceReply::Status::kAbsent) return std::optional<Package>();
  if (reply->status == SourceReply::Status::kNotModified) return std::optional<Package>(Package{});
  Result<Package> package = Codec<Package>::decode(reply->body);
  if (!package) return package.error();
  load.tag("section:" + package->section);
  return std::optional<Package>(std::move(*package));
}

Result<std::optional<std::string>> load_section(Source& origin, const std::string& name,
                                                Load& load) {
  Result<SourceReply> reply = ask(origin, "sections", name, load);
  if (!reply) return reply.error();
  if (reply->status == SourceReply::Status::kAbsent) return std::optional<std::string>();
  load.tag("section:" + name);
  return std::optional<std::string>(std::move(reply->body));
}

}  // namespace

std::string_view to_string(AnsweredBy by) {
  switch (by) {
    case AnsweredBy::kMemory:
      return "memory";
    case AnsweredBy::kSqlite:
      return "sqlite";
    case AnsweredBy::kHttpOrigin:
      return kPackages;
    case AnsweredBy::kSqlOrigin:
      return kPlaces;
    case AnsweredBy::kNobody:
      return "nobody";
  }
  return "";
}

struct Front::State {
  State(const Objects& the_objects, History& the_history, std::shared_ptr<Clock> the_clock,
        Cache the_cache, std::shared_ptr<Source> http, std::shared_ptr<CountedSource> sql)
      : objects(the_objects),
        history(the_history),
        clock(std::move(the_clock)),
        cache(std::move(the_cache)),
        http_origin(std::move(http)),
        places(std::move(sql)),
        packages(cache.keyspace<Package>(kPackageKeyspace)),
        live(cache.keyspace<Package>("live")),
        sections(cache.keyspace<std::string>("section")) {}

  // The answer but for its verdict and time.
  template <typename V>
  [[nodiscard]] Answer answer_of(const Lookup<V>& lookup, AnsweredBy origin) const {
    Answer answer;
    answer.past_ttl = lookup.outcome() == Outcome::kStaleHit;
    answer.confirmed = lookup.outcome() == Outcome::kRefreshed;
    if (!lookup.has_value()) {
      answer.error = lookup.has_error() ? lookup.error().message : "no value";
    } else if (lookup.tier().empty()) {
      answer.by = origin;
    } else {
      answer.by = lookup.tier() == "memory" ? AnsweredBy::kMemory : AnsweredBy::kSqlite;
    }
    return answer;
  }

  // Reads and judges. `stamp` tells which object a value is, and in which version.
  template <typename LookUp, typename StampOf>
  Answer check(ObjectId object, AnsweredBy origin, LookUp look_up, StampOf stamp) {
    const History::ReadStart start = history.read_begins(object);
    const auto lookup = look_up();
    const Duration took = between(start.at, clock->now());
    Answer answer = answer_of(lookup, origin);
    answer.took = took;
    if (lookup.has_value()) answer.verdict = judge(start, stamp(*lookup), answer.by);
    return answer;
  }
  Verdict judge(const History::ReadStart& start, const Stamp& stamp, AnsweredBy by) {
    const bool is_it = stamp.name == objects.name(start.object);
    return history.read_ended(start, is_it ? stamp.version : 0, to_string(by));
  }

  [[nodiscard]] auto package_loader(ObjectId object) const {
    return [origin = http_origin, name = std::string(objects.name(object))](Load& load) {
      return load_package(*origin, name, load);
    };
  }
  Answer read_package(Keyspace<Package>& keyspace, ObjectId object) {
    return check(
        object, AnsweredBy::kHttpOrigin,
        [&] { return keyspace.get_or_load(objects.name(object), package_loader(object)); },
        stamp_of_package);
  }
  static Stamp stamp_of_package(const Package& package) {
    return {.name = package.name, .version = package.version};
  }

  Result<void> finish(const InvalidationResult& result, const History::Covered& covered) {
    if (!result.ok()) return *result.error;
    history.invalidation_returned(covered);
    return {};
  }

  const Objects& objects;
  History& history;
  const std::shared_ptr<Clock> clock;
  Cache cache;
  const std::shared_ptr<Source> http_origin;
  const std::shared_ptr<CountedSource> places;
  Keyspace<Package> packages;
  Keyspace<Package> live;
  Keyspace<std::string> sections;
};

Front::Front(std::unique_ptr<State> state) : state_(std::move(state)) {}
Front::~Front() { close(); }

Result<std::unique_ptr<Front>> Front::open(const Objects& objects, History& history,
                                           const FrontOptions& options,
                                           std::shared_ptr<Clock> clock) {
  const std::string url =
      "http://127.0.0.1:" + std::to_string(options.http_port) + "/{folder}/{name}";
  Result<std::shared_ptr<Source>> http = http_source({.name = std::string(kPackages),
                                                      .url_template = url,
                                                      .allow_private = true,
                                                      .connections = options.connections},
                                                     clock);
  if (!http) return http.error();
  Result<std::shared_ptr<Source>> sql = sqlite_query_source({.name = std::string(kPlaces),
                                                             .path = options.places_path,
                                                             .sql = PlacesOrigin::kQuery,
                                                             .shape = QueryShape::kRow},
                                                            clock);
  if (!sql) return sql.error();
  auto places = std::make_shared<CountedSource>(std::move(*sql));

  const std::string source(kPackages);
  Result<Cache> cache =
      CacheBuilder()
          .name("demo")
          .memory({.max_entries = options.memory_entries})
          .sqlite({.path = options.cache_path})
          .clock(clock)
          .keyspace(std::string(kPackageKeyspace), {.ttl = kTtl, .source = source})
          .keyspace("section", {.ttl = kTtl, .source = source})
          .keyspace("live", {.ttl = kLiveTtl,
                             .ttl_jitter = 0,
                             .keep_for = kLiveKeepFor,
                             .retry_after = kLiveRetryAfter,
                             .source = source})
          .source(places, {.keyspace = {.ttl = kTtl}, .tags = {"country:{country}"}})
          .build();
  if (!cache) return cache.error();
  auto state = std::make_unique<State>(objects, history, std::move(clock), std::move(*cache),
                                       std::move(*http), std::move(places));
  if (Result<void> status = state->packages.status(); !status) return status.error();
  return std::unique_ptr<Front>(new Front(std::move(state)));
}

Answer Front::read(ObjectId object) {
  State& state = *state_;
  switch (state.objects.kind(object)) {
    case ObjectKind::kPackage:
      return state.read_package(state.packages, object);
    case ObjectKind::kSection:
      return state.check(
          object, AnsweredBy::kHttpOrigin,
          [&] {
            return state.sections.get_or_load(
                state.objects.name(object),
                [origin = state.http_origin, name = std::string(state.objects.name(object))](
                    Load& load) { return load_section(*origin, name, load); });
          },
          [](const std::string& body) { return stamp_of(body, "section"); });
    case ObjectKind::kPlace:
      break;
  }
  const Params params = place_params(state.objects.place(object));
  return state.check(
      object, AnsweredBy::kSqlOrigin, [&] { return state.cache.read(kPlaces, params); },
      [](const std::string& body) { return stamp_of(body, "zone"); });
}

Answer Front::read_live(ObjectId package) { return state_->read_package(state_->live, package); }

Front::Pending Front::start_reading(ObjectId package) {
  Pending pending;
  pending.front_ = this;
  pending.start_ = state_->history.read_begins(package);
  pending.lookup_ =
      state_->packages
          .get_or_load_async(state_->objects.name(package), state_->package_loader(package))
          .future();
  return pending;
}

Answer Front::Pending::wait() {
  const Lookup<Package> lookup = lookup_.get();
  State& state = *front_->state_;
  Answer answer = state.answer_of(lookup, AnsweredBy::kHttpOrigin);
  answer.took = between(start_.at, state.clock->now());
  if (lookup.has_value()) {
    answer.verdict = state.judge(start_, State::stamp_of_package(*lookup), answer.by);
  }
  return answer;
}

Result<void> Front::invalidate_key(ObjectId object) {
  State& state = *state_;
  const History::Covered covered =
      state.history.invalidation_begins(std::span(&object, 1), "by key");
  switch (state.objects.kind(object)) {
    case ObjectKind::kPackage: {
      // One invalidation of the key in both keyspaces that may hold it.
      const Result<Key> key =
          state.packages.key({.identifier = std::string(state.objects.name(object))});
      const Result<Key> live =
          state.live.key({.identifier = std::string(state.objects.name(object))});
      if (!key) return key.error();
      if (!live) return live.error();
      return state.finish(state.cache.invalidate({key->label(), live->label()}), covered);
    }
    case ObjectKind::kSection:
      return state.finish(state.sections.invalidate(state.objects.name(object)), covered);
    case ObjectKind::kPlace:
      break;
  }
  const Result<Key> key =
      state.cache.source_key(kPlaces, place_params(state.objects.place(object)));
  if (!key) return key.error();
  return state.finish(state.cache.invalidate(key->label()), covered);
}

Result<void> Front::invalidate_tag(ObjectId object) {
  State& state = *state_;
  const std::string tag = state.objects.tag_of(object);
  const History::Covered covered =
      state.history.invalidation_begins(state.objects.sharing_tag_with(object), "by tag " + tag);
  return state.finish(state.cache.invalidate(strata::tag(tag)), covered);
}

Result<void> Front::invalidate_source(ObjectKind kind) {
  State& state = *state_;
  const bool places = kind == ObjectKind::kPlace;
  const std::string_view source = places ? kPlaces : kPackages;
  std::vector<ObjectId> concerned;
  for (const ObjectKind part : {ObjectKind::kPackage, ObjectKind::kSection, ObjectKind::kPlace}) {
    if ((part == ObjectKind::kPlace) != places) continue;
    const auto all = state.objects.all(part);
    concerned.insert(concerned.end(), all.begin(), all.end());
  }
  const History::Covered covered =
      state.history.invalidation_begins(concerned, "by source " + std::string(source));
  return state.finish(state.cache.invalidate(strata::source(source)), covered);
}

Cache& Front::cache() const { return state_->cache; }
std::uint64_t Front::place_queries() const { return state_->places->calls(); }

void Front::close() {
  state_->cache.close();
  state_->http_origin->close();
  state_->places->close();
}

}  // namespace strata::demo
