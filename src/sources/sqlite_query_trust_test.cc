// What a SQLite query source does not let its SQL, its parameters, the file or time do to it.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "strata/codecs/json.h"
#include "testkit/random.h"
#include "testkit/seeds.h"
#include "testkit/sqlite_query_fixture.h"

namespace strata {
namespace {

using testkit::kCities;
using testkit::kEndless;

// Counts how often it is asked.
class CountingClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override {
    ++count_;
    return system_clock()->now();
  }
  [[nodiscard]] WallTime wall_now() const override { return system_clock()->wall_now(); }
  [[nodiscard]] std::uint64_t boot_id() const override { return 1; }
  void wait_for_more(int questions) const {
    const int until = count_ + questions;
    while (count_ < until) std::this_thread::yield();
  }

 private:
  mutable std::atomic<int> count_{0};
};

class SqliteQueryTrust : public testkit::SqliteQueryFixture {};

TEST_F(SqliteQueryTrust, OnlyOneStatementIsAccepted) {
  write(kCities);
  for (const char* sql : {"SELECT 1; SELECT 2", "SELECT 1; nonsense", "SELECT 1;; DROP TABLE city",
                          "SELECT 1; -- c\n DELETE FROM city"}) {
    expect_refused(open(sql), ErrorCode::kRejected, "more than one");
  }
  for (const char* sql : {"", " ", ";", "-- only a comment"}) {
    expect_refused(open(sql), ErrorCode::kRejected, "no SQL statement");
  }
  for (const char* sql : {"SELECT 1 AS a;", "SELECT 1 AS a ; ; /* end */ -- end"}) {
    EXPECT_EQ(body(sql), R"([{"a":1}])");
  }
  expect_refused(open(std::string("SELECT 1\0; DROP TABLE city", 26)), ErrorCode::kRejected, "NUL");
}

TEST_F(SqliteQueryTrust, OnlyASelectIsAccepted) {
  write(kCities);
  for (const char* sql : {"DELETE FROM city",
                          "UPDATE city SET name = ''",
                          "INSERT INTO city DEFAULT VALUES",
                          "DROP TABLE city",
                          "CREATE TABLE x (y)",
                          "CREATE TEMP TABLE x (y)",
                          "ATTACH ':memory:' AS x",
                          "DETACH main",
                          "PRAGMA journal_mode = WAL",
                          "PRAGMA query_only = 0",
                          "PRAGMA table_info(city)",

                          "VACUUM",
                          "VACUUM INTO '/tmp/x'",
                          "BEGIN",
                          "COMMIT",
                          "SAVEPOINT x",
                          "ANALYZE",
                          "REINDEX",
                          "WITH x AS (SELECT 1) DELETE FROM city",
                          "DELETE FROM city RETURNING id"}) {
    SCOPED_TRACE(sql);
    expect_refused(open(sql), ErrorCode::kRejected, "SELECT");
  }
  expect_refused(open("UPDATE sqlite_master SET type = 'x'"), ErrorCode::kRejected, "");
  // A pragma in the form of a table is only seen when it is asked.
  const Error pragma = error(*open("SELECT * FROM pragma_journal_mode('delete')").value());
  EXPECT_EQ(pragma.code, ErrorCode::kLoadFailed) << pragma.message;
  EXPECT_EQ(body("VALUES (1)"), R"([{"column1":1}])");
  EXPECT_EQ(body("WITH x(a) AS (SELECT 2) SELECT a FROM x"), R"([{"a":2}])");
}

TEST_F(SqliteQueryTrust, ExtensionsCannotBeLoaded) {
  write(kCities);
  const auto source = open("SELECT load_extension('/tmp/x.so') AS a");
  if (source.ok()) {
    EXPECT_EQ(error(**source).code, ErrorCode::kLoadFailed);
  }
}

TEST_F(SqliteQueryTrust, APathIsNoUri) {
  sqlite3_shutdown();
  ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_URI, 1), SQLITE_OK);
  write(kCities);
  write(kCities, "file:data.db?mode=memory");
  SqliteQueryOptions odd = options("SELECT count(*) AS n FROM city");
  odd.path = folder_.file("file:data.db?mode=memory");
  EXPECT_EQ(body(*sqlite_query_source(odd).value()), R"([{"n":2}])");
  odd.path = "file:" + folder_.file("data.db");
  expect_refused(sqlite_query_source(odd), ErrorCode::kUnavailable, "file:");
  sqlite3_shutdown();
  sqlite3_config(SQLITE_CONFIG_URI, 0);
}

