// OutboxOracle: what relays that may be killed at any moment were told, in memory that they share
// with the process that kills them.
//
// The application gives every row that it writes a version of its own, and notes it in a table
// `log` within the same transaction. So a version in the log was committed, and any other was not;
// a committed version that no row has any more was replaced or deleted.
//
// Threads   Every field is atomic.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "core/assert.h"
#include "strata/outbox/outbox_relay.h"

namespace strata::testkit {

struct OutboxOracle {
  static constexpr std::size_t kReaders = 2;
  static constexpr std::size_t kVersions = 1u << 20;

  struct Reader {
    std::array<std::atomic<bool>, kVersions> written;  // a row was told to have this version now
    std::array<std::atomic<bool>, kVersions> gone;     // its id was told to have had it before
    std::atomic<std::uint64_t> gaps{0};
    std::atomic<std::uint64_t> batches{0};
    std::atomic<std::uint64_t> malformed{0};  // events that no change of the application explains
  };

  std::array<Reader, kReaders> readers;
  std::atomic<std::uint64_t> next_version{1};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> rollbacks{0};

  static std::string reader_name(std::size_t reader) { return "reader-" + std::to_string(reader); }

  // The oracle in the file at `path`, which is made if it is missing.
  static OutboxOracle* map(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    STRATA_ASSERT(file >= 0);
    const bool is_new = ::lseek(file, 0, SEEK_END) == 0;
    STRATA_ASSERT(::ftruncate(file, sizeof(OutboxOracle)) == 0);
    void* const memory =
        ::mmap(nullptr, sizeof(OutboxOracle), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    STRATA_ASSERT(memory != MAP_FAILED);
    // Zeros are the initial state of everything but next_version.
    auto* const oracle = static_cast<OutboxOracle*>(memory);
    if (is_new) oracle->next_version = 1;
    return oracle;
  }

  // A relay that notes here what it is told.
  std::unique_ptr<OutboxRelay> open_relay(const std::string& database, std::size_t reader) {
    OutboxRelayOptions options;
    options.database = database;
    options.reader = reader_name(reader);
    options.poll = std::chrono::milliseconds(5);
    options.batch_rows = 20;
    Reader& notes = readers[reader];
    return OutboxRelay::open(options, {.events =
                                           [&notes](std::span<const Event> events) {
                                             note(notes, events);
                                             return Result<void>();
                                           },
                                       .gap =
                                           [&notes](const OutboxGap&) {
                                             ++notes.gaps;
                                             return Result<void>();
                                           }})
        .value();
  }

 private:
  static void note(Reader& notes, std::span<const Event> events) {
    // As long as a cache may take, so that relays are killed before and after it as well.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (const Event& event : events) {
      for (const EventItem& item : event.items) {
        if (!mark(notes.written, item, item.fields) || !mark(notes.gone, item, item.old_fields)) {
          ++notes.malformed;
        }
      }
    }
    ++notes.batches;
  }

  // Marks the version in `fields` if they are the item's own.
  static bool mark(std::array<std::atomic<bool>, kVersions>& marks, const EventItem& item,
                   const Fields& fields) {
    if (fields.empty()) return true;
    const std::string* const number = find_field(fields, "number");
    const std::string* const version = find_field(fields, "version");
    if (number == nullptr || version == nullptr) return false;
    if (*number == item.id) marks[std::stoull(*version)] = true;
    return true;
  }
};

}  // namespace strata::testkit
