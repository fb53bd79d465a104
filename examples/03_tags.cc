// Tags and dependencies: what a value was computed from, and how it goes with it.
//
// Prints:
//   team 7: Ada, Grace
//   made again: no
//   after Grace changed: Ada, Grace Hopper
//   Ada was asked for 1 time, Grace 2 times
//   after the tag of all users: Ada, Grace Hopper
//   Ada was asked for 2 times, Grace 3 times
//   after the keyspace was cleared: still cached are 2 users and 0 pages
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "strata/strata.h"

namespace {

struct User {
  std::string name;
  int asked = 0;
};

// The origin: users, and how often each was asked for.
struct Database {
  std::map<std::string, User> users{{"1", {"Ada"}}, {"2", {"Grace"}}};

  std::string find(const std::string& id) {
    User& user = users.at(id);
    ++user.asked;
    return user.name;
  }
};

class Site {
 public:
  explicit Site(strata::Cache& cache)
      : users(cache.keyspace<std::string>("user")), pages(cache.keyspace<std::string>("page")) {}

  std::string user(strata::Load& page, const std::string& id) {
    // Read through the page's load, so that the page carries all that this user carries.
    const auto found = page.get_or_load(users, id, [this, id](strata::Load& load) {
      load.tag("users");
      return database.find(id);
    });
    return found.value();
  }

  std::string page() {
    const auto found = pages.get_or_load("team:7", [this](strata::Load& load) {
      ++pages_made;
      return user(load, "1") + ", " + user(load, "2");
    });
    return found.value();
  }

  void print_asked() {
    const int ada = database.users.at("1").asked;
    const int grace = database.users.at("2").asked;
    std::cout << "Ada was asked for " << ada << (ada == 1 ? " time" : " times") << ", Grace "
              << grace << " times\n";
  }

  Database database;
  int pages_made = 0;
  strata::Keyspace<std::string> users;
  strata::Keyspace<std::string> pages;
};

}  // namespace

int main() {
  strata::Cache cache = strata::CacheBuilder().build().value();
  Site site(cache);

  std::cout << "team 7: " << site.page() << '\n';
  (void)site.page();
  std::cout << "made again: " << (site.pages_made == 1 ? "no" : "yes") << '\n';

  // The page was read from user 2 and goes with it; user 1 stays.
  site.database.users.at("2").name = "Grace Hopper";
  site.users.invalidate("2");
  std::cout << "after Grace changed: " << site.page() << '\n';
  site.print_asked();

  cache.invalidate(strata::tag("users"));
  std::cout << "after the tag of all users: " << site.page() << '\n';
  site.print_asked();

  site.pages.clear();
  const std::vector<std::string> ids{"1", "2"};
  int users_left = 0;
  for (const auto& user : site.users.get_many(ids)) users_left += user.has_value() ? 1 : 0;
  const int pages_left = site.pages.get("team:7") ? 1 : 0;
  std::cout << "after the keyspace was cleared: still cached are " << users_left << " users and "
            << pages_left << " pages\n";
}
