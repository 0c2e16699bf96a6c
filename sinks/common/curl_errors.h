// What the clients over libcurl share. For .cc files of this folder: it includes libcurl's header.
#pragma once
#include <curl/curl.h>

#include "sinks/common/http_client.h"

namespace culprit {

// Once per process; false: libcurl cannot be used.
bool PrepareCurl();

// Of a transfer that ended with `code`.
HttpError CurlErrorOf(CURL* curl, CURLcode code);
bool IsAboutTls(HttpError error);
void SetCurlTls(CURL* curl, const HttpTls& tls);

}  // namespace culprit
