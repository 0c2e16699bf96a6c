#include "engine/parse/path_service.h"

#include <gtest/gtest.h>

namespace culprit {
namespace {

std::string ServiceOf(const std::string& path, const std::string& member = "") {
  StreamInfo info;
  info.path = path;
  info.member = member;
  return ServiceFromPath(info).service;
}

std::string InstanceOf(const std::string& path) {
  StreamInfo info;
  info.path = path;
  return ServiceFromPath(info).instance;
}

TEST(FileStem, StripsExtensionsRotationsAndDates) {
  EXPECT_EQ(FileStem("app.log.2.gz"), "app");
  EXPECT_EQ(FileStem("api-2026-11-21.log"), "api");
  EXPECT_EQ(FileStem("api.log-20261121"), "api");
  EXPECT_EQ(FileStem("api.log.2026-11-21-06"), "api");
  EXPECT_EQ(FileStem("billing.stdout.log.1.zst"), "billing");
  EXPECT_EQ(FileStem("core-1.log"), "core");
  EXPECT_EQ(FileStem("nova-api.log"), "nova-api");
  EXPECT_EQ(FileStem("http2.log"), "http2");
  EXPECT_EQ(FileStem("s3.log"), "s3");
}

TEST(DeploymentOfPod, KnowsTheThreeKindsOfPods) {
  EXPECT_EQ(DeploymentOfPod("ts-order-service-5b67c48447-mv5hb"), "ts-order-service");
  EXPECT_EQ(DeploymentOfPod("etcd-0"), "etcd");
  EXPECT_EQ(DeploymentOfPod("fluentd-x7k2p"), "fluentd");
  EXPECT_EQ(DeploymentOfPod("nova-compute"), "");
  EXPECT_EQ(DeploymentOfPod("rest-api"), "");
}

TEST(ServiceFromPath, FollowsKubernetesAndDockerLayouts) {
  EXPECT_EQ(
      ServiceOf("/var/log/pods/shop_cart-6d4cf56db6-abz2x_0a1b2c3d-0000-4aaa-8bbb-0123456789ab/"
                "cart/0.log"),
      "cart");
  EXPECT_EQ(
      InstanceOf("/var/log/pods/shop_etcd-0_0a1b2c3d-0000-4aaa-8bbb-0123456789ab/proxy/3.log.gz"),
      "etcd-0/proxy");
  EXPECT_EQ(ServiceOf("/var/log/containers/cart-6d4cf56db6-k2x9z_shop_main-"
                      "4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796.log"),
            "cart");
  EXPECT_EQ(ServiceOf("/var/lib/docker/containers/"
                      "4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796/"
                      "4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796-json.log"),
            "4f5e6d7c8b9a");
  EXPECT_EQ(ServiceOf("dump/ts-food-service-f5756978c-k8vqf.log"), "ts-food-service");
}

TEST(ServiceFromPath, TakesTheNearestDirectoryWithANameUnderALogDirectory) {
  EXPECT_EQ(ServiceOf("case/logs/nova/nova-api.log"), "nova");
  EXPECT_EQ(InstanceOf("case/logs/nova/nova-api.log"), "nova-api");
  EXPECT_EQ(ServiceOf("/var/log/nginx/access.log"), "nginx");
  EXPECT_EQ(ServiceOf("logs/2026-11-21/cart/app.log"), "cart");
  EXPECT_EQ(ServiceOf("all.tar.xz", "outage/logs/cart/2026-11-21/0.log"), "cart");
}

TEST(ServiceFromPath, FallsToTheFileThenToTheDirectory) {
  EXPECT_EQ(ServiceOf("incident/logs/api.log"), "api");
  EXPECT_EQ(ServiceOf("/home/me/incident/api.log.3.gz"), "api");
  EXPECT_EQ(ServiceOf("incident/cart/stdout.log"), "cart");
  EXPECT_EQ(ServiceOf("kafka/logs/server.log"), "kafka");
  EXPECT_EQ(ServiceOf("/var/log/syslog"), "syslog");
}

}  // namespace
}  // namespace culprit
