// verify_chain against the judgement OpenSSL itself gives during a real handshake with DANE switched on: a client and a
// server in memory, the same chain, records, names and time. Over a seeded set of worlds the two must agree in verdict,
// matched record, depth and error, because delivery relies on judging after the handshake what others judge within it.
// engine/dane makes the selection, as in delivery, while the handshake is given every record of usage 2 and 3.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/dane/usability.h"
#include "io/tls/certificate_forge.h"
#include "io/tls/dane_verify.h"
#include "io/tls/lean_library.h"

namespace danewerk::tls {
namespace {

using forge::authority;
using forge::ec_key;
using forge::Forgery;
using forge::Identity;
using types::TlsaRecord;
using types::TlsaSet;
using types::TlsaUsage;

constexpr unsigned seed = 7672;

struct Case {
  std::vector<Identity> chain;
  TlsaSet records;
  std::string base;
  std::vector<std::string> names;
  Instant at;
};

struct Native {
  int error = -1;  ///< X509_V_...
  int depth = -1;
  std::optional<TlsaRecord> record;
  bool any_usable = false;
  bool handshake = false;
};

SslPtr native_server(SSL_CTX* context, const std::vector<Identity>& chain) {
  SslPtr server(SSL_new(context));
  SSL_set_security_level(server.get(), 0);
  CHECK(SSL_use_certificate(server.get(), chain.front().certificate.get()) == 1);
  CHECK(SSL_use_PrivateKey(server.get(), chain.front().key.get()) == 1);
  for (std::size_t i = 1; i < chain.size(); ++i) CHECK(SSL_add1_chain_cert(server.get(), chain[i].certificate.get()) == 1);
  SSL_set_accept_state(server.get());
  return server;
}

SslPtr native_client(SSL_CTX* context, const Case& c, bool& any_usable) {
  SslPtr client(SSL_new(context));
  SSL_set_security_level(client.get(), authentication_security_level);
  CHECK(SSL_dane_enable(client.get(), c.base.c_str()) == 1);
  SSL_dane_set_flags(client.get(), DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  SSL_set_hostflags(client.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  for (const std::string& name : c.names) CHECK(SSL_add1_host(client.get(), name.c_str()) == 1);
  for (const TlsaRecord& record : c.records) {
    const int added = SSL_dane_tlsa_add(client.get(), static_cast<std::uint8_t>(record.usage),
                                        static_cast<std::uint8_t>(record.selector), static_cast<std::uint8_t>(record.matching),
                                        record.data.data(), record.data.size());
    CHECK(added >= 0);
    any_usable = any_usable || added > 0;
  }
  X509_VERIFY_PARAM_set_time(SSL_get0_param(client.get()),
                             std::chrono::floor<std::chrono::seconds>(c.at).time_since_epoch().count());
  SSL_set_connect_state(client.get());
  return client;
}

Native judge_in_handshake(const Case& c) {
  Native out;
  static const SslCtxPtr server_side(SSL_CTX_new(TLS_server_method()));
  static const SslCtxPtr client_side(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_dane_enable(client_side.get());
  const SslPtr client = native_client(client_side.get(), c, out.any_usable);
  const SslPtr server = native_server(server_side.get(), c.chain);
  BIO* one = nullptr;
  BIO* other = nullptr;
  CHECK(BIO_new_bio_pair(&one, 0, &other, 0) == 1);
  SSL_set_bio(client.get(), one, one);
  SSL_set_bio(server.get(), other, other);
  for (int round = 0; round < 20 && !out.handshake; ++round) {
    const int c_done = SSL_do_handshake(client.get());
    const int s_done = SSL_do_handshake(server.get());
    out.handshake = c_done == 1 && s_done == 1;
  }
  out.error = static_cast<int>(SSL_get_verify_result(client.get()));
  out.depth = SSL_get0_dane_authority(client.get(), nullptr, nullptr);
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching = 0;
  const unsigned char* data = nullptr;
  std::size_t length = 0;
  if (SSL_get0_dane_tlsa(client.get(), &usage, &selector, &matching, &data, &length) >= 0) {
    out.record = TlsaRecord{TlsaUsage{usage}, types::TlsaSelector{selector}, types::TlsaMatching{matching}, Bytes(data, data + length)};
  }
  ERR_clear_error();
  return out;
}

/// The chain as a delivery's handshake reads it.
X509StackPtr read_by_client(const std::vector<Bytes>& ders) {
  X509StackPtr stack(sk_X509_new_null());
  for (const Bytes& der : ders) {
    X509* certificate = X509_new_ex(lean_library(), nullptr);
    const unsigned char* at = der.data();
    CHECK(d2i_X509(&certificate, &at, static_cast<long>(der.size())) != nullptr);
    CHECK(sk_X509_push(stack.get(), certificate) > 0);
  }
  return stack;
}

Result<types::Verdict> judge_afterwards(const Case& c) {
  std::vector<dane::RecordFact> facts;
  for (const TlsaRecord& record : c.records) facts.push_back({record, inspect_association(record)});
  const dane::Selection selection = dane::select_records(facts);
  const TlsaSet usable = selection.usable();
  std::vector<Bytes> ders;
  for (const Identity& identity : c.chain) ders.push_back(identity.der());
  std::vector<types::ReferenceName> names;
  for (const std::string& name : c.names) names.emplace_back(*types::DomainName::parse(name));
  const DaneDemand demand{usable, types::TlsaBaseDomain(*types::DomainName::parse(c.base)), names, c.at};
  auto verdict = verify_chain(ders, demand);
  const auto as_delivered = verify_chain(read_by_client(ders).get(), demand);
  EXPECT_TRUE(verdict && as_delivered && *verdict == *as_delivered);
  return verdict;
}

const char* code_name(int error) {
  switch (error) {
    case X509_V_ERR_DANE_NO_MATCH: return "X509_V_ERR_DANE_NO_MATCH";
    case X509_V_ERR_HOSTNAME_MISMATCH: return "X509_V_ERR_HOSTNAME_MISMATCH";
    case X509_V_ERR_CERT_HAS_EXPIRED: return "X509_V_ERR_CERT_HAS_EXPIRED";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "X509_V_ERR_CERT_NOT_YET_VALID";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return "X509_V_ERR_CERT_SIGNATURE_FAILURE";
    case X509_V_ERR_INVALID_CA: return "X509_V_ERR_INVALID_CA";
    case X509_V_ERR_INVALID_PURPOSE: return "X509_V_ERR_INVALID_PURPOSE";
    case X509_V_ERR_PATH_LENGTH_EXCEEDED: return "X509_V_ERR_PATH_LENGTH_EXCEEDED";
    case X509_V_ERR_PERMITTED_VIOLATION: return "X509_V_ERR_PERMITTED_VIOLATION";
    default: return "(not expected)";
  }
}

/// A small public key infrastructure with everything that goes wrong in one.
struct Infrastructure {
  std::vector<Identity> authorities;
  std::vector<Identity> leaves;

  Infrastructure() {
    authorities.push_back(forge::forge(authority("R1"), ec_key("r1")));
    authorities.push_back(forge::forge(authority("R2"), ec_key("r2")));
    Forgery old = authority("R3");
    old.not_after = forge::instant("2026-05-01T00:00:00Z");
    authorities.push_back(forge::forge(old, ec_key("r3")));
    Forgery narrow = authority("R4");
    narrow.name_constraints = "critical,permitted;DNS:example.com";
    narrow.basic_constraints = "critical,CA:TRUE,pathlen:1";
    authorities.push_back(forge::forge(narrow, ec_key("r4")));
    for (int root : {0, 1, 2, 3}) authorities.push_back(issue(authority("I"), "i", root));  // one key, four signers
    authorities.push_back(issue(authority("J"), "j", 4));
    authorities.push_back(issue(authority("J"), "j", 7));
    authorities.push_back(issue(old_one("I"), "i", 0));
    authorities.push_back(issue(Forgery{"N"}, "n", 0));  // no CA
    X509_sign(authorities.emplace_back(issue(authority("I"), "i", 1)).certificate.get(), ec_key("mallory").get(), EVP_sha256());
    const std::vector<std::vector<std::string>> names{
        {"mx.example.com"}, {"*.example.com"}, {"example.com", "mx.other.test"}, {}, {"m*.example.com"}, {std::string("mx.example.com\0.x", 17)}};
    const std::vector<int> issuers{4, 8, 0, 11, 3};
    for (std::size_t i = 0; i < 40; ++i) leaves.push_back(make_leaf(names[i % names.size()], issuers[i % issuers.size()], i));
    leaves.push_back(forge::forge(authority("mx.example.com"), ec_key("self")));
    leaves.push_back(forge::forge(Forgery{"mx.example.com"}, forge::rsa_key(2048)));
  }

  static Forgery old_one(const char* name) {
    Forgery forgery = authority(name);
    forgery.not_after = forge::instant("2026-04-01T00:00:00Z");
    return forgery;
  }
  Identity issue(const Forgery& forgery, const char* key, int issuer) {
    return forge::forge(forgery, ec_key(key), &authorities.at(static_cast<std::size_t>(issuer)));
  }
  Identity make_leaf(const std::vector<std::string>& dns_names, int issuer, std::size_t variant) {
    Forgery forgery{dns_names.empty() ? "mx.example.com" : "leaf"};
    forgery.dns_names = dns_names;
    if (variant % 7 == 5) forgery.not_after = forge::instant("2026-05-15T00:00:00Z");
    if (variant % 11 == 9) forgery.not_before = forge::instant("2026-08-01T00:00:00Z");
    if (variant % 13 == 6) forgery.extended_key_usage = "clientAuth";
    if (variant % 13 == 7) forgery.extended_key_usage = "serverAuth";
    return issue(forgery, "leaf", issuer);
  }
};

class Generator {
 public:
  Case next() {
    Case c;
    c.chain.push_back(pick(pki_.leaves));
    // Most chains hold a path to a root, so that success is common enough to mean something; strangers and disorder too.
    if (number(6) != 0) append_path(c.chain);
    if (number(3) == 0) {
      for (std::size_t count = number(5); count > 0; --count) c.chain.push_back(pick(pki_.authorities));
      std::shuffle(c.chain.begin() + 1, c.chain.end(), random_);
    }
    for (std::size_t count = 1 + number(4); count > 0; --count) c.records.push_back(record(c));
    c.base = pick(std::vector<std::string>{"mx.example.com", "mx.example.com", "example.com", "mx.other.test", "a.mx.example.com"});
    for (std::size_t count = number(3); count > 0; --count) {
      c.names.push_back(pick(std::vector<std::string>{"example.com", "mx.example.com", "nowhere.test"}));
    }
    c.at = pick(std::vector<Instant>{forge::instant("2026-02-01T00:00:00Z"), forge::instant("2026-06-01T00:00:00Z"),
                                     forge::instant("2026-06-01T00:00:00Z"), forge::instant("2027-06-01T00:00:00Z")});
    return c;
  }

 private:
  std::size_t number(std::size_t below) { return random_() % below; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[number(from.size())];
  }
  void append_path(std::vector<Identity>& chain) {
    for (int rise = 0; rise < 3; ++rise) {
      std::vector<Identity> candidates;
      for (const Identity& candidate : pki_.authorities) {
        if (X509_check_issued(candidate.certificate.get(), chain.back().certificate.get()) == X509_V_OK) candidates.push_back(candidate);
      }
      if (candidates.empty() || X509_self_signed(chain.back().certificate.get(), 0) == 1) return;
      chain.push_back(pick(candidates));
    }
  }
  TlsaRecord record(const Case& c) {
    const bool is_ta = number(4) != 0;
    const Identity& subject = number(6) == 0 ? pick(pki_.authorities) : c.chain[is_ta ? std::min(1 + number(c.chain.size()), c.chain.size() - 1) : 0];
    TlsaRecord out = record_for(subject.info(), is_ta ? TlsaUsage::dane_ta : TlsaUsage::dane_ee,
                                types::TlsaSelector(number(2)), types::TlsaMatching(number(3)));
    const std::size_t fault = number(16);
    if (fault == 0) out.data.back() ^= 1;
    if (fault == 1) out.data.pop_back();
    if (fault == 2) out.selector = types::TlsaSelector(2);
    if (fault == 3) out.matching = types::TlsaMatching(3);
    if (fault >= 4 && fault <= 6) out.data[0] ^= 0x40;
    return out;
  }

  std::mt19937 random_{seed};
  Infrastructure pki_;
};

TEST(DaneVerify, agrees_with_openssl_during_the_handshake) {  // CRT-01 to CRT-09
  Generator generator;
  std::map<std::string, int> seen;
  for (int i = 0; i < 1000; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", case " + std::to_string(i));
    const Case c = generator.next();
    const Native native = judge_in_handshake(c);
    ASSERT_TRUE(native.handshake);
    const auto verdict = judge_afterwards(c);
    ASSERT_TRUE(verdict) << verdict.error().what;
    if (!native.any_usable) {
      EXPECT_EQ(verdict->kind, types::VerdictKind::all_unusable);
      ++seen["all-unusable"];
      continue;
    }
    if (native.error == X509_V_OK) {
      ASSERT_EQ(verdict->kind, types::VerdictKind::matched) << verdict->to_string();
      EXPECT_EQ(static_cast<int>(*verdict->depth), native.depth);
      EXPECT_EQ(verdict->record, native.record);
      ++seen["matched " + std::to_string(static_cast<int>(verdict->record->usage)) + " at depth " + std::to_string(native.depth)];
      continue;
    }
    ASSERT_EQ(verdict->kind, types::VerdictKind::not_matched) << native.error;
    EXPECT_EQ(verdict->library_code, code_name(native.error)) << verdict->to_string();
    ++seen[verdict->library_code];
  }
  // The set must keep reaching every kind of end, or agreement would prove little.
  for (const char* must : {"all-unusable", "matched 3 at depth 0", "matched 2 at depth 1", "matched 2 at depth 2",
                           "X509_V_ERR_DANE_NO_MATCH", "X509_V_ERR_HOSTNAME_MISMATCH", "X509_V_ERR_CERT_HAS_EXPIRED",
                           "X509_V_ERR_CERT_NOT_YET_VALID", "X509_V_ERR_CERT_SIGNATURE_FAILURE", "X509_V_ERR_INVALID_PURPOSE",
                           "X509_V_ERR_INVALID_CA"}) {
    EXPECT_GT(seen[must], 0) << must;
  }
  for (const auto& [end, count] : seen) std::printf("  %5d  %s\n", count, end.c_str());
}

}  // namespace
}  // namespace danewerk::tls
