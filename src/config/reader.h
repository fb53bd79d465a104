// Reader: walks a document by the table of settings, and collects every problem on the way.
//
// Threads   Confined to one call.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/setting.h"
#include "config/variables.h"
#include "strata/config/settings.h"

namespace strata::internal {

inline constexpr std::size_t kProblemsShown = 20;
inline constexpr std::size_t kProblemsKept = 1000;  // further ones are counted

// Rows of the table and the object that holds their fields.
struct Target {
  std::span<const Setting> settings;
  void* object = nullptr;
};

// `path.key`. A key may be any text; in a message it stays on one line.
[[nodiscard]] std::string key_below(const std::string& path, std::string_view key);

class Reader {
 public:
  using Sections = std::map<std::string, const Entry*>;

  Reader(std::string file, Variables& variables) : file_(std::move(file)), variables_(variables) {}

  // Reads the settings of `targets` from the map `node`, which stands under the key `path`.
  // Returns what it has under the names of `sections`; everything else is a problem.
  Sections read_map(const Node& node, const std::string& path, std::span<const Target> targets,
                    std::span<const std::string_view> sections = {});

  // The entries of the map `node`, whose keys are up to the user: each once. `what` they name.
  std::vector<const Entry*> read_names(const Node& node, const std::string& path,
                                       std::string_view what = "key");

  void problem(Place place, const std::string& path, std::string_view message);
  // A problem with the settings below `path` together; the message may quote their values, but
  // not those of headers.
  void problem_with_all(Place place, const std::string& path, std::string_view message);
  [[nodiscard]] bool has_problem_below(const std::string& path) const;
  [[nodiscard]] std::map<std::string, SettingOrigin> take_origins() { return std::move(origins_); }
  // The problems found so far, in the order of the text; nothing if there is none.
  [[nodiscard]] std::optional<Error> error() const;

 private:
  struct Scalar {
    std::string text;
    std::string shown;  // in messages: quoted, or only named if it may be a secret
    std::vector<SettingVariable> variables;
  };
  struct Problem {
    Place place;
    std::string path;
    std::string message;
  };

  void read_setting(const Entry& entry, const std::string& path, const Setting& setting,
                    void* object);
  std::optional<Value> read_value(const Node& node, const std::string& path, const Setting& setting,
                                  SettingOrigin& origin);
  std::optional<Value> read_list(const Node& node, const std::string& path, const Setting& setting,
                                 SettingOrigin& origin);
  std::optional<Value> read_named(const Node& node, const std::string& path, const Setting& setting,
                                  SettingOrigin& origin);
  // What `scalar` writes; a problem, which names its variables, if it is nothing of that type.
  std::optional<Value> read_text(const Node& node, const std::string& path, const Setting& setting,
                                 const Scalar& scalar);
  std::optional<Scalar> read_scalar(const Node& node, const std::string& path,
                                    SettingOrigin& origin);
  void check_required(const Node& node, const std::string& path, const Target& target);

  std::string file_;
  Variables& variables_;
  std::vector<Problem> problems_;
  std::size_t problem_count_ = 0;
  std::map<std::string, SettingOrigin> origins_;
};

}  // namespace strata::internal
