// Output as uacme 1.7.4 wrote it against Pebble 2.4, and as CAs with limits answer.
#include "io/acme/client_words.h"

#include <gtest/gtest.h>

namespace danewerk::io {
namespace {

const Instant now = *parse_rfc3339("2026-11-27T12:00:00Z");

TEST(ClientWords, gives_the_cas_sentence) {
  const auto said = read_client_words(R"(uacme: challenge https://ca.example/chalZ/0 failed with status invalid
uacme: the server reported the following error:
{
    "type": "urn:ietf:params:acme:error:unauthorized",
    "detail": "No TXT record found at _acme-challenge.s1.mx.example.net",
    "status": 403
}
uacme: failed to authorize order at https://ca.example/my-order/1
)", now);
  EXPECT_EQ(said.words, "No TXT record found at _acme-challenge.s1.mx.example.net (unauthorized)");
  EXPECT_FALSE(said.not_before);
}

TEST(ClientWords, names_every_subproblem) {  // RFC 8555 6.7.1
  const auto said = read_client_words(R"(uacme: the server reported the following error:
{
    "type": "urn:ietf:params:acme:error:compound",
    "detail": "several",
    "subproblems": [{"type": "urn:ietf:params:acme:error:caa", "detail": "CAA\nforbids"}]
}
)", now);
  EXPECT_EQ(said.words, "several (compound); CAA forbids (caa)");
}

TEST(ClientWords, honours_retry_after_of_a_refusal_only) {  // RFC 8555 6.6
  const std::string good = "HTTP/2 200 \nretry-after: 5\n\n";
  EXPECT_FALSE(read_client_words(good, now).not_before);
  EXPECT_EQ(read_client_words(good + "HTTP/2 429 \r\nRetry-After: 7200\r\n\r\n", now).not_before, now + std::chrono::hours(2));
  EXPECT_EQ(read_client_words("HTTP/1.1 503 Busy\nRetry-After: Fri, 27 Nov 2026 15:30:00 GMT\n", now).not_before, *parse_rfc3339("2026-11-27T15:30:00Z"));
  EXPECT_EQ(read_client_words("HTTP/2 429\nretry-after: 4000000000\n", now).not_before, now + std::chrono::hours(14 * 24));
  EXPECT_FALSE(read_client_words("HTTP/2 429\nretry-after: soon\n", now).not_before);
}

TEST(ClientWords, falls_back_on_the_clients_own) {
  const auto said = read_client_words("uacme: curl_get: GET https://ca.example/dir failed: Couldn't connect to server\n"
                                      "uacme: curl_get: waiting 5 seconds before retrying\nuacme: failed to fetch directory at https://ca.example/dir\n", now);
  EXPECT_EQ(said.words,
            "uacme: curl_get: GET https://ca.example/dir failed: Couldn't connect to server; uacme: failed to fetch directory at https://ca.example/dir");
  EXPECT_EQ(read_client_words("", now).words, "the ACME client ended without a word");
  EXPECT_EQ(read_client_words("the server reported the following error:\n{ \"detail\": 7,\n}", now).words, "}");
}

}  // namespace
}  // namespace danewerk::io
