// prove: the document that shows, without us, what a delivery's DANE decision rested on.
#include <set>

#include "app/control/operations.h"
#include "service/prover/claim.h"

namespace danewerk::app {
namespace {

using Attempts = std::vector<io::ProvenAttempt>;

/// The latest attempt that delivered by a record, to the hop named. Errors: refused, not_found, malformed, each with the reason.
Result<io::ProvenAttempt> choose(Attempts attempts, const std::string& hop) {
  std::set<std::string> hops;
  std::optional<io::ProvenAttempt> latest;
  for (io::ProvenAttempt& one : attempts) {
    if (!service::delivered_by_record(one.attempt) || (!hop.empty() && one.attempt.hop.text != hop)) continue;
    hops.insert(one.attempt.hop.text);
    latest = std::move(one);
  }
  if (!latest) {
    return fail(ErrorKind::not_found, "nothing to prove: no attempt" + (hop.empty() ? std::string() : " for " + hop) +
                                          " delivered on the strength of a TLSA record; see `danewerk trace`");
  }
  if (hops.size() == 1) return *std::move(latest);
  std::string all;
  for (const std::string& one : hops) all += (all.empty() ? "" : ", ") + one;
  return fail(ErrorKind::malformed, "the message went to several next hops, name one with --hop: " + all);
}

std::string why_none(const types::AttemptEvidence& attempt) {
  switch (attempt.proof) {
    case types::ProofState::wanted: return "the proof is being gathered; ask again in a moment";
    case types::ProofState::failed: return "no proof kept: " + attempt.no_proof;
    case types::ProofState::none:
    case types::ProofState::kept: break;
  }
  return "no proof kept: none was asked for; --gather asks now, delivery.keep_proofs = \"dane\" for every delivery";
}

io::Task<Result<io::ProvenAttempt>> chosen(OperatedParts& parts, types::QueueId id, std::string hop) {
  CO_TRY(Attempts attempts, co_await parts.proofs->attempts_of(id));
  co_return choose(std::move(attempts), hop);
}

io::Task<Result<Json>> prove(OperatedParts& parts, Call& call) {
  if (!parts.proofs || !parts.keeper) co_return fail(ErrorKind::unavailable, "proofs are not kept here");
  CO_TRY(std::string text, text_argument(call.request.arguments, "id"));
  CO_TRY(types::QueueId id, types::QueueId::parse(text));
  CO_TRY(const bool gather, flag_argument(call.request.arguments, "gather"));
  const std::string hop = text_argument_or(call.request.arguments, "hop", "");
  CO_TRY(types::QueueDetail detail, co_await parts.queue.show(id));
  CO_TRY(io::ProvenAttempt attempt, co_await chosen(parts, id, hop));
  if (attempt.attempt.proof != types::ProofState::kept && gather) {
    auto kept = co_await parts.keeper->keep(attempt);
    if (!kept) co_return fail(kept.error().kind, "no proof kept: " + kept.error().what);
    CO_TRY(attempt, co_await chosen(parts, id, hop));
  }
  if (attempt.attempt.proof != types::ProofState::kept) co_return fail(ErrorKind::not_found, why_none(attempt.attempt));
  engine::dnssec::Document document;
  document.log = service::log_of(detail, attempt.attempt);
  CO_TRY(document.claim, service::claim_of(attempt.attempt));
  CO_TRY(document.sets, engine::dnssec::read_sets(attempt.sets));
  co_return object({{"document", engine::dnssec::write_document(document, service::real_crypto())}});
}

}  // namespace

void add_prove_operation(Operations& operations, OperatedParts& parts) {
  operations["prove"] = [&parts](Call& call) { return prove(parts, call); };
}

}  // namespace danewerk::app
