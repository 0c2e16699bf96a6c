// What the streams of the forward source are called. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

#include "engine/ingest/net/sender_streams.h"

namespace culprit {

// "kube.var.log.containers.api_shop_web-0a1b.log" -> "/var/log/containers/api_shop_web-0a1b.log",
// "web.access" -> "web/access": the tag as the path that it was made of, for the rules that find a
// service in a path.
std::string PathOfTag(std::string_view tag);

// One stream per tag and sender.
StreamLook LookOf(std::string_view source, std::string_view tag, std::string_view host);

}  // namespace culprit
