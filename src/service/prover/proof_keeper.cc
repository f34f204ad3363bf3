#include "service/prover/proof_keeper.h"

#include "io/runtime/together.h"
#include "io/tls/dnssec_crypto.h"
#include "service/prover/claim.h"
#include "service/prover/prover_events.h"

namespace danewerk::service {
namespace {

using engine::dnssec::Claim;
using engine::dnssec::RecordSet;

constexpr std::uint32_t at_once = 4;
constexpr Duration between_looks = std::chrono::seconds(2);
constexpr Duration before_second_try = std::chrono::seconds(5);
constexpr Duration reuse = std::chrono::seconds(60);  // no longer than most caches would
constexpr std::size_t most_known = 500;

std::string key_of(const Claim& claim) {
  return claim.next_hop.to_string() + " " + claim.host.to_string() + " " + claim.base.to_string() + " " + std::to_string(claim.port) + " " +
         std::to_string(static_cast<int>(claim.way)) + " " + to_hex(claim.record);
}

/// What may be different in a moment, unlike records that do not prove what they should.
bool may_pass(const Error& error) { return error.kind == ErrorKind::timeout || error.kind == ErrorKind::unavailable; }

}  // namespace

engine::dnssec::Crypto real_crypto() { return {&tls::verify_dnssec_signature, &tls::knows_dnssec_algorithm, &tls::dnssec_digest}; }

io::Task<> ProofKeeper::run() {
  while (true) {
    auto wanted = co_await parts_.store.wanted(at_once);
    if (!wanted) parts_.log.event(prover_events::store_failed, {{"what", wanted.error().what}});
    if (!wanted || wanted->empty()) {
      co_await parts_.clock.sleep_for(between_looks);
      continue;
    }
    std::vector<io::Task<bool>> keeping;
    for (io::ProvenAttempt& attempt : *wanted) keeping.push_back(keep_wanted(std::move(attempt)));
    co_await io::together(std::move(keeping));
  }
}

io::Task<bool> ProofKeeper::keep_wanted(io::ProvenAttempt attempt) {
  const std::string id = attempt.message.to_string(), hop = attempt.attempt.hop.text;
  auto kept = co_await keep(attempt);
  if (kept) {
    parts_.log.event(prover_events::kept, {{"queue", id}, {"hop", hop}});
  } else {
    parts_.log.event(prover_events::not_kept, {{"queue", id}, {"hop", hop}, {"what", kept.error().what}});
  }
  co_return kept.has_value();
}

io::Task<Result<void>> ProofKeeper::keep(io::ProvenAttempt attempt) {
  auto kept = co_await keep_once(attempt);
  if (!kept && may_pass(kept.error())) {
    co_await parts_.clock.sleep_for(before_second_try);
    kept = co_await keep_once(attempt);
  }
  if (kept) co_return kept;
  auto noted = co_await parts_.store.give_up(attempt.number, kept.error().what);
  if (!noted) {
    parts_.log.event(prover_events::store_failed, {{"what", noted.error().what}});
    co_await parts_.clock.sleep_for(between_looks);  // it stays wanted: not in a busy circle
  }
  co_return kept;
}

io::Task<Result<void>> ProofKeeper::keep_once(io::ProvenAttempt attempt) {
  CO_TRY(Claim claim, claim_of(attempt.attempt));
  CO_TRY(const auto sets, co_await proven_sets(std::move(claim)));
  std::string octets = engine::dnssec::write_sets(sets);
  constexpr std::uint8_t sha256 = 2;
  const auto digest = parts_.crypto.digest(sha256, as_bytes(octets));
  if (!digest) co_return fail(ErrorKind::internal, "SHA-256 failed");
  Bytes name = *digest;
  co_return co_await parts_.store.keep(attempt.number, std::move(name), std::move(octets), parts_.clock.now());
}

io::Task<Result<std::vector<RecordSet>>> ProofKeeper::proven_sets(Claim claim) {
  CO_TRY(const auto anchors, parts_.anchors());
  const std::string key = key_of(claim);
  if (const auto known = known_.find(key); known != known_.end() && parts_.clock.now() - known->second.gathered < reuse) {
    if (engine::dnssec::prove(known->second.sets, claim, anchors, parts_.crypto)) co_return known->second.sets;
  }
  CO_TRY(const auto collected, co_await collect(parts_.ask, claim));
  CO_TRY(const auto report, engine::dnssec::prove(collected, claim, anchors, parts_.crypto));
  auto sets = engine::dnssec::needed(collected, report);
  // As an auditor will: from these records alone, none of them for nothing.
  CO_TRY(const auto again, engine::dnssec::prove(sets, claim, anchors, parts_.crypto));
  CO_TRY_VOID(engine::dnssec::check_exact(sets, again));
  if (known_.size() >= most_known) known_.clear();
  known_.insert_or_assign(key, Known{parts_.clock.now(), sets});
  co_return sets;
}

}  // namespace danewerk::service
