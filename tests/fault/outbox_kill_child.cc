// A process that gets killed: an application that changes its tables, or a relay.
//
// Usage: outbox_kill_child FOLDER write SEED | outbox_kill_child FOLDER relay READER
#include <cstdlib>
#include <iostream>
#include <string>

#include "fault/outbox_oracle.h"
#include "testkit/application_database.h"
#include "testkit/random.h"

namespace strata {
namespace {

using testkit::OutboxOracle;

// Changes the table `item` as it likes, one transaction after the other.
class Writer {
 public:
  Writer(const std::string& database, OutboxOracle& oracle, std::uint64_t seed)
      : application_(database), oracle_(oracle), random_(seed) {
    application_.run("PRAGMA synchronous = OFF");
  }

  void run() {
    while (oracle_.next_version < OutboxOracle::kVersions - 10) {
      application_.run("BEGIN IMMEDIATE");
      const std::uint64_t changes = random_.between(1, 5);
      for (std::uint64_t i = 0; i < changes; ++i) change();
      if (random_.one_in(3)) {
        application_.run("ROLLBACK");
        ++oracle_.rollbacks;
      } else {
        application_.run("COMMIT");
        ++oracle_.commits;
      }
    }
  }

 private:
  void change() {
    const std::string version = std::to_string(oracle_.next_version++);
    const std::string id = std::to_string(random_.below(20));
    const std::string slot = std::to_string(random_.below(15));
    switch (random_.below(6)) {
      case 0:
      case 1:
        application_.run("REPLACE INTO item VALUES (" + id + ", " + slot + ", " + version + ")");
        break;
      case 2:
        application_.run("INSERT INTO item VALUES (" + id + ", NULL, " + version +
                         ") ON CONFLICT(number) DO UPDATE SET version = excluded.version");
        break;
      case 3:
        application_.run("UPDATE item SET version = " + version + " WHERE number = " + id);
        break;
      case 4:
        application_.run("UPDATE OR REPLACE item SET number = (number + 7) % 20, slot = " + slot +
                         ", version = " + version + " WHERE number = " + id);
        break;
      default:
        application_.run("DELETE FROM item WHERE number = " + id);
        return;
    }
    application_.run("INSERT INTO log SELECT " + version +
                     ", number FROM item WHERE version = " + version);
  }

  testkit::ApplicationDatabase application_;
  OutboxOracle& oracle_;
  testkit::Random random_;
};

int run(const std::string& folder, const std::string& what, std::uint64_t number) {
  OutboxOracle& oracle = *OutboxOracle::map(folder + "/oracle");
  const std::string database = folder + "/application.db";
  if (what == "write") {
    Writer(database, oracle, number).run();
    return EXIT_SUCCESS;
  }
  const auto relay = oracle.open_relay(database, number);
  relay->start();
  while (true) ::pause();
}

}  // namespace
}  // namespace strata

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: outbox_kill_child FOLDER write|relay NUMBER\n";
    return 2;
  }
  return strata::run(arguments[1], arguments[2], std::strtoull(arguments[3], nullptr, 10));
}