TEST_F(SqliteQueryTrust, SymlinksAreRefusedIfAsked) {
  write(kCities);
  std::filesystem::create_symlink(folder_.file("data.db"), folder_.file("link.db"));
  SqliteQueryOptions link = options("SELECT count(*) AS n FROM city");
  link.path = folder_.file("link.db");
  EXPECT_EQ(body(*sqlite_query_source(link).value()), R"([{"n":2}])");
  link.refuse_symlinks = true;
  expect_refused(sqlite_query_source(link), ErrorCode::kUnavailable, "link.db");
}

TEST_F(SqliteQueryTrust, TooManyRowsAreAnErrorThatNamesTheLimit) {
  write(kCities);
  SqliteQueryOptions limited = options("SELECT value FROM json_each('[1,2,3]') LIMIT :limit");
  limited.max_rows = 2;
  const auto source = sqlite_query_source(limited).value();
  EXPECT_EQ(body(*source, {{"limit", "2"}}), R"([{"value":1},{"value":2}])");
  SourceRequest three;
  three.params = {{"limit", "3"}};
  const Result<SourceReply> reply = source->fetch(three);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kLoadFailed);
  EXPECT_NE(reply.error().message.find("max_rows of 2"), std::string::npos)
      << reply.error().message;
}

TEST_F(SqliteQueryTrust, TooManyBytesAreAnErrorThatNamesTheLimit) {
  write(kCities);
  SqliteQueryOptions limited = options("SELECT hex(zeroblob(CAST(:n AS INTEGER))) AS a");
  limited.max_bytes = 50;
  const auto source = sqlite_query_source(limited).value();
  EXPECT_EQ(body(*source, {{"n", "20"}}).size(), 50u) << "40 digits and [{\"a\":\"\"}]";
  for (const char* n : {"21", "1000", "100000000", "2000000000"}) {
    const std::string message = body(*source, {{"n", n}});
    EXPECT_NE(message.find("max_bytes of 50"), std::string::npos) << message;
  }
}

TEST_F(SqliteQueryTrust, AParameterThatIsTooLongIsNotTakenForNull) {
  write(kCities);
  const auto source = open("SELECT :text IS NULL AS is_null").value();
  const std::string longest(16u << 20, 'x');
  EXPECT_EQ(body(*source, {{"text", longest}}), R"([{"is_null":0}])");
  const std::string answer = body(*source, {{"text", longest + "x"}});
  EXPECT_NE(answer.find("too long a \"text\""), std::string::npos) << answer;
}

