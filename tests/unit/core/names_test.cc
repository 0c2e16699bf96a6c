#include "engine/core/names.h"

#include <gtest/gtest.h>

namespace culprit {
namespace {

Knowledge Known() {
  Knowledge all;
  all.packs.push_back({.name = "a"});
  all.packs.push_back({.name = "mine", .user = true});
  all.components.push_back({.name = "api", .kind = "service", .packs = {0}});
  all.components.push_back(
      {.name = "etcd", .kind = "store", .ports = {2379, 2380}, .aliases = {"etcd3"}, .packs = {0}});
  all.components.push_back({.name = "orders-db", .kind = "store", .ports = {5432}, .packs = {1}});
  all.components.push_back({.name = "postgresql", .kind = "store", .ports = {5432}, .packs = {0}});
  all.components.push_back({.name = "proxy-a", .ports = {8000}, .packs = {0}});
  all.components.push_back({.name = "proxy-b", .ports = {8000}, .packs = {0}});
  return all;
}

TEST(NameResolver, ServicesLoseReplicaSuffixes) {
  const Knowledge known = Known();
  const NameResolver names(known);
  EXPECT_EQ(names.Service("API"), "api");
  EXPECT_EQ(names.Service("etcd-0"), "etcd");
  EXPECT_EQ(names.Service("etcd3"), "etcd");
  EXPECT_EQ(names.Service("core-7d9f8b6c5-x2x9p"), "core");
  EXPECT_EQ(names.Service("staff-api"), "staff-api");
  EXPECT_EQ(names.Service("ts-order-service"), "ts-order-service");
  EXPECT_EQ(names.Service("node3"), "node3");
  EXPECT_EQ(names.Service(""), "unknown");
}

TEST(NameResolver, AddressesFindTheirComponent) {
  const Knowledge known = Known();
  const NameResolver names(known);
  EXPECT_EQ(names.Target("10.0.0.5:2379"), "etcd");
  EXPECT_EQ(names.Target("etcd-1.etcd.prod.svc.cluster.local:1"), "etcd");
  EXPECT_EQ(names.Target("http://user:pw@etcd:2379/v3/kv"), "etcd");
  EXPECT_EQ(names.Target("[::1]:2380"), "etcd");
  EXPECT_EQ(names.Target("127.0.0.1:5432"), "orders-db") << "the user's component wins its port";
  EXPECT_EQ(names.Target("10.1.2.3:8000"), "ext:10.1.2.3:8000") << "two components share the port";
  EXPECT_EQ(names.Target("payments.internal:9000"), "payments");
  EXPECT_EQ(names.Target("payments-7d9f8b6c5-x2x9p"), "payments");
  EXPECT_EQ(names.Target("api.stripe.com:443"), "api.stripe.com") << "not one of ours";
  EXPECT_EQ(names.Target("hooks.slack.com:443"), "hooks.slack.com");
  EXPECT_EQ(names.Target("db.prod/10.0.0.9:1234"), "db.prod");
  EXPECT_EQ(names.Target("/10.0.0.9:2379"), "etcd");
  EXPECT_EQ(names.Target("10.0.0.9"), "ext:10.0.0.9");
  EXPECT_EQ(names.Target("localhost"), "");
  EXPECT_EQ(names.Target(""), "");
}

}  // namespace
}  // namespace culprit
