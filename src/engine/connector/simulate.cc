#include "engine/connector/simulate.h"

#include <algorithm>

namespace danewerk::connector {
using namespace types;

namespace {

Judgement held(const char* why, bool others_might) { return {others_might ? Passage::not_told : Passage::held, why}; }

/// TL-14: only a host authenticated by DANE, securely named.
Judgement judge_dane_mandatory(const Carriage& carried) {
  if (carried.mx != MxTrust::insecure && carried.dane == Proof::yes) return {};
  if (carried.mx == MxTrust::insecure) return held("dane", false);  // and so is every other host of the plan
  if (carried.dane == Proof::not_looked) return {Passage::not_told, "dane"};
  return held("dane", carried.other_dane);
}

/// RFC 7672 2.2: what is published binds. Only mail carried with DANE off or in audit can fail here.
Judgement judge_dane(const Carriage& carried) {
  if (carried.dane == Proof::not_looked) return {Passage::not_told, "dane"};
  if (carried.dane_usable && carried.dane == Proof::no) return held("dane", carried.other_hosts);
  if (carried.dane_published && !carried.tls) return held("dane", carried.other_hosts);
  return {};
}

/// STS-08, STS-09, and by a policy in mode enforce only.
Judgement judge_sts_mandatory(const Carriage& carried) {
  if (carried.sts == Proof::not_looked) return {Passage::not_told, "mta_sts"};
  if (carried.sts == Proof::no || carried.certificate == Proof::no) return held("mta_sts", carried.other_hosts);
  if (carried.certificate == Proof::not_looked) return {Passage::not_told, "mta_sts"};
  return {};
}

/// RFC 8461 5, STS-12: only a policy in mode enforce binds, and only where DANE does not decide.
Judgement judge_sts(const Carriage& carried) {
  if (carried.dane == Proof::yes && carried.mx != MxTrust::insecure) return {};
  if (carried.sts == Proof::not_looked) return {Passage::not_told, "mta_sts"};
  return carried.sts_enforced ? judge_sts_mandatory(carried) : Judgement{};
}

/// TLS-08. Names of the rule's own are demanded beside DANE too.
Judgement judge_tls(const Carriage& carried, const MessageDemands& demands) {
  if (demands.tls == TlsMode::opportunistic) return {};
  if (!carried.tls) return held("tls", carried.other_hosts);
  if (demands.tls == TlsMode::require || (carried.dane == Proof::yes && demands.verify_names.empty())) return {};
  if (carried.certificate == Proof::not_looked) return {Passage::not_told, "certificate"};
  if (carried.certificate == Proof::no) return held("certificate", carried.other_hosts);
  if (demands.verify_names.empty()) return {};
  const auto is_it = [&](const ReferenceName& name) { return name.to_string() == carried.certificate_name; };
  const bool among = std::any_of(demands.verify_names.begin(), demands.verify_names.end(), is_it);
  return among ? Judgement{} : Judgement{Passage::not_told, "certificate"};  // it may carry that name too
}

}  // namespace

Judgement judge(const Carriage& carried, const MessageDemands& demands) {
  std::vector<Judgement> all;
  if (demands.dane == DaneMode::mandatory) all.push_back(judge_dane_mandatory(carried));
  if (demands.dane == DaneMode::opportunistic) all.push_back(judge_dane(carried));
  if (demands.mta_sts == StsMode::mandatory) all.push_back(judge_sts_mandatory(carried));
  if (demands.mta_sts == StsMode::opportunistic) all.push_back(judge_sts(carried));
  all.push_back(judge_tls(carried, demands));
  // Held for one reason is held, whatever else is not told.
  for (const Passage passage : {Passage::held, Passage::not_told}) {
    const auto found = std::find_if(all.begin(), all.end(), [passage](const Judgement& one) { return one.passage == passage; });
    if (found != all.end()) return *found;
  }
  return {};
}

const char* to_string(Passage passage) noexcept {
  switch (passage) {
    case Passage::passes: return "passes";
    case Passage::held: return "held";
    case Passage::not_told: return "not_told";
  }
  return "not_told";
}

void Forecast::add(const Carriage& carried) {
  const Judgement judgement = judge(carried, demands_);
  auto found = domains_.find(carried.domain);
  if (found == domains_.end()) found = domains_.try_emplace(domains_.size() < most_domains_ ? carried.domain : "(others)").first;
  for (Domain* sum : {&total_, &found->second}) {
    sum->counts[static_cast<std::size_t>(judgement.passage)].add(carried.recipients);
    if (!judgement.why.empty()) sum->why[judgement.why] += carried.recipients;
  }
}

std::vector<std::pair<std::string, Forecast::Domain>> Forecast::affected(std::size_t most) const {
  std::vector<std::pair<std::string, Domain>> out;
  for (const auto& [name, domain] : domains_) {
    if (domain.of(Passage::held).transactions + domain.of(Passage::not_told).transactions > 0) out.emplace_back(name, domain);
  }
  const auto weight = [](const Domain& domain) {
    return std::pair(domain.of(Passage::held).recipients, domain.of(Passage::not_told).recipients);
  };
  std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return weight(a.second) > weight(b.second); });
  if (out.size() > most) out.resize(most);
  return out;
}

}  // namespace danewerk::connector
