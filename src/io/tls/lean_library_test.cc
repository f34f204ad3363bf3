// That the lean library is leaner, and that a client which uses it shakes hands with servers of every kind of key.
#include <gtest/gtest.h>

#include <openssl/decoder.h>

#include "io/tls/certificate_forge.h"
#include "io/tls/context.h"
#include "io/tls/dane_verify.h"
#include "io/tls/lean_library.h"

namespace danewerk::tls {
namespace {

int decoders_in(OSSL_LIB_CTX* library) {
  int count = 0;
  OSSL_DECODER_do_all_provided(library, [](OSSL_DECODER*, void* into) { ++*static_cast<int*>(into); }, &count);
  return count;
}

TEST(LeanLibrary, offers_the_decoders_of_certificate_keys_only) {
  ASSERT_NE(lean_library(), nullptr);
  EXPECT_EQ(decoders_in(lean_library()), 5);
  EXPECT_GT(decoders_in(nullptr), 5);
  EXPECT_EQ(lean_library(), lean_library());
}

/// What a client of that library would offer of everything that OpenSSL has.
std::vector<std::string> suites_of(OSSL_LIB_CTX* library) {
  const SslCtxPtr context(SSL_CTX_new_ex(library, nullptr, TLS_client_method()));
  CHECK(SSL_CTX_set_cipher_list(context.get(), "ECDHE+AES:ECDHE+CHACHA20") == 1);
  const SslPtr client(SSL_new(context.get()));
  std::vector<std::string> names;
  STACK_OF(SSL_CIPHER)* const suites = SSL_get1_supported_ciphers(client.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(suites); ++i) names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, i)));
  sk_SSL_CIPHER_free(suites);
  return names;
}

TEST(LeanLibrary, offers_the_same_cipher_suites) {
  ASSERT_NE(lean_library(), nullptr);
  EXPECT_GT(suites_of(nullptr).size(), 15U);
  EXPECT_EQ(suites_of(lean_library()), suites_of(nullptr));
}

struct Keys {
  const char* name;
  forge::Key key;
  const EVP_MD* digest;
};

forge::Key new_key(const char* kind, const char* group = nullptr) {
  const std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>> context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  CHECK(EVP_PKEY_keygen_init(context.get()) == 1 && (group == nullptr || EVP_PKEY_CTX_set_group_name(context.get(), group) == 1));
  EVP_PKEY* key = nullptr;
  CHECK(EVP_PKEY_generate(context.get(), &key) == 1);
  return {key, EVP_PKEY_free};
}

std::vector<Keys> keys() {
  return {{"RSA", forge::rsa_key(2048), EVP_sha256()}, {"RSA-PSS", new_key("RSA-PSS"), EVP_sha256()},
          {"P-256", new_key("EC", "P-256"), EVP_sha256()}, {"P-384", new_key("EC", "P-384"), EVP_sha384()},
          {"P-521", new_key("EC", "P-521"), EVP_sha512()}, {"Ed25519", new_key("ED25519"), nullptr},
          {"Ed448", new_key("ED448"), nullptr}};
}

/// A server of that version and group with that identity, and our client; true if they agree.
bool shake_hands(SSL* client, SSL_CTX* serving, const forge::Identity& identity, int version, const char* group) {
  const SslPtr server(SSL_new(serving));
  CHECK(SSL_use_certificate(server.get(), identity.certificate.get()) == 1 && SSL_use_PrivateKey(server.get(), identity.key.get()) == 1);
  CHECK(SSL_set_max_proto_version(server.get(), version) == 1 && SSL_set1_groups_list(server.get(), group) == 1);
  BIO* one = nullptr;
  BIO* other = nullptr;
  CHECK(BIO_new_bio_pair(&one, 0, &other, 0) == 1);
  SSL_set_bio(client, one, one);
  SSL_set_bio(server.get(), other, other);
  SSL_set_connect_state(client);
  SSL_set_accept_state(server.get());
  for (int round = 0; round < 20; ++round) {
    const int mine = SSL_do_handshake(client);
    if (SSL_do_handshake(server.get()) == 1 && mine == 1) return true;
  }
  return false;
}

TEST(LeanLibrary, shakes_hands_with_every_kind_of_key_and_judges_it) {
  const auto context = *io::ClientContext::make();
  const SslCtxPtr serving(SSL_CTX_new(TLS_server_method()));
  for (const Keys& one : keys()) {
    forge::Forgery forgery{"mx.example"};
    forgery.digest = one.digest;
    const forge::Identity identity = forge::forge(forgery, one.key);
    for (const auto& [version, group] : {std::pair{TLS1_3_VERSION, "X25519"}, {TLS1_3_VERSION, "ffdhe2048"}, {TLS1_3_VERSION, "X448"},
                                         {TLS1_2_VERSION, "P-256"}, {TLS1_2_VERSION, "P-521:X448"}}) {
      SCOPED_TRACE(std::string(one.name) + " " + std::to_string(version) + " " + group);
      const bool other_curve = version == TLS1_2_VERSION && std::string_view(one.name).starts_with("P-");  // TLS 1.2: groups bind ECDSA too
      const SslPtr client(SSL_new(context->get()));
      ASSERT_TRUE(shake_hands(client.get(), serving.get(), identity, version, other_curve ? one.name : group)) << newest_openssl_error();
      const types::TlsaRecord record = record_for(identity.info(), types::TlsaUsage::dane_ee, types::TlsaSelector::spki, types::TlsaMatching::sha2_256);
      const types::TlsaSet usable{record};
      const types::TlsaBaseDomain base(*types::DomainName::parse("mx.example"));
      const auto verdict = verify_chain(SSL_get_peer_cert_chain(client.get()), {usable, base, {}, forge::instant("2026-02-02T00:00:00Z")});
      ASSERT_TRUE(verdict) << verdict.error().what;
      EXPECT_TRUE(verdict->is_authenticated());
      EXPECT_EQ(digest_chain(SSL_get_peer_cert_chain(client.get())).front().spki_sha256, identity.info().spki_sha256);
    }
  }
}

}  // namespace
}  // namespace danewerk::tls
