#include <gtest/gtest.h>

#include "engine/dane/reference_names.h"
#include "engine/dane/usability.h"

namespace danewerk::dane {
namespace {

using types::AssociationData;
using types::TlsaRecord;

std::string octets(std::size_t count, char digit = 'a') { return std::string(count * 2, digit); }

RecordFact fact(const std::string& text, AssociationData data = AssociationData::digest) {
  return {*TlsaRecord::parse(text), data};
}

RecordUse use_of(const RecordFact& one) {
  const std::vector<RecordFact> facts{one};
  return select_records(facts).records.at(0).use;
}

TEST(Usability, each_record_by_itself) {  // TL-12, CRT-07, RFC 6698 4.1
  struct Row {
    std::string record;
    AssociationData data;
    RecordUse use;
  };
  const auto digest = AssociationData::digest;
  const Row rows[] = {
      {"3 1 1 " + octets(32), digest, RecordUse::used},
      {"3 0 1 " + octets(32), digest, RecordUse::used},
      {"3 1 2 " + octets(64), digest, RecordUse::used},
      {"2 0 1 " + octets(32), digest, RecordUse::used},
      {"2 1 2 " + octets(64), digest, RecordUse::used},
      {"0 0 1 " + octets(32), digest, RecordUse::usage_not_smtp},  // RFC 7672 3.1.3
      {"1 1 1 " + octets(32), digest, RecordUse::usage_not_smtp},
      {"4 1 1 " + octets(32), digest, RecordUse::usage_not_smtp},
      {"255 1 1 " + octets(32), digest, RecordUse::usage_not_smtp},
      {"3 2 1 " + octets(32), digest, RecordUse::selector_unknown},
      {"3 255 1 " + octets(32), digest, RecordUse::selector_unknown},
      {"3 1 3 " + octets(48), digest, RecordUse::matching_unknown},
      {"3 1 255 " + octets(32), digest, RecordUse::matching_unknown},
      {"3 1 1 " + octets(31), digest, RecordUse::digest_length},
      {"3 1 1 " + octets(33), digest, RecordUse::digest_length},
      {"3 1 1 " + octets(64), digest, RecordUse::digest_length},
      {"3 1 2 " + octets(32), digest, RecordUse::digest_length},
      {"3 1 1 " + octets(60'000), digest, RecordUse::digest_length},
      {"3 1 1", digest, RecordUse::no_data},
      {"3 0 0", AssociationData::unparsable, RecordUse::no_data},
      {"3 0 0 aa", AssociationData::certificate, RecordUse::used},
      {"2 1 0 aa", AssociationData::public_key, RecordUse::used},
      {"3 0 0 aa", AssociationData::public_key, RecordUse::data_unparsable},
      {"3 1 0 aa", AssociationData::certificate, RecordUse::data_unparsable},
      {"3 1 0 aa", AssociationData::unparsable, RecordUse::data_unparsable},
      {"3 1 0 aa", AssociationData::digest, RecordUse::data_unparsable},  // nobody looked: doubt is not usable
      {"3 1 0 aa", AssociationData::too_weak, RecordUse::data_too_weak},
  };
  for (const Row& row : rows) EXPECT_EQ(use_of(fact(row.record, row.data)), row.use) << row.record.substr(0, 80);
}

TEST(Usability, rdata_of_0_to_2_octets_is_unusable_and_counts) {
  for (std::size_t length : {0, 1, 2}) {
    const Bytes rdata(length, 3);
    EXPECT_EQ(use_of({TlsaRecord::from_rdata(rdata), AssociationData::digest}), RecordUse::truncated);
  }
  EXPECT_EQ(use_of({TlsaRecord::from_rdata(Bytes{3, 1, 1}), AssociationData::digest}), RecordUse::no_data);
}

std::vector<RecordUse> uses(const std::vector<RecordFact>& facts, const DigestOrder& order = default_digest_order()) {
  std::vector<RecordUse> out;
  for (const JudgedRecord& judged : select_records(facts, order).records) out.push_back(judged.use);
  return out;
}

TEST(DigestAgility, only_the_strongest_digest_and_always_full) {  // CRT-08, RFC 7671 9 (its example)
  const auto used = RecordUse::used;
  const auto superseded = RecordUse::superseded;
  EXPECT_EQ(uses({fact("3 1 1 " + octets(32)), fact("3 1 2 " + octets(64)), fact("3 1 0 aa", AssociationData::public_key)}),
            (std::vector{superseded, used, used}));
  // Another usage or selector is another question.
  EXPECT_EQ(uses({fact("3 1 1 " + octets(32)), fact("3 0 2 " + octets(64)), fact("2 1 2 " + octets(64))}),
            (std::vector{used, used, used}));
  EXPECT_EQ(uses({fact("3 1 2 " + octets(64)), fact("3 1 1 " + octets(32)), fact("3 1 2 " + octets(64, 'b'))}),
            (std::vector{used, superseded, used}));
}

TEST(DigestAgility, unusable_records_are_discarded_first) {  // CRT-08
  EXPECT_EQ(uses({fact("3 1 1 " + octets(32)), fact("3 1 2 " + octets(63))}),
            (std::vector{RecordUse::used, RecordUse::digest_length}));
}

TEST(DigestAgility, order_is_the_operators) {
  const DigestOrder reversed{types::TlsaMatching::sha2_256, types::TlsaMatching::sha2_512};
  EXPECT_EQ(uses({fact("3 1 1 " + octets(32)), fact("3 1 2 " + octets(64))}, reversed),
            (std::vector{RecordUse::used, RecordUse::superseded}));
  const DigestOrder only_512{types::TlsaMatching::sha2_512};
  EXPECT_EQ(uses({fact("3 1 1 " + octets(32))}, only_512), (std::vector{RecordUse::digest_disabled}));
}

TEST(Usability, all_unusable_says_why_and_stays_short) {  // TL-11 (b)
  std::vector<RecordFact> facts(1000, fact("1 0 1 " + octets(32)));
  facts[0] = fact("3 1 1 " + octets(31));
  const Selection selection = select_records(facts);
  EXPECT_TRUE(selection.usable().empty());
  const types::Verdict verdict = all_unusable(selection);
  EXPECT_EQ(verdict.kind, types::VerdictKind::all_unusable);
  EXPECT_FALSE(verdict.is_authenticated());
  EXPECT_NE(verdict.reason.find("digest of 31 octets; SHA2-256(1) has 32"), std::string::npos) << verdict.reason;
  EXPECT_NE(verdict.reason.find("and 992 more"), std::string::npos);
  EXPECT_LT(verdict.reason.size(), 2000U);
}

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

std::string names_for(const char* base, const char* original, const char* expanded, MxPath path) {
  std::string out;
  const NextHopNames next_hop{types::NextHopDomain(name(original)), name(expanded)};
  for (const auto& reference : reference_names(types::TlsaBaseDomain(name(base)), next_hop, path)) {
    out += (out.empty() ? "" : " ") + reference.to_string();
  }
  return out;
}

TEST(ReferenceNames, by_the_way_the_host_was_found) {  // CRT-05, RFC 7672 3.2.2 (its example zone)
  EXPECT_EQ(names_for("mx10.example.com", "exchange.example.org", "example.com", MxPath::secure_mx),
            "mx10.example.com exchange.example.org example.com");
  EXPECT_EQ(names_for("mxbackup.example.net", "exchange.example.org", "example.com", MxPath::secure_mx),
            "mxbackup.example.net exchange.example.org example.com");
  EXPECT_EQ(names_for("mx.example.com", "example.com", "example.com", MxPath::secure_mx), "mx.example.com example.com");
  EXPECT_EQ(names_for("example.com", "example.com", "example.com", MxPath::secure_mx), "example.com");
  EXPECT_EQ(names_for("mx.example.com", "example.com", "example.com", MxPath::insecure_mx), "mx.example.com");
  EXPECT_EQ(names_for("host.example.net", "relay.example.org", "host.example.net", MxPath::no_mx),
            "host.example.net relay.example.org");
  EXPECT_EQ(names_for("relay.example.org", "relay.example.org", "host.example.net", MxPath::no_mx), "relay.example.org");
  EXPECT_EQ(names_for("example.com", "example.com", "example.com", MxPath::no_mx), "example.com");
}

}  // namespace
}  // namespace danewerk::dane
