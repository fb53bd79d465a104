// ProgramRun: commands in a test's process, on a cache that another program has filled.
#pragma once

#include <unistd.h>

#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/parser.h"
#include "core/assert.h"
#include "strata/config/open.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

class ProgramRun {
 public:
  ProgramRun() {
    std::ofstream(folder_.file("strata.yaml")) << "cache: {sqlite: {path: cache.db}}\n";
  }

  // What a program would do that links the library.
  template <typename Fill>
  void fill(Fill fill) {
    Cache cache = CacheBuilder().sqlite({.path = folder_.file("cache.db")}).build().value();
    fill(cache);
    cache.close();
  }

  struct Outcome {
    cli::ExitCode code;
    std::string data;
    std::string messages;
  };
  Outcome run(std::vector<std::string> words) {
    cli::GlobalOptions globals;
    const cli::Command program = cli::make_program(globals);
    words.insert(words.end(), {"--config", folder_.file("strata.yaml")});
    Pipe data;
    Pipe messages;
    cli::ExitCode code = cli::ExitCode::kUsage;
    {
      const Environment environment = [](const std::string&) { return std::nullopt; };
      cli::Console console(environment, {.data = data.ends[1], .messages = messages.ends[1]});
      cli::Context context{program, globals, environment, console};
      const cli::ParseResult parsed = cli::parse(program, words);
      if (const auto* error = std::get_if<cli::UsageError>(&parsed)) {
        console.error(error->message);
      } else {
        code = std::get<cli::Invocation>(parsed).path.back()->run()(context);
      }
    }
    return {code, data.take(), messages.take()};
  }

 protected:
  TempDir folder_;

 private:
  // What is written must fit into the pipe: nobody reads before take().
  struct Pipe {
    Pipe() { STRATA_ASSERT(::pipe(ends) == 0); }
    std::string take() {
      ::close(ends[1]);
      std::string text;
      std::array<char, 4096> block;
      for (ssize_t size = 0; (size = ::read(ends[0], block.data(), block.size())) > 0;) {
        text.append(block.data(), static_cast<std::size_t>(size));
      }
      ::close(ends[0]);
      return text;
    }
    int ends[2];
  };
};

}  // namespace strata::testkit
