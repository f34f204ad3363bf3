// What a stricter rule would have held back, from what was recorded.
#include "engine/connector/simulate.h"

#include <gtest/gtest.h>

namespace danewerk::connector {
namespace {

using namespace types;

Carriage carried(bool tls = true) {
  Carriage out;
  out.domain = "x.example";
  out.recipients = 2;
  out.mx = MxTrust::secure;
  out.dane = Proof::no;
  out.sts = Proof::no;
  out.tls = tls;
  return out;
}

Carriage by_dane() {
  Carriage out = carried();
  out.dane = Proof::yes;
  out.dane_published = out.dane_usable = true;
  return out;
}

MessageDemands demands(DaneMode dane, StsMode sts = StsMode::none, TlsMode tls = TlsMode::opportunistic) {
  MessageDemands out;
  out.dane = dane;
  out.mta_sts = sts;
  out.tls = tls;
  return out;
}

std::string said(const Carriage& carriage, const MessageDemands& wanted) {
  const Judgement judgement = judge(carriage, wanted);
  return to_string(judgement.passage) + (judgement.why.empty() ? "" : " " + judgement.why);
}

// TL-14, MX-07
TEST(Simulate, dane_mandatory) {
  const auto mandatory = demands(DaneMode::mandatory);
  EXPECT_EQ(said(by_dane(), mandatory), "passes");
  EXPECT_EQ(said(carried(), mandatory), "held dane");
  Carriage insecure_mx = by_dane();
  insecure_mx.mx = MxTrust::insecure;
  EXPECT_EQ(said(insecure_mx, mandatory), "held dane") << "the host is authenticated, the next hop is not";
  Carriage smart_host = by_dane();
  smart_host.mx = MxTrust::not_used;
  EXPECT_EQ(said(smart_host, mandatory), "passes");
  Carriage off = carried();
  off.dane = Proof::not_looked;
  EXPECT_EQ(said(off, mandatory), "not_told dane");
  Carriage elsewhere = carried();
  elsewhere.other_hosts = elsewhere.other_dane = true;
  EXPECT_EQ(said(elsewhere, mandatory), "not_told dane") << "another host of the plan has TLSA records";
  elsewhere.other_dane = false;
  EXPECT_EQ(said(elsewhere, mandatory), "held dane") << "none of the others has";
}

// TL-11, TL-15: what was let through in audit
TEST(Simulate, dane_opportunistic_after_audit) {
  const auto standard = demands(DaneMode::opportunistic);
  EXPECT_EQ(said(by_dane(), standard), "passes");
  EXPECT_EQ(said(carried(false), standard), "passes") << "nothing is published";
  Carriage mismatched = by_dane();
  mismatched.dane = Proof::no;
  EXPECT_EQ(said(mismatched, standard), "held dane");
  Carriage unusable = carried(false);
  unusable.dane_published = true;
  EXPECT_EQ(said(unusable, standard), "held dane") << "TLS floor";
  unusable.tls = true;
  EXPECT_EQ(said(unusable, standard), "passes");
}

TEST(Simulate, tls) {
  const auto require = demands(DaneMode::none, StsMode::none, TlsMode::require);
  EXPECT_EQ(said(carried(true), require), "passes");
  EXPECT_EQ(said(carried(false), require), "held tls");
  Carriage others = carried(false);
  others.other_hosts = true;
  EXPECT_EQ(said(others, require), "not_told tls");
  const auto verify = demands(DaneMode::none, StsMode::none, TlsMode::verify);
  EXPECT_EQ(said(by_dane(), verify), "passes");
  EXPECT_EQ(said(carried(), verify), "not_told certificate");
  Carriage looked = carried();
  looked.certificate = Proof::no;
  EXPECT_EQ(said(looked, verify), "held certificate");
  looked.certificate = Proof::yes;
  looked.certificate_name = "mx.x.example";
  EXPECT_EQ(said(looked, verify), "passes");
  MessageDemands names = verify;
  names.verify_names = {ReferenceName(*DomainName::parse("mx.x.example"))};
  EXPECT_EQ(said(looked, names), "passes");
  EXPECT_EQ(said(by_dane(), names), "not_told certificate") << "names are demanded beside DANE too";
  names.verify_names = {ReferenceName(*DomainName::parse("other.example"))};
  EXPECT_EQ(said(looked, names), "not_told certificate");
}

// RFC 8461 5
TEST(Simulate, mta_sts) {
  const auto mandatory = demands(DaneMode::none, StsMode::mandatory);
  const auto standard = demands(DaneMode::none, StsMode::opportunistic);
  Carriage named = carried();
  named.sts = Proof::yes;
  named.sts_enforced = true;
  named.certificate = Proof::yes;
  EXPECT_EQ(said(named, mandatory), "passes");
  EXPECT_EQ(said(carried(), mandatory), "held mta_sts");
  EXPECT_EQ(said(carried(), standard), "passes");
  named.certificate = Proof::no;
  EXPECT_EQ(said(named, mandatory), "held mta_sts");
  EXPECT_EQ(said(named, standard), "held mta_sts");
  named.certificate = Proof::not_looked;
  EXPECT_EQ(said(named, mandatory), "not_told mta_sts");
  Carriage unnamed = carried();
  unnamed.sts_enforced = true;
  EXPECT_EQ(said(unnamed, standard), "held mta_sts") << "STS-10";
  unnamed.dane = Proof::yes;
  EXPECT_EQ(said(unnamed, standard), "passes") << "DANE decides alone";
  unnamed.mx = MxTrust::insecure;
  EXPECT_EQ(said(unnamed, standard), "held mta_sts") << "but not where anybody could have forged the MX";
}

TEST(Forecast, adds_up_by_domain_in_bounded_memory) {
  Forecast forecast(demands(DaneMode::mandatory), 2);
  for (int i = 0; i < 3; ++i) forecast.add(by_dane());
  Carriage held = carried();
  held.domain = "bad.example";
  forecast.add(held);
  forecast.add(held);
  for (const char* name : {"c.example", "d.example"}) {
    held.domain = name;
    forecast.add(held);
  }
  EXPECT_EQ(forecast.total().of(Passage::passes).transactions, 3U);
  EXPECT_EQ(forecast.total().of(Passage::passes).recipients, 6U);
  EXPECT_EQ(forecast.total().of(Passage::held).recipients, 8U);
  const auto affected = forecast.affected(10);
  ASSERT_EQ(affected.size(), 2U);
  EXPECT_EQ(affected[0].first, "(others)");
  EXPECT_EQ(affected[0].second.of(Passage::held).transactions, 2U);
  EXPECT_EQ(affected[1].first, "bad.example");
  EXPECT_EQ(affected[1].second.why.at("dane"), 4U);
  EXPECT_EQ(forecast.affected(1).size(), 1U);
}

}  // namespace
}  // namespace danewerk::connector
