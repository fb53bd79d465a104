// Runs a cache in a process of its own and has it killed.
//
// Both sides speak in lines over a pair of sockets. A line is a word and its arguments, separated
// by tabs; the answer to each is "ok", or "failed" and a message:
//
//   fill <http port> <places path> <cache path> <memory entries> <connections> <object>...
//   invalidate key|tag <object> ...      answered when it is final, just before SIGKILL
#include "cli/demo/victim.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/demo/descriptor.h"
#include "cli/demo/parallel.h"

namespace strata::demo {
namespace {

constexpr std::size_t kLineBytes = 1u << 20;  // a longer one ends the conversation

Error failed(const std::string& what) { return {ErrorCode::kUnavailable, what, {}}; }

bool write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

// The next line, without its end; nothing when the other side has gone.
std::optional<std::string> read_line(int from) {
  std::string line;
  char byte = 0;
  while (line.size() < kLineBytes) {
    const ssize_t got = ::read(from, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    if (byte == '\n') return line;
    line += byte;
  }
  return std::nullopt;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t end = line.find('\t');
    words.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end + 1);
  }
}

template <typename Number>
Number number_of(const std::string& word) {
  Number number{};
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

// The other side: what runs in the process that is to die.
class Doomed {
 public:
  Doomed(const Catalogue& catalogue, std::shared_ptr<Clock> clock)
      : objects_(catalogue), history_(objects_, clock), clock_(std::move(clock)) {}

  [[noreturn]] void run(int parent) {
    while (const std::optional<std::string> line = read_line(parent)) {
      const std::vector<std::string> words = words_of(*line);
      const bool last = words[0] == "invalidate";
      const Result<void> done = last ? invalidate(words) : fill(words);
      if (!write_all(parent, done ? "ok\n" : "failed\t" + done.error().message + "\n")) break;
      if (last) ::kill(::getpid(), SIGKILL);
    }
    ::_exit(0);
  }

 private:
  Result<void> fill(const std::vector<std::string>& words) {
    if (words.size() < 6) return failed("the order to fill a cache is cut");
    Result<std::unique_ptr<Front>> front =
        Front::open(objects_, history_,
                    {.http_port = number_of<std::uint16_t>(words[1]),
                     .places_path = words[2],
                     .cache_path = words[3],
                     .memory_entries = number_of<std::uint64_t>(words[4]),
                     .connections = number_of<std::size_t>(words[5])},
                    clock_);
    if (!front) return front.error();
    front_ = std::move(*front);
    std::vector<ObjectId> objects;
    for (std::size_t i = 6; i < words.size(); ++i) {
      objects.push_back(number_of<ObjectId>(words[i]));
    }
    std::atomic<std::uint64_t> failures{0};
    for_each_object(objects, [&](ObjectId object) {
      if (front_->read(object).by == AnsweredBy::kNobody) ++failures;
    });
    if (failures > 0) return failed(std::to_string(failures) + " reads failed");
    return front_->cache().flush();
  }

  Result<void> invalidate(const std::vector<std::string>& words) {
    if (!front_) return failed("there is no cache yet");
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
      const auto object = number_of<ObjectId>(words[i + 1]);
      const Result<void> done =
          words[i] == "tag" ? front_->invalidate_tag(object) : front_->invalidate_key(object);
      if (!done) return done;
    }
    return {};
  }

  const Objects objects_;
  History history_;
  const std::shared_ptr<Clock> clock_;
  std::unique_ptr<Front> front_;
};

}  // namespace

struct Victim::State {
  ~State() { end(); }

  // Waits until the process is gone, which it is soon.
  void end() {
    if (process <= 0) return;
    ::kill(process, SIGKILL);
    while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
    }
    process = -1;
  }

  Result<void> order(const std::string& line) {
    if (!write_all(process_end.get(), line + "\n"))
      return failed("the process to be killed is gone");
    const std::optional<std::string> answer = read_line(process_end.get());
    if (!answer) return failed("the process to be killed has ended early");
    const std::vector<std::string> words = words_of(*answer);
    if (words[0] == "ok") return {};
    return failed("the process to be killed: " + (words.size() > 1 ? words[1] : words[0]));
  }

  pid_t process = -1;
  Descriptor process_end;
};

Victim::Victim(std::unique_ptr<State> state) : state_(std::move(state)) {}
Victim::~Victim() = default;

Result<std::unique_ptr<Victim>> Victim::start(const Catalogue& catalogue,
                                              std::shared_ptr<Clock> clock) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return failed(std::string("cannot make a pair of sockets: ") + std::strerror(errno));
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  const pid_t process = ::fork();
  if (process < 0) return failed(std::string("cannot fork: ") + std::strerror(errno));
  if (process == 0) {
    // It ends when the parent does, not by the terminal's Ctrl-C.
    ::signal(SIGINT, SIG_IGN);
    ours.reset();
    Doomed(catalogue, std::move(clock)).run(theirs.get());
  }
  auto state = std::make_unique<State>();
  state->process = process;
  state->process_end = std::move(ours);
  return std::unique_ptr<Victim>(new Victim(std::move(state)));
}

Result<void> Victim::fill(const FrontOptions& options, std::span<const ObjectId> objects) {
  std::string line = "fill\t" + std::to_string(options.http_port) + "\t" + options.places_path +
                     "\t" + options.cache_path + "\t" + std::to_string(options.memory_entries) +
                     "\t" + std::to_string(options.connections);
  for (const ObjectId object : objects) line += "\t" + std::to_string(object);
  return state_->order(line);
}

Result<void> Victim::invalidate_and_die(std::span<const ObjectId> by_key,
                                        std::span<const ObjectId> by_tag) {
  std::string line = "invalidate";
  for (const ObjectId object : by_tag) line += "\ttag\t" + std::to_string(object);
  for (const ObjectId object : by_key) line += "\tkey\t" + std::to_string(object);
  Result<void> done = state_->order(line);
  state_->end();
  return done;
}

}  // namespace strata::demo
