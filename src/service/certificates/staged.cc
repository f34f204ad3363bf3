#include "service/certificates/staged.h"

#include <algorithm>

#include "io/tls/certificate_file.h"
#include "service/certificates/issued.h"

namespace danewerk::service {
namespace {

constexpr Duration look_again = std::chrono::seconds(15);

/// Its record stands in the zone, and will go on standing there.
bool usable(const types::KeyFacts& key) { return key.published_at && !key.retired_at && !key.withdrawn_at; }

std::string listed(const std::vector<types::KeyFacts>& keys) {
  std::string out;
  for (const types::KeyFacts& key : keys) {
    if (usable(key)) out += (out.empty() ? "" : "; ") + key.id + ": " + describe_key(key);
  }
  return out.empty() ? "none yet" : out;
}

}  // namespace

std::string describe_key(const types::KeyFacts& key) {
  const char* role = "not published yet";
  if (key.published_at) role = "next";
  if (key.serving_since) role = "serving";
  if (key.retired_at) role = "retired";
  if (key.withdrawn_at) role = "withdrawn";
  return key.tlsa.to_string() + " (" + role + ")";
}

Result<types::KeyFacts> find_key(const std::vector<types::KeyFacts>& keys, const std::string& id, const std::string& group) {
  const types::KeyFacts* found = nullptr;
  for (const types::KeyFacts& key : keys) {
    if (key.id == id) found = &key;
    if (key.group != group) continue;
    if (id == "next" && usable(key) && !key.serving_since) found = &key;
    if (id == "serving" && usable(key) && key.serving_since) found = &key;
  }
  if (found && usable(*found)) return *found;
  const std::string missing = id == "next" ? "no next key is published" : "there is no key '" + id + "'";
  const std::string why = found ? "key " + id + " is " + describe_key(*found) + ": no certificate is asked for it" : missing;
  return fail(ErrorKind::not_found, why + ". Published keys: " + listed(keys));
}

io::Task<Result<types::KeyFacts>> stage(io::CertificateStore& store, io::KeyStore& keys, Stage wish) {
  CO_TRY(const types::CertificateInfo leaf, leaf_of(wish.chain));
  CO_TRY(const std::vector<types::KeyFacts> all, co_await keys.keys());
  const types::KeyFacts* ours = nullptr;
  for (const types::KeyFacts& key : all) {
    const auto spki = tls::read_public_key_file(key.private_key);
    if (!spki || *spki != leaf.spki) continue;
    if (!ours || !accept_chain(wish.chain, ours->private_key, wish.names_of(ours->group), wish.act.at)) ours = &key;  // two groups may have it
  }
  if (!ours || !usable(*ours)) {
    co_return fail(ErrorKind::refused, "the certificate is for a key that no published record matches (" +
                                           (ours ? describe_key(*ours) : "3 1 1 " + leaf.spki_sha256) + "): served, it would stop mail. Published keys: " +
                                           listed(all) + ". Let your tool sign the request that `danewerk certificate csr next` prints");
  }
  const std::vector<types::DomainName> names = wish.names_of(ours->group);
  CO_TRY_VOID(accept_chain(wish.chain, ours->private_key, names, wish.act.at));
  types::StoredCertificate kept;
  kept.subject = types::key_subject(ours->id);
  kept.names = names;
  kept.chain = wish.chain;
  kept.source = "files";
  kept.at = wish.act.at;
  kept.who = wish.act.who;
  CO_TRY_VOID(co_await store.put(kept, wish.act));
  co_return *ours;
}

io::Task<Result<types::CertificateAnswer>> staged_for(io::CertificateStore& store, types::CertificateOrder order, Instant now) {
  CO_TRY(const auto found, co_await store.find(types::key_subject(order.key)));
  if (found && !found->chain.empty()) {
    CO_TRY(const types::CertificateInfo leaf, leaf_of(found->chain));
    if (now < leaf.not_after && (!order.standing_until || leaf.not_after > *order.standing_until)) {
      co_return types::CertificateAnswer(types::CertificateIssued{found->chain});
    }
  }
  co_return types::CertificateAnswer(types::CertificateLater{
      now + look_again, "your tool has yet to bring a certificate for key " + order.key + ": `danewerk certificate csr " + order.key +
                            "`, have it signed, `danewerk certificate stage --chain FILE`"});
}

}  // namespace danewerk::service
