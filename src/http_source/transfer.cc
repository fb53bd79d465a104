// One exchange by libcurl: what is asked of it, what it may use, and what its results mean.
#include "http_source/transfer.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "core/assert.h"
#include "core/quote.h"
#include "http_source/address.h"
#include "http_source/content_decoder.h"
#include "http_source/sigpipe.h"

namespace strata {

namespace {

// Of an answer whose body is not wanted, so much is read in order to keep the connection.
constexpr std::size_t kUnwantedBodyBytes = 64 * 1024;

// The longest time that libcurl is told; what is longer is as good as for ever.
constexpr Duration kLongestTime = std::chrono::hours(24 * 7);

// A wait ends by the sockets, by libcurl's own timers and by wake(); this is for none of them.
constexpr int kPollMs = 600'000;

struct CurlDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
// CURL and CURLM are one type to the compiler.
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Easy = std::unique_ptr<CURL, CurlDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using Lines = std::unique_ptr<curl_slist, CurlDeleter>;
using Url = std::unique_ptr<CURLU, CurlDeleter>;

bool start_curl() {
  static const bool has_started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return has_started;
}

long milliseconds(Duration duration) {
  const Duration bounded = std::clamp(duration, Duration(1), kLongestTime);
  return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(bounded).count());
}

Error failed(std::string message) { return {ErrorCode::kLoadFailed, std::move(message), {}}; }

}  // namespace

// What one exchange has brought so far. libcurl's callbacks write it, in the thread of get().
struct Exchange {
  HttpAnswer answer;
  std::size_t header_bytes = 0;
  std::optional<ContentDecoder> decoder;  // of a body that is wanted
  std::size_t unwanted_bytes = 0;
  bool headers_done = false;     // what looks like a header now is a trailer
  bool body_is_enough = false;   // the rest of a body that is not wanted was not read
  std::optional<Error> problem;  // why a callback ended the exchange

  std::size_t connections_opened = 0;
  std::string refused_address;

  [[nodiscard]] bool wants_body() const { return answer.status == 200 || answer.status == 203; }
};

struct Transfer::State {
  explicit State(const HttpOptions& from) : options(from) {}

  const HttpOptions& options;
  Multi multi;  // declared before what it may hold
  Easy easy;
  Exchange exchange;
  std::array<char, CURL_ERROR_SIZE> curl_message{};

  void prepare(const std::string& url, const Lines& lines, Duration at_most);
  [[nodiscard]] std::optional<CURLcode> drive(const std::atomic<bool>& stop);
  [[nodiscard]] Result<HttpAnswer> conclude(CURLcode code, Duration at_most);
  [[nodiscard]] Error error_of(CURLcode code, Duration at_most);

  // Whether to go on.
  bool take_header(std::string_view line);
  bool end_headers();
  bool take_body(std::string_view data);
  bool go_on_if(const Result<void>& result);

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* state) noexcept;
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* state) noexcept;
  static curl_socket_t on_socket(void* state, curlsocktype, curl_sockaddr* address) noexcept;
};

// Returning anything but `size` ends the exchange.
std::size_t Transfer::State::on_header(char* data, std::size_t, std::size_t size,
                                       void* state) noexcept {
  try {
    return static_cast<State*>(state)->take_header({data, size}) ? size : 0;
  } catch (...) {
    return 0;  // out of memory
  }
}

std::size_t Transfer::State::on_body(char* data, std::size_t, std::size_t size,
                                     void* state) noexcept {
  try {
    return static_cast<State*>(state)->take_body({data, size}) ? size : 0;
  } catch (...) {
    return 0;
  }
}

