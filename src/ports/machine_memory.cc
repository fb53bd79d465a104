// The files in which Linux tells how much memory is left.
#include "strata/ports/machine_memory.h"

#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "core/quote.h"
#include "ports/small_file.h"

namespace strata {
namespace {

constexpr std::size_t kFileBytes = 256 * 1024;
// A limit of version 1 that is larger than this is none: the kernel writes nearly 2^63 for that.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;
constexpr std::uint64_t kBytesPerKilobyte = 1024;

// What the two versions of control groups call things.
struct GroupFiles {
  std::string_view folder;  // below that of all groups
  std::string_view limits[2];
  std::string_view used;
  std::string_view droppable;  // in memory.stat
};
constexpr GroupFiles kVersion2{
    "", {"memory.max", "memory.high"}, "memory.current", "inactive_file"};
constexpr GroupFiles kVersion1{
    "/memory", {"memory.limit_in_bytes", ""}, "memory.usage_in_bytes", "total_inactive_file"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Error unavailable(std::string message) { return {ErrorCode::kUnavailable, std::move(message), {}}; }

Result<std::uint64_t> parse_number(std::string_view text, const std::string& path) {
  const std::string_view digits = trimmed(text);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size()) {
    return Error{ErrorCode::kCorrupt,
                 path + " says " + internal::quoted(digits) + " where a number of bytes belongs",
                 {}};
  }
  return number;
}

// The number behind `name` in lines as "name 12" and "name: 12 kB"; nothing if there is no such
// line.
Result<std::optional<std::uint64_t>> find_number(std::string_view text, std::string_view name,
                                                 const std::string& path) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    if (line.empty() || (line.front() != ' ' && line.front() != ':')) continue;
    line.remove_prefix(1);
    const std::string_view rest = trimmed(line);
    const auto number = parse_number(rest.substr(0, rest.find(' ')), path);
    if (!number) return number.error();
    return std::optional(*number);
  }
  return std::optional<std::uint64_t>();
}

class SystemMemory final : public MachineMemory {
 public:
  explicit SystemMemory(MachineMemoryFiles files) : files_(std::move(files)) {}

  [[nodiscard]] Result<MemoryReading> read() const override {
    std::optional<MemoryReading> tightest;
    if (auto done = read_groups(tightest); !done) return done.error();
    if (auto done = read_machine(tightest); !done) return done.error();
    if (tightest) return *std::move(tightest);
    return unavailable("neither " + files_.cgroups + " nor " + files_.proc +
                       "/meminfo tells how much memory there is");
  }

  void give_back() override { static_cast<void>(::malloc_trim(0)); }

 private:
  using Tightest = std::optional<MemoryReading>;

  static void note(Tightest& tightest, MemoryReading reading) {
    const auto share = [](const MemoryReading& one) {
      return static_cast<double>(one.available_bytes) / static_cast<double>(one.limit_bytes);
    };
    if (!tightest || share(reading) < share(*tightest)) tightest = std::move(reading);
  }

  Result<void> read_machine(Tightest& tightest) const {
    const std::string path = files_.proc + "/meminfo";
    const auto text = internal::read_file(path, kFileBytes);
    if (!text) return text.error();
    if (trimmed(*text).empty()) {
      return tightest ? Result<void>() : unavailable(path + " is missing or empty");
    }
    const auto total = find_number(*text, "MemTotal", path);
    if (!total) return total.error();
    const auto available = find_number(*text, "MemAvailable", path);
    if (!available) return available.error();
    if (!*total || !*available || **total == 0) {
      return Error{ErrorCode::kCorrupt, path + " has no line MemTotal or MemAvailable", {}};
    }
    note(tightest, {.limit_bytes = **total * kBytesPerKilobyte,
                    .available_bytes = std::min(**total, **available) * kBytesPerKilobyte,
                    .source = path});
    return {};
  }

  // The memory controller belongs to a hierarchy of version 1, or to that of version 2. Without
  // /proc/self/cgroup there are no groups.
  Result<void> read_groups(Tightest& tightest) const {
    const auto text = internal::read_file(files_.proc + "/self/cgroup", kFileBytes);
    if (!text) return text.error();
    std::optional<std::string_view> version1;
    std::optional<std::string_view> version2;
    for (std::string_view rest = *text; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t first = line.find(':');
      const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
      if (second == line.npos) continue;
      const std::string_view path = line.substr(second + 1);
      const std::string controllers =
          "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
      if (controllers == ",,") version2 = path;
      if (controllers.find(",memory,") != controllers.npos) version1 = path;
    }
    if (version1) return read_path(kVersion1, *version1, tightest);
    return version2 ? read_path(kVersion2, *version2, tightest) : Result<void>();
  }

  // The group and those around it. A container may see its own group as the outermost one, and a
  // path that does not exist there.
  Result<void> read_path(const GroupFiles& names, std::string_view path, Tightest& tightest) const {
    const bool leads_outside = path.find("/..") != path.npos;
    if (leads_outside || path == "/") path = {};
    for (;;) {
      const std::string group = files_.cgroups + std::string(names.folder) + std::string(path);
      if (auto done = read_group(names, group, tightest); !done) return done;
      if (path.empty()) return {};
      path = path.substr(0, path.rfind('/'));
    }
  }

  static Result<void> read_group(const GroupFiles& names, const std::string& group,
                                 Tightest& tightest) {
    std::uint64_t limit = kNoLimit;
    std::string_view limited_by;
    for (const std::string_view name : names.limits) {
      if (name.empty()) continue;
      const std::string path = group + "/" + std::string(name);
      const auto text = internal::read_file(path, kFileBytes);
      if (!text) return text.error();
      if (trimmed(*text).empty() || trimmed(*text) == "max") continue;
      const auto number = parse_number(*text, path);
      if (!number) return number.error();
      if (*number >= limit) continue;
      limit = *number;
      limited_by = name;
    }
    if (limited_by.empty()) return {};

    const std::string path = group + "/" + std::string(names.used);
    const auto text = internal::read_file(path, kFileBytes);
    if (!text) return text.error();
    if (trimmed(*text).empty()) return unavailable(path + " is missing or empty");
    const auto used = parse_number(*text, path);
    if (!used) return used.error();
    const auto droppable = read_droppable(names, group + "/memory.stat");
    if (!droppable) return droppable.error();
    const std::uint64_t held = *used - std::min(*used, *droppable);
    // A limit of nothing leaves nothing; what is read has to have a size.
    note(tightest, {.limit_bytes = std::max<std::uint64_t>(limit, 1),
                    .available_bytes = limit - std::min(limit, held),
                    .source = std::string(limited_by) + " of " + group});
    return {};
  }

  // 0 where the file does not tell.
  static Result<std::uint64_t> read_droppable(const GroupFiles& names, const std::string& path) {
    const auto text = internal::read_file(path, kFileBytes);
    if (!text) return text.error();
    const auto number = find_number(*text, names.droppable, path);
    if (!number) return number.error();
    return number->value_or(0);
  }

  const MachineMemoryFiles files_;
};

}  // namespace

std::shared_ptr<MachineMemory> system_memory(MachineMemoryFiles files) {
  return std::make_shared<SystemMemory>(std::move(files));
}

}  // namespace strata
