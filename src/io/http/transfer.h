// Transfer: one request as libcurl sees it, with every option that keeps a stranger's host from more than we allow.
// Private to this folder.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>

#include "io/http/https_client.h"

namespace danewerk::io {

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

struct HttpsTransfer {
  HttpsTransfer(HttpsRequest what, const AddressFilter& addresses, Completion<HttpsResult> whom);
  /// Prepares the handle. Error: why there is nothing to start.
  Result<void, HttpsFailure> prepare();
  /// What came of it, after libcurl has ended it.
  HttpsResult conclude(CURLcode code);
  std::chrono::milliseconds left() const;

  HttpsRequest request;
  const AddressFilter& filter;
  Completion<HttpsResult> done;
  std::chrono::steady_clock::time_point until;
  std::vector<types::IpAddress> allowed;  ///< of request.addresses
  std::unique_ptr<CURL, FreeEasy> easy;
  std::unique_ptr<curl_slist, FreeList> resolve;
  std::unique_ptr<curl_slist, FreeList> fields;
  std::optional<tls::HandshakeJudge> judge;
  HttpsReply reply;
  std::size_t header_octets = 0;
  std::optional<HttpsFault> broken_off;  ///< why we ended it ourselves
  char error[CURL_ERROR_SIZE] = {};
};

}  // namespace danewerk::io
