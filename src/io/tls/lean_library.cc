#include "io/tls/lean_library.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace danewerk::tls {
namespace {

/// Kinds of key that may stand in a server's certificate (RFC 8446 4.2.3, RFC 8422 2.2).
constexpr std::array<std::string_view, 5> certificate_keys = {"RSA", "RSA-PSS", "EC", "ED25519", "ED448"};
/// What else a handshake computes with: the groups of RFC 8446 4.2.7, and keys of MACs and derivations.
constexpr std::array<std::string_view, 6> handshake_keys = {"X25519", "X448", "DH", "HMAC", "HKDF", "TLS1-PRF"};

/// Ciphers of TLS, and what the random generator computes with. The 130 of the default provider would each be looked at, and their
/// names be compared, whenever a certificate is read.
constexpr std::array<std::string_view, 4> cipher_families = {"AES-128-", "AES-256-", "ChaCha20", "NULL"};
constexpr std::array<std::string_view, 7> cipher_modes_left_out = {"-CFB", "-CTS", "-OFB", "-OCB", "-SIV", "-WRAP", "-XTS"};

/// "EC:id-ecPublicKey:1.2.840.10045.2.1" has the first name EC.
std::string_view first_name(const OSSL_ALGORITHM& algorithm) {
  const std::string_view all = algorithm.algorithm_names;
  return all.substr(0, all.find(':'));
}

bool is_one_of(std::string_view name, std::span<const std::string_view> those) { return std::find(those.begin(), those.end(), name) != those.end(); }

bool reads_certificate_keys(const OSSL_ALGORITHM& decoder) {
  const std::string_view properties = decoder.property_definition;
  return is_one_of(first_name(decoder), certificate_keys) && properties.find("input=der") != properties.npos &&
         properties.find("structure=SubjectPublicKeyInfo") != properties.npos;
}

bool is_wanted_cipher(const OSSL_ALGORITHM& cipher) {
  const std::string_view name = first_name(cipher);
  const auto begins_it = [name](std::string_view family) { return name.substr(0, family.size()) == family; };
  const auto is_in_it = [name](std::string_view mode) { return name.find(mode) != name.npos; };
  return std::any_of(cipher_families.begin(), cipher_families.end(), begins_it) &&
         std::none_of(cipher_modes_left_out.begin(), cipher_modes_left_out.end(), is_in_it);
}

bool is_wanted_key(const OSSL_ALGORITHM& kind) { return is_one_of(first_name(kind), certificate_keys) || is_one_of(first_name(kind), handshake_keys); }

/// The default provider, of a library of its own, and what ours tells of it. Filled before ours is loaded, then only read.
struct Lent {
  OSSL_PROVIDER* provider = nullptr;
  OSSL_FUNC_provider_query_operation_fn* query = nullptr;
  std::vector<OSSL_DISPATCH> functions;
  std::vector<OSSL_ALGORITHM> decoders;
  std::vector<OSSL_ALGORITHM> key_kinds;
  std::vector<OSSL_ALGORITHM> ciphers;
};

Lent& lent() {
  static Lent* const one = new Lent;  // OpenSSL looks at it until the process has ended
  return *one;
}

const OSSL_ALGORITHM* query_operation(void* context, int operation, int* no_cache) {
  const OSSL_ALGORITHM* all = lent().query(context, operation, no_cache);
  if (operation == OSSL_OP_DECODER) return lent().decoders.data();
  if (operation == OSSL_OP_KEYMGMT) return lent().key_kinds.data();
  if (operation == OSSL_OP_CIPHER) return lent().ciphers.data();
  return all;
}

int begin_provider(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** context) {
  *context = OSSL_PROVIDER_get0_provider_ctx(lent().provider);
  *functions = lent().functions.data();
  return 1;
}

/// Those that are `wanted`, with the empty entry that ends a list.
std::vector<OSSL_ALGORITHM> kept_of(int operation, bool (*wanted)(const OSSL_ALGORITHM&)) {
  std::vector<OSSL_ALGORITHM> out;
  int no_cache = 0;
  const OSSL_ALGORITHM* all = lent().query(OSSL_PROVIDER_get0_provider_ctx(lent().provider), operation, &no_cache);
  for (; all != nullptr && all->algorithm_names != nullptr; ++all) {
    if (wanted(*all)) out.push_back(*all);
  }
  out.push_back({});
  return out;
}

/// Everything the default provider does, but for its end, which is not ours to bring about, and its lists.
bool borrow(OSSL_PROVIDER* provider) {
  Lent& all = lent();
  all.provider = provider;
  for (const OSSL_DISPATCH* entry = OSSL_PROVIDER_get0_dispatch(provider); entry->function_id != 0; ++entry) {
    if (entry->function_id == OSSL_FUNC_PROVIDER_TEARDOWN) continue;
    all.functions.push_back(*entry);
    if (entry->function_id != OSSL_FUNC_PROVIDER_QUERY_OPERATION) continue;
    all.query = OSSL_FUNC_provider_query_operation(entry);
    all.functions.back().function = reinterpret_cast<void (*)()>(&query_operation);
  }
  all.functions.push_back({});
  if (all.query == nullptr) return false;
  all.decoders = kept_of(OSSL_OP_DECODER, reads_certificate_keys);
  all.key_kinds = kept_of(OSSL_OP_KEYMGMT, is_wanted_key);
  all.ciphers = kept_of(OSSL_OP_CIPHER, is_wanted_cipher);
  return all.ciphers.size() > cipher_families.size() && all.decoders.size() > certificate_keys.size() &&
         all.key_kinds.size() > certificate_keys.size() + handshake_keys.size();
}

/// That nothing but the default provider serves here: no FIPS module, no hardware, nothing the operator has chosen.
bool is_as_shipped() {
  bool only_default = true;
  const auto look = [](OSSL_PROVIDER* provider, void* into) {
    if (std::string_view(OSSL_PROVIDER_get0_name(provider)) != "default") *static_cast<bool*>(into) = false;
    return 1;
  };
  return OSSL_PROVIDER_do_all(nullptr, look, &only_default) == 1 && only_default && EVP_default_properties_is_fips_enabled(nullptr) == 0;
}

OSSL_LIB_CTX* make() {
  if (!is_as_shipped()) return nullptr;
  OSSL_LIB_CTX* const lender = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* const provider = lender != nullptr ? OSSL_PROVIDER_load(lender, "default") : nullptr;
  if (provider == nullptr || !borrow(provider)) return nullptr;
  OSSL_LIB_CTX* const lean = OSSL_LIB_CTX_new();
  if (lean == nullptr || OSSL_PROVIDER_add_builtin(lean, "danewerk-lean", begin_provider) != 1) return nullptr;
  return OSSL_PROVIDER_load(lean, "danewerk-lean") != nullptr ? lean : nullptr;
}

}  // namespace

ossl_lib_ctx_st* lean_library() {
  static OSSL_LIB_CTX* const made = [] {
    ERR_set_mark();
    OSSL_LIB_CTX* const library = make();
    ERR_pop_to_mark();
    return library;
  }();
  return made;
}

}  // namespace danewerk::tls
