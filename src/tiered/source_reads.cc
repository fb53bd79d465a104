// Reading through the cache from a Source: parameters become the key, replies become values.
#include <algorithm>

#include "strata/tiered/cache.h"
#include "tiered/paths.h"

namespace strata {

namespace {

// Calls `part(text, is_parameter)` for each piece of a tag template, in order.
template <typename Part>
bool walk_template(std::string_view text, Part part) {
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    part(text.substr(0, open), false);
    if (open == std::string_view::npos) return true;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return false;
    part(text.substr(open + 1, close - open - 1), true);
    text.remove_prefix(close + 1);
  }
  return true;
}

const SourceParameter* find_parameter(const Source& source, std::string_view name) {
  for (const SourceParameter& parameter : source.parameters()) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

Result<void> check_tag_template(const Source& source, const std::string& text) {
  std::string unknown;
  const bool closed = walk_template(text, [&](std::string_view part, bool is_parameter) {
    if (is_parameter && find_parameter(source, part) == nullptr) unknown = part;
  });
  if (closed && unknown.empty()) return {};
  return Error{ErrorCode::kRejected,
               "tag '" + text + "' of source '" + std::string(source.name()) + "' " +
                   (closed ? "names '" + unknown + "', which is not one of its parameters"
                           : "has a '{' without '}'"),
               {}};
}

std::string expand(const std::string& text, const Params& params) {
  std::string tag;
  walk_template(text, [&](std::string_view part, bool is_parameter) {
    if (!is_parameter) {
      tag += part;
      return;
    }
    for (const auto& [name, value] : params) {
      if (name == part) tag += value;
    }
  });
  return tag;
}

Result<std::optional<std::string>> ask(Source& source, const Params& params, Load& load,
                                       Duration longest_ttl) {
  SourceRequest request{.params = params,
                        .known_version = std::string(load.known_version()),
                        .known_last_modified = load.known_last_modified(),
                        .deadline = load.deadline()};
  Result<SourceReply> reply = source.fetch(request);
  if (!reply) return reply.error();
  if (!reply->version.empty()) load.version(std::move(reply->version));
  if (reply->last_modified) load.source_last_modified(*reply->last_modified);
  if (reply->ttl) load.ttl(std::min(*reply->ttl, longest_ttl));
  switch (reply->status) {
    case SourceReply::Status::kAbsent:
      return std::optional<std::string>();
    case SourceReply::Status::kNotModified:
      load.not_modified();
      return std::optional<std::string>(std::string());
    case SourceReply::Status::kFound:
      break;
  }
  return std::optional<std::string>(std::move(reply->body));
}

}  // namespace

Result<void> Cache::add_source(std::shared_ptr<Source> source, SourceOptions options) {
  const std::string name(source->name());
  if (Result<void> valid = validate_name("source", name); !valid) return valid;
  for (const std::string& text : options.tags) {
    if (Result<void> valid = check_tag_template(*source, text); !valid) return valid;
  }
  if (Result<void> valid = check_guard(options.guard); !valid) return valid;
  {
    const MutexLock lock(state_->keyspaces_mutex);
    if (state_->sources.contains(name)) {
      return Error{ErrorCode::kRejected, "there is a source '" + name + "' already", {}};
    }
  }
  options.keyspace.source = name;
  auto keyspace = open_keyspace(name, value_type<std::string>(), &options.keyspace);
  if (!keyspace->status) return keyspace->status;
  if (keyspace->options.source != name) {
    return Error{ErrorCode::kRejected,
                 "the source '" + name + "' has the name of a keyspace that is open already",
                 {}};
  }
  auto guarded = std::make_shared<GuardedSource>(std::move(source), options.guard, state_->clock,
                                                 state_->options.log);
  const MutexLock lock(state_->keyspaces_mutex);
  // Not the handle: it would keep the state that holds it.
  state_->sources[name] = {std::move(guarded), state_->keyspaces.find(name)->second,
                           std::move(options.tags)};
  return {};
}

std::vector<std::shared_ptr<Source>> Cache::sources() const {
  const MutexLock lock(state_->keyspaces_mutex);
  std::vector<std::shared_ptr<Source>> sources;
  for (const auto& [name, entry] : state_->sources) sources.push_back(entry.source);
  return sources;
}

namespace {

Result<SourceEntry> find_source(Cache::State& state, std::string_view name) {
  const MutexLock lock(state.keyspaces_mutex);
  const auto found = state.sources.find(name);
  if (found != state.sources.end()) return found->second;
  std::string known;
  for (const auto& [other, entry] : state.sources) known += (known.empty() ? "" : ", ") + other;
  return Error{ErrorCode::kRejected,
               "there is no source '" + std::string(name) + "'; " +
                   (known.empty() ? "none is configured" : "there are: " + known),
               {}};
}

}  // namespace

namespace {

Result<Key> key_of(const SourceEntry& entry, const Params& params) {
  if (Result<void> valid = check_params(*entry.source, params); !valid) return valid.error();
  return internal::make_key(*entry.keyspace, {.params = with_defaults(*entry.source, params)});
}

// A read through a source, as a get_or_load() of its keyspace.
struct SourceRead {
  std::shared_ptr<internal::KeyspaceState> keyspace;
  Key key;
  internal::Loader loader;
  CallOptions call;
};

Result<SourceRead> source_read(Cache::State& state, std::string_view source, const Params& params,
                               const CallOptions& call) {
  Result<SourceEntry> entry = find_source(state, source);
  if (!entry) return entry.error();
  Result<Key> key = key_of(*entry, params);
  if (!key) return key.error();
  auto all = std::make_shared<const Params>(with_defaults(*entry->source, params));
  SourceRead read{.keyspace = entry->keyspace, .key = std::move(*key), .loader = {}, .call = call};
  for (const std::string& text : entry->tags) read.call.labels.push_back(tag(expand(text, *all)));
  const Duration longest_ttl = entry->keyspace->options.ttl;
  read.loader = [asked = entry->source, all, longest_ttl](Load& load,
                                                          KeyRef at) -> Result<EntryRef> {
    Result<std::optional<std::string>> body = ask(*asked, *all, load, longest_ttl);
    if (!body) return body.error();
    if (!body->has_value()) return EntryRef();
    return Entry::make<std::string>(at, std::move(**body));
  };
  return read;
}

}  // namespace

Result<Key> Cache::source_key(std::string_view source, const Params& params) const {
  Result<SourceEntry> entry = find_source(*state_, source);
  if (!entry) return entry.error();
  return key_of(*entry, params);
}

Lookup<std::string> Cache::read(std::string_view source, const Params& params,
                                const CallOptions& call, Load* within) {
  using Answer = Lookup<std::string>;
  const Result<SourceRead> read = source_read(*state_, source, params, call);
  if (!read) return Answer(internal::failed(read.error()));
  return Answer(
      internal::get_or_load(*read->keyspace, read->key, read->loader, read->call, within));
}

Async<Lookup<std::string>> Cache::read_async(std::string_view source, const Params& params,
                                             const CallOptions& call) {
  using Answer = Lookup<std::string>;
  Async<Answer> result;
  const auto done = [result](internal::Found found) { result.complete(Answer(std::move(found))); };
  Result<SourceRead> read = source_read(*state_, source, params, call);
  if (!read) {
    done(internal::failed(read.error()));
    return result;
  }
  // It keeps the whole cache's state, as a handle does.
  const std::shared_ptr<internal::KeyspaceState> keyspace(state_, read->keyspace.get());
  internal::get_or_load_async(keyspace, read->key, read->loader, read->call, done);
  return result;
}

}  // namespace strata
