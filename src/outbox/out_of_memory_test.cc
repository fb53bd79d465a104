// The relay with the first, second, third ... allocation of a poll failing, once and from then on.
#include <gmock/gmock.h>

#include "testkit/failing_allocations.h"
#include "testkit/outbox_bed.h"

namespace strata {
namespace {

using testkit::FailingAllocations;
using testkit::OutboxListener;

class RelayOutOfMemory : public testkit::OutboxBed {};

TEST_F(RelayOutOfMemory, WhatAPollCouldNotTellTheNextOneDoes) {
  OutboxListener handler;
  int id = 0;
  const long failed = testkit::fail_each_allocation([&](FailingAllocations& failing) {
    handler = {};
    const auto relay = open(handler);
    poll(*relay, handler);
    insert(id + 1, id + 2);
    id += 2;
    failing.begin();
    const Result<OutboxPoll> polled = relay->poll_once();
    failing.end();
    if (!polled) {
      EXPECT_TRUE(relay->poll_once().ok());
    }
    const std::vector<std::string> told = handler.take_told();
    EXPECT_THAT(told, testing::Contains("issue " + std::to_string(id - 1) + " write"));
    EXPECT_THAT(told, testing::Contains("issue " + std::to_string(id) + " write"));
    EXPECT_TRUE(poll(*relay, handler).empty());
    relay->close();
  });
  EXPECT_GT(failed, 20);
}

TEST_F(RelayOutOfMemory, ARelayThatCannotBeOpenedCanBeOpenedAgain) {
  OutboxListener handler;
  const long failed = testkit::fail_each_allocation([&](FailingAllocations& failing) {
    OutboxRelayOptions first = options();
    failing.begin();
    auto relay = OutboxRelay::open(std::move(first), handler.handler(), clock_, {});
    failing.end();
    if (!relay) relay = try_open(handler, options());
    ASSERT_TRUE(relay.ok()) << relay.error().message;
    EXPECT_TRUE((*relay)->poll_once().ok());
  });
  EXPECT_GT(failed, 4);
}

}  // namespace
}  // namespace strata
