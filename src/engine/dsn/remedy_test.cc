#include "engine/dsn/remedy.h"

#include <gtest/gtest.h>

namespace danewerk::dsn {
namespace {
using namespace types;

const Parties parties{"example.org", "mx.example.org [192.0.2.1]", "mta.example.com"};

Side side(EnhancedCode code, int reply_code = 0) {
  Fault fault;
  fault.code = code;
  fault.reply_code = reply_code;
  return remedy_for(fault, parties).side;
}

TEST(Remedy, EachFaultHasItsSide) {
  EXPECT_EQ(side({5, 1, 1}, 550), Side::sender);
  EXPECT_EQ(side({5, 1, 2}), Side::sender);
  EXPECT_EQ(side({5, 1, 10}, 556), Side::sender);
  EXPECT_EQ(side({5, 2, 2}, 552), Side::recipient);
  EXPECT_EQ(side({5, 3, 4}, 552), Side::sender);
  EXPECT_EQ(side({4, 3, 2}, 421), Side::destination);
  EXPECT_EQ(side({4, 4, 1}), Side::destination);
  EXPECT_EQ(side({4, 4, 312}), Side::destination_dns);
  EXPECT_EQ(side({5, 4, 6}), Side::destination_dns);
  EXPECT_EQ(side({5, 6, 7}), Side::sender);
  EXPECT_EQ(side({5, 7, 1}, 554), Side::sender);
  EXPECT_EQ(side({5, 0, 0}, 550), Side::sender);
  EXPECT_EQ(side({5, 0, 0}, 552), Side::recipient);
  EXPECT_EQ(side({5, 0, 0}, 554), Side::destination);
}

TEST(Remedy, OurFaultIsNobodyElses) {  // whatever else the fault holds
  Fault fault;
  fault.kind = FaultKind::ours;
  for (const EnhancedCode code : {EnhancedCode{4, 7, 324}, EnhancedCode{5, 1, 1}, EnhancedCode{4, 4, 312}}) {
    fault.code = code;
    fault.failure = TlsFailure::dnssec_invalid;
    const Remedy remedy = remedy_for(fault, parties);
    EXPECT_EQ(remedy.side, Side::ours);
    EXPECT_NE(remedy.sentence.find("mta.example.com"), std::string::npos);
    EXPECT_EQ(remedy.sentence.find("example.org"), std::string::npos);
  }
}

TEST(Remedy, EveryTlsFailureNamesWhoAndWhat) {
  Fault fault;
  fault.kind = FaultKind::policy;
  for (int word = 0; word <= static_cast<int>(TlsFailure::sts_webpki_invalid); ++word) {
    fault.failure = static_cast<TlsFailure>(word);
    const Remedy remedy = remedy_for(fault, parties);
    const bool dns = *fault.failure == TlsFailure::dnssec_invalid;
    EXPECT_EQ(remedy.side, dns ? Side::destination_dns : Side::destination) << to_string(*fault.failure);
    EXPECT_NE(remedy.sentence.find("example.org"), std::string::npos) << to_string(*fault.failure);
  }
}

// RFC 8461 5: nobody is told to mend TLSA records that are not there.
TEST(Remedy, MtaStsAndRulesSpeakOfCertificates) {
  Fault fault;
  fault.kind = FaultKind::policy;
  for (const FaultPolicy policy : {FaultPolicy::mta_sts, FaultPolicy::destination_rule, FaultPolicy::requiretls}) {
    fault.policy = policy;
    fault.code = {4, 7, 5};
    for (const TlsFailure failure : {TlsFailure::certificate_host_mismatch, TlsFailure::certificate_expired, TlsFailure::certificate_not_trusted}) {
      fault.failure = failure;
      const std::string sentence = remedy_for(fault, parties).sentence;
      EXPECT_NE(sentence.find("certificate"), std::string::npos) << sentence;
      EXPECT_EQ(sentence.find("TLSA"), std::string::npos) << sentence;
    }
  }
  fault.policy = FaultPolicy::destination_rule;
  fault.code = {4, 4, 8};  // StsMode::mandatory, and there is no policy
  EXPECT_NE(remedy_for(fault, parties).sentence.find("mta.example.com"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::dsn
