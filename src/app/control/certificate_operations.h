// Certificates that others issue: seen, asked for, brought.
#pragma once

#include "app/control/server.h"
#include "io/store/key_store.h"
#include "io/tls/pkix_verify.h"
#include "service/certificates/acme_issuer.h"
#include "service/certificates/challenges.h"
#include "service/certificates/staged.h"

namespace danewerk::app {

/// All of it outlives the operations.
struct CertificateOperated {
  io::CertificateStore& store;
  io::KeyStore& keys;
  io::Clock& clock;
  std::string source;                         ///< as the setting says
  service::NamesOfGroup names_of;             ///< `*.<shard>.<zone>` of every shard of a group of keys; a staged certificate must name them
  std::function<std::shared_ptr<const tls::TrustStore>()> trust;
  service::Challenges& challenges;
  service::AcmeIssuer* issuer = nullptr;      ///< null where we speak to no CA
  std::function<std::string(const std::string& group)> awaited = nullptr;  ///< what a group's next key that is not published yet waits for; null without a zone
};

void add_certificate_operations(Operations& operations, CertificateOperated& parts);

}  // namespace danewerk::app
