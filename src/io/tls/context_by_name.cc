#include "io/tls/context_by_name.h"

#include "io/tls/server_name.h"

namespace danewerk::io {
namespace {

int context_choice_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

struct ContextChoiceCallback {
  static int on_client_hello(SSL* tls, int* alert, void*) {
    auto* choice = static_cast<ContextChoice*>(SSL_get_ex_data(tls, context_choice_index()));
    if (choice == nullptr) return SSL_CLIENT_HELLO_SUCCESS;
    ServerNameOctets octets;
    const std::string_view name = sent_server_name(tls, octets);
    const auto chosen = choice->choose_(name);
    if (!chosen) return SSL_CLIENT_HELLO_SUCCESS;
    if (*chosen == nullptr) {
      choice->refused_ = std::string(name);
      *alert = SSL_AD_UNRECOGNIZED_NAME;
      return SSL_CLIENT_HELLO_ERROR;
    }
    *alert = SSL_AD_INTERNAL_ERROR;
    // It takes the certificates and the session id context over, and holds the context by a reference of its own.
    return SSL_set_SSL_CTX(tls, (*chosen)->get()) != nullptr ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
  }
};

ContextChoice::~ContextChoice() {
  if (tls_ != nullptr) SSL_set_ex_data(tls_, context_choice_index(), nullptr);
}

void ContextChoice::attach(ssl_st* tls) {
  tls_ = tls;
  SSL_set_ex_data(tls, context_choice_index(), this);
}

void allow_choice(ssl_ctx_st* context) { SSL_CTX_set_client_hello_cb(context, &ContextChoiceCallback::on_client_hello, nullptr); }

}  // namespace danewerk::io