bool Transfer::State::take_header(std::string_view line) {
  exchange.header_bytes += line.size();
  if (exchange.header_bytes > kHttpReplyHeaderBytes) {
    return go_on_if(failed("the reply's headers are longer than " +
                           std::to_string(kHttpReplyHeaderBytes) + " bytes"));
  }
  if (exchange.headers_done) return true;
  if (line == "\r\n" || line == "\n") return end_headers();
  ReplyHeaders& headers = exchange.answer.headers;
  if (line.starts_with("HTTP/")) {
    headers = {};  // those of an interim answer (103) are over
    return true;
  }
  headers.add(line);
  return true;
}

bool Transfer::State::end_headers() {
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.answer.status = static_cast<int>(status);
  exchange.headers_done = status >= 200;
  if (!exchange.wants_body()) return true;

  const ReplyHeaders& headers = exchange.answer.headers;
  const std::string& foreign = headers.foreign_transfer_encoding();
  if (!foreign.empty()) {
    return go_on_if(failed("the reply has transfer encoding " + internal::quoted(foreign) +
                           ", which was not asked for"));
  }
  exchange.decoder.emplace(headers.content_encoding(), options.max_body_bytes);
  return go_on_if(exchange.decoder->expect(headers.content_length()));
}

bool Transfer::State::take_body(std::string_view data) {
  if (exchange.decoder) return go_on_if(exchange.decoder->add(data));
  exchange.unwanted_bytes += data.size();
  exchange.body_is_enough = exchange.unwanted_bytes > kUnwantedBodyBytes;
  return !exchange.body_is_enough;
}

bool Transfer::State::go_on_if(const Result<void>& result) {
  if (!result) exchange.problem = result.error();
  return result.ok();
}

// The address is the one that the connection is about to be made to: between this check and the
// connection no name is resolved again.
curl_socket_t Transfer::State::on_socket(void* state, curlsocktype,
                                         curl_sockaddr* address) noexcept {
  auto& self = *static_cast<State*>(state);
  const bool is_internet = address->family == AF_INET || address->family == AF_INET6;
  const bool is_allowed =
      is_internet && (self.options.allow_private || is_public_address(address->addr));
  if (!is_allowed) {
    self.exchange.refused_address = describe_address(address->addr);
    return CURL_SOCKET_BAD;
  }
  ++self.exchange.connections_opened;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void Transfer::State::prepare(const std::string& url, const Lines& lines, Duration at_most) {
  exchange = Exchange();
  curl_message[0] = '\0';
  CURL* const curl = easy.get();
  curl_easy_reset(curl);  // keeps connections, resolved names and TLS sessions
  const auto set = [curl](CURLoption option, auto value) {
    const CURLcode code = curl_easy_setopt(curl, option, value);
    STRATA_ASSERT(code == CURLE_OK || code == CURLE_OUT_OF_MEMORY);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_HTTPHEADER, lines.get());
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_ERRORBUFFER, curl_message.data());

  // Time. Without QUICK_EXIT the end of an exchange waits for a hanging name resolution.
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TIMEOUT_MS, milliseconds(at_most));
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(std::min(options.connect_timeout, at_most)));

  // Trust. Redirects are followed by the caller; an empty proxy overrides the environment's.
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  set(CURLOPT_OPENSOCKETFUNCTION, &on_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));

  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

// Runs the exchange to its end; nothing if `stop` ended it.
std::optional<CURLcode> Transfer::State::drive(const std::atomic<bool>& stop) {
  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  std::optional<CURLcode> result = CURLE_FAILED_INIT;
  int running = 1;
  while (true) {
    const CURLMcode performed = curl_multi_perform(multi.get(), &running);
    if (performed != CURLM_OK || running == 0) break;
    if (stop.load(std::memory_order_relaxed)) {
      result.reset();
      break;
    }
    if (curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr) != CURLM_OK) break;
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi.get(), &left);
  if (result && message != nullptr && message->msg == CURLMSG_DONE) result = message->data.result;
  curl_multi_remove_handle(multi.get(), easy.get());
  return result;
}

