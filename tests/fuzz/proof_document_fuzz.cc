// Proofs and replies with signatures, from hostile hands. The first octet picks what the rest is: a document, the sets of a kept
// proof, trust anchors, or a resolver's reply whose records become sets.
// Held: what is read is written again as it was; nothing is proven by an anchor nobody has. With cryptography that says yes to
// everything, so that the rules behind it are reached too: the end is reached, in bounded time, and rests on sets that are there.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "engine/dnssec/document.h"
#include "io/dns/signed_reply.h"
#include "io/tls/dnssec_crypto.h"

namespace {

using namespace danewerk;
using namespace danewerk::engine::dnssec;

const Crypto& crypto() {
  static const Crypto real{&tls::verify_dnssec_signature, &tls::knows_dnssec_algorithm, &tls::dnssec_digest};
  return real;
}

/// The anchor is the digest of a key that does not exist.
const std::vector<TrustAnchor>& anchors() {
  static const std::vector<TrustAnchor> none{{RecordType::ds, Bytes(36, 0x5a)}};
  return none;
}

/// Every signature holds, and the root's keys are whatever they say they are.
void hold_for_the_credulous(const std::vector<RecordSet>& sets, const Claim& claim) {
  static const Crypto yes{[](std::uint8_t, ByteView, ByteView, ByteView) { return true; }, &tls::knows_dnssec_algorithm, &tls::dnssec_digest};
  std::vector<TrustAnchor> roots;
  for (const RecordSet& set : sets) {
    if (!set.owner.is_root() || set.type != RecordType::dnskey) continue;
    for (const Bytes& key : set.rdatas) roots.push_back({RecordType::dnskey, key});
  }
  const auto report = prove(sets, claim, roots, yes);
  if (!report) return;
  for (const auto& [place, signature] : report->rests_on) CHECK(signature < sets.at(place).signatures.size());
  const auto less = needed(sets, *report);
  CHECK(less.size() <= sets.size());
}

void hold(const std::vector<RecordSet>& sets, const Claim& claim) {
  hold_for_the_credulous(sets, claim);
  CHECK(!prove(sets, claim, anchors(), crypto()).has_value());
  Chain chain(sets, anchors(), crypto(), claim.at);
  Answerer answerer(chain);
  for (const RecordType type : {RecordType::tlsa, RecordType::mx, RecordType::a}) {
    CHECK(answerer.answer(claim.base, type).kind == Answer::Kind::unproven);
  }
}

void read_reply(ByteView wire) {
  const types::DnsQuestion question{*types::DomainName::parse("a.test"), RecordType::tlsa};
  const auto records = io::dns::read_records(wire, question);
  if (!records) return;
  std::map<std::pair<Name, RecordType>, RecordSet> sets;
  for (const io::dns::WireRecord& one : *records) {
    std::size_t size = 0;
    const auto owner = Name::read(one.owner, size);
    CHECK(!owner || size == one.owner.size());
    if (!owner) continue;
    RecordSet& set = sets.try_emplace({*owner, static_cast<RecordType>(one.type)}, RecordSet{*owner, static_cast<RecordType>(one.type), {}, {}}).first->second;
    (one.type == 46 ? set.signatures : set.rdatas).push_back(one.rdata);
  }
  std::vector<RecordSet> all;
  for (auto& [key, set] : sets) {
    make_canonical(set);
    static_cast<void>(check_canonical(set));
    all.push_back(set);
  }
  Claim claim;
  claim.next_hop = claim.host = claim.base = *Name::parse("a.test.");
  claim.record = {3, 1, 1, 0};
  hold(all, claim);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest(data + 1, size - 1);
  const std::string_view text = as_text(rest);
  switch (data[0] % 4) {
    case 0:
      if (const auto document = read_document(text, crypto())) {
        CHECK(write_document(*document, crypto()) == text);
        hold(document->sets, document->claim);
      }
      break;
    case 1:
      if (const auto sets = read_sets(text)) {
        CHECK(*read_sets(write_sets(*sets)) == *sets);
        Claim claim;
        claim.next_hop = claim.host = claim.base = sets->empty() ? Name() : sets->front().owner;
        claim.record = {3, 1, 1, 0};
        hold(*sets, claim);
      }
      break;
    case 2: static_cast<void>(read_trust_anchors(text)); break;
    default: read_reply(rest);
  }
  return 0;
}
