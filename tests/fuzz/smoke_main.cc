// Runs a fuzz target without libFuzzer: over a corpus, and over mutations of it.
//
//   <target> [--mutations=N] [--seed=N] FILE|FOLDER...
//
// It stands in for libFuzzer in builds by other compilers, so that every corpus stays a
// regression test and a change that breaks a decoder does not wait for the next fuzzing. The
// same seed makes the same inputs. The input that ends the process is printed in hex.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::uint64_t kMutationsDefault = 20'000;
constexpr std::size_t kInputBytesMax = 4'096;

// For the signal handler: what the target is working on.
const Input* current = nullptr;

void write_all(std::string_view text) {
  // There is nobody left to tell if this fails.
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

extern "C" void report(int signal) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  write_all("the input, in hex: ");
  for (const std::uint8_t byte : *current) {
    const std::array<char, 2> hex{kDigits[byte >> 4], kDigits[byte & 15]};
    write_all({hex.data(), hex.size()});
  }
  write_all("\n");
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const Input& input) {
  current = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

Input read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  return Input(bytes.begin(), bytes.end());
}

void read_all(const std::filesystem::path& path, std::vector<Input>& corpus) {
  if (!std::filesystem::is_directory(path)) {
    corpus.push_back(read(path));
    return;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());  // so that a seed means the same everywhere
  for (const std::filesystem::path& file : files) corpus.push_back(read(file));
}

class Mutator {
 public:
  Mutator(std::uint64_t seed, const std::vector<Input>& corpus) : random_(seed), corpus_(corpus) {}

  Input next() {
    Input input = any_of_the_corpus();
    for (std::size_t left = 1 + below(6); left > 0; --left) mutate(input);
    if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  std::uint8_t byte() {
    // Bytes at the edges of number formats are more telling than others.
    constexpr std::array<std::uint8_t, 12> kTelling{0,   1,   0x7f, 0x80, 0xff, ':',
                                                    '%', '=', '&',  '-',  '.',  '0'};
    return below(2) == 0 ? kTelling[below(kTelling.size())] : static_cast<std::uint8_t>(random_());
  }
  const Input& any_of_the_corpus() { return corpus_[below(corpus_.size())]; }

  void mutate(Input& input) {
    const std::size_t at = below(input.size() + 1);
    const std::size_t length = std::min(1 + below(8), input.size() - at);
    const auto first = input.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last = first + static_cast<std::ptrdiff_t>(length);
    switch (below(6)) {
      case 0:
        for (auto place = first; place != last; ++place) *place = byte();
        break;
      case 1:
        if (length > 0) *first = static_cast<std::uint8_t>(*first ^ (1u << below(8)));
        break;
      case 2:
        input.insert(first, 1 + below(8), byte());
        break;
      case 3:
        input.erase(first, last);
        break;
      case 4: {
        const Input copy(first, last);
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(below(input.size() + 1)),
                     copy.begin(), copy.end());
        break;
      }
      default: {
        const Input& other = any_of_the_corpus();
        input.erase(first, input.end());
        input.insert(input.end(),
                     other.begin() + static_cast<std::ptrdiff_t>(below(other.size() + 1)),
                     other.end());
        break;
      }
    }
  }

  std::mt19937_64 random_;
  const std::vector<Input>& corpus_;
};

// Whether `argument` is `--name=number`, which is then in `value`.
bool takes(std::string_view argument, std::string_view name, std::uint64_t& value) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  const char* end = argument.data() + argument.size();
  return std::from_chars(argument.data(), end, value).ptr == end;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t mutations = kMutationsDefault;
  std::uint64_t seed = 1;
  std::vector<Input> corpus(1);  // the empty input is always tried
  for (int index = 1; index < argc; ++index) {
    const std::string_view argument = argv[index];
    if (takes(argument, "--mutations=", mutations) || takes(argument, "--seed=", seed)) continue;
    read_all(argument, corpus);
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) std::signal(signal, report);

  for (const Input& input : corpus) run(input);
  Mutator mutator(seed, corpus);
  for (std::uint64_t done = 0; done < mutations; ++done) run(mutator.next());
  std::printf("%zu inputs, %llu mutations of them\n", corpus.size(),
              static_cast<unsigned long long>(mutations));  // NOLINT: for printf
  return 0;
}
