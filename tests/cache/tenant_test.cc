// Tenants: parts of a keyspace that do not see each other, and how they go.
#include <string>

#include "cache/cache_fixture.h"
#include "strata/core/limits.h"

namespace strata::testkit {
namespace {

class TenantTest : public CacheFixture {
 protected:
  void SetUp() override {
    acme_.put("1", "acme's");
    blue_.put("1", "blue's");
    whole_.put("1", "nobody's");
  }
  void TearDown() override { check(cache_); }

  // Memory, then without it, so that both tiers are asked.
  std::string read(Keyspace<std::string>& keyspace) {
    const std::string warm = keyspace.get("1").value_or("-");
    empty_memory(cache_);
    EXPECT_EQ(keyspace.get("1").value_or("-"), warm);
    return warm;
  }
  std::string all() { return read(acme_) + " " + read(blue_) + " " + read(whole_); }

  Cache cache_ = make_cache();
  Keyspace<std::string> whole_ =
      cache_.keyspace<std::string>("user", {.type = "person", .source = "db", .schema = "v3"});
  Keyspace<std::string> acme_ = whole_.of_tenant("acme");
  Keyspace<std::string> blue_ = whole_.of_tenant("blue");
};

TEST_F(TenantTest, TheSameIdIsAnotherKeyForEachTenant) {
  EXPECT_EQ(all(), "acme's blue's nobody's");
  EXPECT_EQ(acme_.key({.identifier = "1"})->text(), "1:acme/user::1:");
  EXPECT_EQ(acme_.name(), "acme/user");
}

TEST_F(TenantTest, ATenantGoesAsAWholeInEveryKeyspace) {
  auto orders = cache_.keyspace<std::string>("order").of_tenant("acme");
  orders.put("1", "an order");
  EXPECT_TRUE(cache_.invalidate(tenant("acme")).ok());
  EXPECT_EQ(all(), "- blue's nobody's");
  EXPECT_EQ(read(orders), "-");
}

TEST_F(TenantTest, ATenantsPartIsClearedAlone) {
  acme_.clear();
  EXPECT_EQ(all(), "- blue's nobody's");
}

TEST_F(TenantTest, AllPartsGoWithTheirKeyspace) {
  whole_.clear();
  EXPECT_EQ(all(), "- - -");
}

TEST_F(TenantTest, AllPartsGoWithTypeSourceAndSchema) {
  for (const Label& label : {type("person"), source("db"), schema("v3")}) {
    SetUp();
    cache_.invalidate(label);
    EXPECT_EQ(all(), "- - -") << format_label(label);
  }
}

TEST_F(TenantTest, ANameWithASlashIsATenantsPart) {
  auto acme = cache_.keyspace<std::string>("acme/user");
  EXPECT_EQ(read(acme), "acme's");
}

TEST_F(TenantTest, WhatIsDerivedFromATenantsValueGoesWithTheTenant) {
  auto pages = cache_.keyspace<std::string>("page");
  const auto page = [&] {
    return *pages.get_or_load("home", [&](Load& load) { return *load.get(acme_, "1") + " page"; });
  };
  EXPECT_EQ(page(), "acme's page");
  cache_.invalidate(tenant("acme"));
  acme_.put("1", "new");
  EXPECT_EQ(page(), "new page");
}

TEST_F(TenantTest, BadNamesAreRefusedWithTheName) {
  const auto refusal = [](const Keyspace<std::string>& keyspace) {
    return keyspace.status().ok() ? "" : keyspace.status().error().message;
  };
  EXPECT_EQ(refusal(whole_.of_tenant("")), "the tenant has no name");
  EXPECT_EQ(refusal(whole_.of_tenant("a b")),
            "the name of tenant \"a b\" contains \" \"; allowed are A-Z a-z 0-9 _ . -");
  EXPECT_FALSE(whole_.of_tenant("a/b").status().ok());
  EXPECT_FALSE(cache_.keyspace<std::string>("a/b/c").status().ok());
  EXPECT_FALSE(cache_.keyspace<std::string>("/user").status().ok());
  EXPECT_FALSE(cache_.keyspace<int>("user").of_tenant("acme").status().ok());
}

TEST_F(TenantTest, AKeyspaceKeptByTenantRefusesCallsWithoutOne) {
  auto notes = cache_.keyspace<std::string>("note", {.tenants = true});
  const PutResult put = notes.put("1", "whose?");
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error->message, "keyspace 'note' is kept by tenant; call of_tenant() on it");
  auto acme = notes.of_tenant("acme");
  acme.put("1", "acme's");
  EXPECT_EQ(read(acme), "acme's");
  EXPECT_EQ(cache_.stats().keyspaces.back().name, "user");
}

TEST_F(TenantTest, TheNumberOfPartsIsLimited) {
  const std::size_t open = 2;
  for (std::size_t i = open; i < limits::kTenantKeyspaces; ++i) {
    ASSERT_TRUE(whole_.of_tenant(std::to_string(i)).status().ok()) << i;
  }
  EXPECT_FALSE(whole_.of_tenant("one-more").status().ok());
  EXPECT_TRUE(whole_.of_tenant("acme").status().ok());
  EXPECT_TRUE(cache_.keyspace<std::string>("another").status().ok());
}

}  // namespace
}  // namespace strata::testkit