TEST_F(SqliteQueryTrust, ALockedFileIsUnavailable) {
  write(kCities);
  SqliteQueryOptions impatient = options("SELECT count(*) AS n FROM city");
  impatient.busy_timeout = std::chrono::milliseconds(30);
  const auto source = sqlite_query_source(impatient).value();

  sqlite3* owner = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("data.db").c_str(), &owner), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(owner, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  const Error locked = error(*source);
  EXPECT_EQ(locked.code, ErrorCode::kUnavailable);
  EXPECT_NE(locked.message.find("locked"), std::string::npos) << locked.message;

  // One that waits long enough gets through.
  SqliteQueryOptions patient = impatient;
  patient.busy_timeout = std::chrono::hours(1);
  patient.timeout = std::chrono::hours(1);
  sqlite3_exec(owner, "COMMIT", nullptr, nullptr, nullptr);
  const auto waiting = sqlite_query_source(patient).value();
  ASSERT_EQ(sqlite3_exec(owner, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::thread releasing([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    sqlite3_exec(owner, "COMMIT", nullptr, nullptr, nullptr);
  });
  EXPECT_EQ(body(*waiting), R"([{"n":2}])");
  releasing.join();
  sqlite3_close(owner);
}

TEST_F(SqliteQueryTrust, CloseEndsTheWaitForALock) {
  write(kCities);
  SqliteQueryOptions patient = options("SELECT count(*) AS n FROM city");
  patient.busy_timeout = std::chrono::hours(1);
  patient.timeout = std::chrono::hours(1);
  const auto clock = std::make_shared<CountingClock>();
  const auto source = sqlite_query_source(patient, clock).value();
  sqlite3* owner = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("data.db").c_str(), &owner), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(owner, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  Error seen;
  std::thread fetching([&] { seen = error(*source); });
  clock->wait_for_more(6);  // one at the beginning, then one with every try
  source->close();
  fetching.join();
  EXPECT_EQ(seen.code, ErrorCode::kClosed) << seen.message;
  sqlite3_close(owner);
}

// Otherwise the lock that a query holds on the file would still be there.
TEST_F(SqliteQueryTrust, CloseReturnsWhenTheLastQueryHasEnded) {
  write(kCities);
  for (int round = 0; round < 10; ++round) {
    SqliteQueryOptions patient = options(std::string(kEndless) + ", city");
    patient.timeout = std::chrono::hours(1);
    const auto source = sqlite_query_source(patient).value();
    std::thread fetching([&] { EXPECT_EQ(error(*source).code, ErrorCode::kClosed); });
    sqlite3* owner = nullptr;
    ASSERT_EQ(sqlite3_open(folder_.file("data.db").c_str(), &owner), SQLITE_OK);
    while (sqlite3_exec(owner, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) == SQLITE_OK) {
      sqlite3_exec(owner, "ROLLBACK", nullptr, nullptr, nullptr);
      std::this_thread::yield();
    }
    source->close();
    EXPECT_EQ(sqlite3_exec(owner, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(owner);
    fetching.join();
  }
}

TEST_F(SqliteQueryTrust, TheTimeoutEndsAnEndlessQuery) {
  write(kCities);
  SqliteQueryOptions impatient = options(kEndless);
  impatient.timeout = std::chrono::milliseconds(30);
  const auto source = sqlite_query_source(impatient).value();
  const Error over = error(*source);
  EXPECT_EQ(over.code, ErrorCode::kUnavailable);
  EXPECT_NE(over.message.find("timeout of 30"), std::string::npos) << over.message;
}

TEST_F(SqliteQueryTrust, WhoWaitsForAConnectionKeepsTheDeadline) {
  write(kCities);
  SqliteQueryOptions single = options(kEndless);
  single.connections = 1;
  single.timeout = std::chrono::hours(1);
  const auto source = sqlite_query_source(single).value();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      const Deadline soon{saturating_add(system_clock()->now(), std::chrono::milliseconds(30))};
      EXPECT_EQ(error(*source, soon).code, ErrorCode::kDeadlineExceeded);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Every value is data: whatever is asked for, exactly that is found, and the schema stays.
TEST_F(SqliteQueryTrust, NoValueIsEverSql) {
  write("CREATE TABLE word (text TEXT); CREATE TABLE witness (x)");
  const auto source = open(
                          "SELECT :text AS asked, (SELECT count(*) FROM sqlite_schema) AS tables"
                          " FROM (SELECT 1) WHERE :text = :text")
                          .value();
  const std::vector<std::string> parts{
      "'",    "\"",  ";",       "--",      "/*",          "*/",      ")",     "(",
      " OR ", "1=1", " UNION ", "SELECT ", "DROP TABLE ", "witness", ":text", "%",
      "_",    "\\",  "x'41'",   "`",       "\n",          " "};
  testkit::for_each_seed(20, [&](testkit::Random& random) {
    for (int round = 0; round < 500; ++round) {
      std::string text;
      for (std::uint64_t left = random.between(1, 8); left > 0; --left) {
        text += parts[random.below(parts.size())];
      }
      ASSERT_EQ(body(*source, {{"text", text}}),
                "[{\"asked\":" + json_quote(text) + ",\"tables\":2}]");
    }
  });
}

// SQLite itself fails: call 1, 2, 3, ... to its allocator.
class FailingAllocator {
 public:
  FailingAllocator() {
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &original);
    sqlite3_mem_methods failing = original;
    failing.xMalloc = [](int size) { return fails() ? nullptr : original.xMalloc(size); };
    failing.xRealloc = [](void* old, int size) {
      return fails() ? nullptr : original.xRealloc(old, size);
    };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
  }
  ~FailingAllocator() {
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_MALLOC, &original);
  }

  // The call that fails, and all after it; 0: none.
  static inline int failing_call = 0;
  static inline int calls = 0;

 private:
  static bool fails() { return ++calls >= failing_call && failing_call > 0; }
  static inline sqlite3_mem_methods original;
};

TEST_F(SqliteQueryTrust, WithoutMemoryThereIsAnErrorAndNeverAWrongAnswer) {
  write(kCities);
  const FailingAllocator allocator;
  const std::string right = R"([{"name":"Ulm"}])";
  int call = 0;
  bool has_failed = true;
  while (has_failed) {
    ++call;
    ASSERT_LT(call, 5000);
    FailingAllocator::calls = 0;
    FailingAllocator::failing_call = call;
    {
      const auto source = open("SELECT name FROM city WHERE id = :id");
      if (source.ok()) {
        const std::string answer = body(**source, {{"id", "1"}});
        EXPECT_TRUE(answer == right || answer.starts_with("error: ")) << answer;
        FailingAllocator::failing_call = 0;
        EXPECT_EQ(body(**source, {{"id", "1"}}), right) << "after call " << call << " failed";
      }
      has_failed = FailingAllocator::calls >= call;
    }
    FailingAllocator::failing_call = 0;
  }
  EXPECT_GT(call, 50) << "the allocator was not asked";
}

}  // namespace
}  // namespace strata
