// Source: where values come from: a function, an HTTP API, a query.
//
// A source is asked with named parameters and answers bytes, or that nothing exists, or that
// the version the caller already has is still right. Every implementation passes
// tests/contract/source_contract.h.
//
// Threads    fetch() may run concurrently with itself and with close().
// Errors     kLoadFailed: it was reached and failed; kUnavailable: it was not reached;
//            kDeadlineExceeded; kRejected: unknown or missing parameter, forbidden address;
//            kClosed. "Does not exist" is an answer, not an error.
// Time       `deadline` bounds the call, connecting and retries included.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/key.h"
#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata {

struct SourceRequest {
  Params params{};
  // What the caller has: answer kNotModified if it is still right. Empty: no condition.
  std::string known_version{};
  std::optional<WallTime> known_last_modified{};
  Deadline deadline{};
};

struct SourceReply {
  enum class Status { kFound, kAbsent, kNotModified };
  Status status = Status::kFound;
  std::string body{};
  std::string content_type{};  // "application/json", ... or empty
  std::string version{};       // the ETag, say; may be empty
  std::optional<WallTime> last_modified{};
  std::optional<Duration> ttl{};  // what the source says, if it does
};

struct SourceParameter {
  std::string name{};
  bool required = true;
  std::string default_value{};  // if not required
};

class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // What fetch() accepts, for messages and help.
  [[nodiscard]] virtual const std::vector<SourceParameter>& parameters() const = 0;
  [[nodiscard]] virtual Result<SourceReply> fetch(const SourceRequest& request) = 0;
  virtual void close() = 0;
};

// Ok, or kRejected naming the unknown, missing or repeated parameter and those accepted.
[[nodiscard]] Result<void> check_params(const Source& source, const Params& params);

// `params`, and the default of each optional parameter that is not among them, in the order of
// parameters(). Precondition: check_params() accepts them.
[[nodiscard]] Params with_defaults(const Source& source, const Params& params);

// Ok, or kRejected naming what is malformed (see validate_name()) or declared twice. For those
// who write sources.
[[nodiscard]] Result<void> check_declaration(std::string_view name,
                                             const std::vector<SourceParameter>& parameters);

}  // namespace strata