Result<HttpAnswer> Transfer::State::conclude(CURLcode code, Duration at_most) {
  // An answer whose body does not matter may be cut short.
  if (code != CURLE_OK && !exchange.body_is_enough) return error_of(code, at_most);
  if (!exchange.headers_done) return failed("the reply is no HTTP");
  if (exchange.decoder) {
    Result<std::string> body = exchange.decoder->finish();
    if (!body) return body.error();
    exchange.answer.body = *std::move(body);
  }

  char* redirect = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) exchange.answer.redirect_url = redirect;
  return std::move(exchange.answer);
}

Error Transfer::State::error_of(CURLcode code, Duration at_most) {
  if (exchange.problem) return *exchange.problem;
  if (!exchange.refused_address.empty() && exchange.connections_opened == 0) {
    return {ErrorCode::kRejected,
            "connects to " + exchange.refused_address +
                ", which is not a public address; allow_private would permit it",
            {}};
  }
  const std::string reason =
      curl_message[0] != '\0' ? curl_message.data() : curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    curl_off_t took_us = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_TOTAL_TIME_T, &took_us);
    const bool is_over = std::chrono::milliseconds(took_us / 1000 + 1) >= at_most;
    return {is_over ? ErrorCode::kDeadlineExceeded : ErrorCode::kUnavailable, reason, {}};
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return {ErrorCode::kUnavailable, reason, {}};
    default:
      return {ErrorCode::kLoadFailed, reason, {}};
  }
}

Result<std::unique_ptr<Transfer>> Transfer::make(const HttpOptions& options) {
  auto state = std::make_unique<State>(options);
  if (start_curl()) {
    state->multi.reset(curl_multi_init());
    state->easy.reset(curl_easy_init());
  }
  if (state->multi == nullptr || state->easy == nullptr) {
    return Error{ErrorCode::kUnavailable, "libcurl has no handle left", {}};
  }
  return std::unique_ptr<Transfer>(new Transfer(std::move(state)));
}

Transfer::Transfer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transfer::~Transfer() = default;

Result<HttpAnswer> Transfer::get(const std::string& url, const std::vector<std::string>& headers,
                                 Duration at_most, const std::atomic<bool>& stop) {
  const SigpipeGuard guard;
  Lines lines;
  for (const std::string& header : headers) {
    curl_slist* const longer = curl_slist_append(lines.get(), header.c_str());
    if (longer == nullptr) return Error{ErrorCode::kUnavailable, "out of memory", {}};
    static_cast<void>(lines.release());
    lines.reset(longer);
  }
  state_->prepare(url, lines, at_most);
  const std::optional<CURLcode> code = state_->drive(stop);
  if (!code) return Error{ErrorCode::kClosed, "was closed meanwhile", {}};
  return state_->conclude(*code, at_most);
}

void Transfer::wake() { curl_multi_wakeup(state_->multi.get()); }

namespace {

std::string part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string result(text);
  curl_free(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

}  // namespace

bool is_same_origin(const std::string& a, const std::string& b) {
  const Url one(curl_url());
  const Url other(curl_url());
  for (const auto& [url, text] : {std::pair(&one, &a), std::pair(&other, &b)}) {
    if (curl_url_set(url->get(), CURLUPART_URL, text->c_str(), 0) != CURLUE_OK) return false;
  }
  for (const CURLUPart part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT}) {
    if (part_of(one, part) != part_of(other, part)) return false;
  }
  return true;
}

Result<void> check_url(const std::string& url) {
  const Url parsed(curl_url());
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
  if (code != CURLUE_OK) {
    return Error{ErrorCode::kRejected, curl_url_strerror(code), {}};
  }
  const std::string scheme = part_of(parsed, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return Error{ErrorCode::kRejected, "neither http nor https", {}};
  }
  if (part_of(parsed, CURLUPART_HOST).empty()) {
    return Error{ErrorCode::kRejected, "without a host", {}};
  }
  return {};
}

}  // namespace strata
