#include <map>
#include <mutex>

#include "contract/source_contract.h"
#include "strata/http_source/http_source.h"
#include "testkit/http_origin.h"

namespace strata::testkit {
namespace {

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
    at += 2;
  }
  return out;
}

// An HTTP server that has /values/{id}?language={language}, with ETags.
class HttpWorld : public SourceWorld {
 public:
  std::shared_ptr<Source> make_source(std::shared_ptr<Clock> clock) override {
    HttpOptions options;
    options.name = "contract";
    options.url_template = origin_.url("/values/{id}?language={language}");
    options.parameters = {{.name = "language", .required = false, .default_value = "en"}};
    options.allow_private = true;
    options.timeout = std::chrono::hours(1);
    options.connect_timeout = std::chrono::hours(1);
    return http_source(std::move(options), std::move(clock)).value();
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
  void hang() override {
    const std::lock_guard lock(mutex_);
    is_hanging_ = true;
  }
  void wait_until_hanging() override { origin_.wait_for_requests(1); }

 private:
  struct Value {
    std::string text;
    int version = 0;
  };

  void answer(const HttpRequest& request, HttpConnection& connection) {
    std::unique_lock lock(mutex_);
    if (is_hanging_) {
      lock.unlock();
      return connection.wait_until_closed();
    }
    if (is_broken_) {
      connection.reply(500, {}, "broken");
      return;
    }
    constexpr std::string_view kPath = "/values/";
    constexpr std::string_view kQuery = "?language=";
    const std::size_t query = request.target.find(kQuery);
    const std::string id = decode(request.target.substr(kPath.size(), query - kPath.size()));
    const std::string language = decode(request.target.substr(query + kQuery.size()));
    const auto found = values_.find({id, language});
    if (found == values_.end()) {
      connection.reply(404, {}, "there is no such value");
      return;
    }
    const std::string etag = "\"" + std::to_string(found->second.version) + "\"";
    const bool is_known = request.header("if-none-match") == etag;
    if (is_known) {
      connection.send("HTTP/1.1 304 Not Modified\r\nETag: " + etag + "\r\n\r\n");
    } else {
      connection.reply(200, {{"ETag", etag}}, found->second.text);
    }
  }

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Value> values_;
  int versions_ = 0;
  bool is_broken_ = false;
  bool is_hanging_ = false;
  // Last: its threads use all of the above.
  HttpOrigin origin_{[this](const HttpRequest& request, HttpConnection& connection) {
    answer(request, connection);
  }};
};

std::unique_ptr<SourceWorld> http_world() { return std::make_unique<HttpWorld>(); }

INSTANTIATE_TEST_SUITE_P(Http, SourceContract, testing::Values(http_world));
INSTANTIATE_TEST_SUITE_P(Http, InterruptibleSourceContract, testing::Values(http_world));
INSTANTIATE_TEST_SUITE_P(Http, VersionedSourceContract, testing::Values(http_world));

}  // namespace
}  // namespace strata::testkit
