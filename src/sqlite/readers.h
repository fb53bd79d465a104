// Readers: connections that read, lent out one call at a time.
//
// A borrower runs statements and gives the connection back at once; no transaction stays open
// across anybody else's code. Connections are opened when they are first needed, up to a limit,
// and all at once closed when the file is given up.
//
// Threads   Readers is thread-safe. A Reader belongs to its borrower.
// Errors    As Database has them; borrow() also kDeadlineExceeded. kUnavailable while there is
//           no file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "sqlite/database.h"
#include "sqlite/shared_rows.h"
#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::sqlite {

// What a SELECT found under one key, or at one place of a scan.
struct Selected {
  int code = SQLITE_OK;  // or an extended result code, and nothing else is set
  std::int64_t id = 0;   // 0: there is no row
  LabelId key{};
  Ticket number{};                 // as the row's column has it
  std::optional<Record> record{};  // none, although there is a row: it does not decode

  [[nodiscard]] bool found() const { return id != 0; }
};

class Reader {
 public:
  // Rows whose record belongs to another epoch, or says another number, do not decode.
  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(const Database::Options& options,
                                                            std::uint64_t epoch);

  [[nodiscard]] Selected get(LabelId key);
  // Between them every SELECT sees the same state of the file.
  [[nodiscard]] int begin();
  [[nodiscard]] int end();
  [[nodiscard]] bool is_idle() const { return sqlite3_get_autocommit(database_.handle()) != 0; }
  // At most `limit` rows with an id above `after`, in their order. SQLITE_OK or an error's code.
  [[nodiscard]] int scan(std::int64_t after, std::size_t limit, std::vector<Selected>& rows);

  // What the file says for those who share it, in the same state of it.
  [[nodiscard]] Result<SharedRows*> shared();

  [[nodiscard]] Error error(int code) const { return database_.error("reading", code); }

 private:
  explicit Reader(std::uint64_t epoch) : epoch_(epoch) {}
  void decode(std::string_view bytes, Selected& row) const;

  const std::uint64_t epoch_;
  Database database_;
  Statement get_, begin_, end_, scan_;
  std::unique_ptr<SharedRows> shared_;
};

class Readers {
 public:
  Readers(std::size_t limit, Clock& clock) : limit_(limit), clock_(clock) {}
  ~Readers() { close(); }

  class Lease {
   public:
    Lease(Readers& readers, std::unique_ptr<Reader> reader)
        : readers_(&readers), reader_(std::move(reader)) {}
    ~Lease() {
      if (readers_ != nullptr) readers_->give_back(std::move(reader_));
    }
    Lease(Lease&& other) noexcept
        : readers_(std::exchange(other.readers_, nullptr)), reader_(std::move(other.reader_)) {}
    Lease& operator=(Lease&&) = delete;
    void hold(std::unique_ptr<Reader> reader) { reader_ = std::move(reader); }
    Reader* operator->() { return reader_.get(); }
    // The connection is not to be used again.
    void discard() { reader_.reset(); }

   private:
    Readers* readers_;
    std::unique_ptr<Reader> reader_;
  };

  // Waits for a free connection until `deadline`.
  [[nodiscard]] Result<Lease> borrow(Deadline deadline);

  // From now on there is a file.
  void open(Database::Options options, std::uint64_t epoch);
  // From now on there is none, `reason` says why. Waits until every lease is over.
  void close(const std::string& reason = {});
  // The same, but there will soon be another file: who borrows waits for that.
  void suspend();

 private:
  friend class Lease;
  enum class State { kOpen, kSuspended, kClosed };
  void leave(State state) STRATA_REQUIRES(mutex_);
  void give_back(std::unique_ptr<Reader> reader);

  const std::size_t limit_;
  Clock& clock_;
  Mutex mutex_;
  CondVar returned_;
  std::vector<std::unique_ptr<Reader>> idle_ STRATA_GUARDED_BY(mutex_);
  std::size_t lent_ STRATA_GUARDED_BY(mutex_) = 0;
  State state_ STRATA_GUARDED_BY(mutex_) = State::kClosed;
  std::string reason_ STRATA_GUARDED_BY(mutex_);
  Database::Options options_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t epoch_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::sqlite
