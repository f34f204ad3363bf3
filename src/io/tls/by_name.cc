#include "io/tls/by_name.h"

#include <openssl/ssl.h>

#include "io/tls/identity.h"
#include "io/tls/self_issue.h"
#include "io/tls/server_name.h"

namespace danewerk::io {
namespace {

/// Of one connection, from its first message on.
struct Choice {
  std::string name;
  bool answered = false;
  std::shared_ptr<const LoadedIdentity> identity;
};

void free_choice(void*, void* choice, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Choice*>(choice); }
void free_chooser(void*, void* chooser, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<ChooseIdentity*>(chooser); }

int choice_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_choice);
  return index;
}

int chooser_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_chooser);
  return index;
}

int on_client_hello(SSL* tls, int* alert, void*) {
  auto* choice = static_cast<Choice*>(SSL_get_ex_data(tls, choice_index()));
  if (choice == nullptr) {
    choice = new Choice;
    SSL_set_ex_data(tls, choice_index(), choice);
    ServerNameOctets octets;
    choice->name = std::string(sent_server_name(tls, octets));
  }
  if (!choice->answered) return SSL_CLIENT_HELLO_RETRY;
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  if (!choice->identity) return SSL_CLIENT_HELLO_ERROR;
  *alert = SSL_AD_INTERNAL_ERROR;
  return choice->identity->show_on(tls) ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

/// A context has to have an identity; this one is never shown, since every handshake is given another or refused.
Result<std::shared_ptr<const ServerContext>> context_with_any_key() {
  TRY(const std::string key, generate_key(KeyAlgorithm::ecdsa_p256));
  TRY(const types::DomainName nobody, types::DomainName::parse("never-shown.invalid"));
  TRY(const std::string chain, self_issue(key, {nobody}, Instant{}, Instant{std::chrono::hours(1)}));
  return ServerContext::make({{key, chain}});
}

}  // namespace

struct LoadedIdentity::Parts {
  ReadIdentity read;
};

Result<std::shared_ptr<const LoadedIdentity>> LoadedIdentity::load(const ServerIdentity& identity) {
  auto parts = std::make_shared<Parts>();
  TRY(parts->read, read_identity(identity, "certificate kept for a name"));
  return std::shared_ptr<const LoadedIdentity>(new LoadedIdentity(std::move(parts)));
}

bool LoadedIdentity::show_on(ssl_st* tls) const noexcept {
  const ReadIdentity& read = parts_->read;
  return SSL_use_cert_and_key(tls, read.leaf.get(), read.key.get(), read.rest.get(), 1) == 1;
}

Result<std::shared_ptr<const ServerContext>> server_by_name(ChooseIdentity choose) {
  TRY(auto context, context_with_any_key());
  SSL_CTX* raw = context->get();
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_ex_data(raw, chooser_index(), new ChooseIdentity(std::move(choose)));
  SSL_CTX_set_client_hello_cb(raw, &on_client_hello, nullptr);
  return context;
}

Task<Result<void>> choose_identity(ssl_st* tls) {
  auto* choice = static_cast<Choice*>(SSL_get_ex_data(tls, choice_index()));
  const auto* choose = static_cast<const ChooseIdentity*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(tls), chooser_index()));
  if (choice == nullptr || choose == nullptr || choice->answered) co_return fail(ErrorKind::internal, "TLS handshake: asked for a certificate twice");
  choice->identity = co_await (*choose)(choice->name);
  choice->answered = true;
  co_return Result<void>{};
}

}  // namespace danewerk::io
