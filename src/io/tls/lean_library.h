// lean_library(): OpenSSL's own algorithms for TLS clients, without those that only make it slow to read a certificate.
//
// To read the key in a certificate OpenSSL 3.0 asks every algorithm of the library whether it might be the one that knows the
// format: forty decoders and eighteen kinds of key, anew for each certificate (openssl issues 15199 and 17950; kept in memory
// since 3.2 only), which takes more than a million instructions. A server's certificate holds a key of one of five kinds, in one
// format; a library context that offers those five decoders alone reads the same certificate with a third of the
// instructions (decision 0033).
//
// Nothing is computed by other code: the algorithms are those of OpenSSL's "default" provider, handed on by a provider of ours
// whose lists are shorter. A certificate with a key of any other kind is read too, but its key is not, as it is with every kind that
// OpenSSL does not know: such a handshake fails.
//
// Where the operator has set up OpenSSL otherwise (openssl.cnf: FIPS, hardware, other providers) his choice holds: null is
// returned, which means OpenSSL's usual library.
#pragma once

struct ossl_lib_ctx_st;

namespace danewerk::tls {

/// Made once for the process and never freed; thread safe. Null: use the usual library.
ossl_lib_ctx_st* lean_library();

}  // namespace danewerk::tls
