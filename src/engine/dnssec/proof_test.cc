// Proofs: what they show, that nothing in them is idle, and that no changed octet passes.
#include <gtest/gtest.h>

#include "engine/dnssec/test_zones.h"

namespace danewerk::engine::dnssec::test {
namespace {

using Weight = Finding::Weight;

struct Setting {
  explicit Setting(Zone::Denial denial = Zone::Denial::nsec) : dest("dest.test.", denial) {
    dest.add("dest.test.", RecordType::mx, mx("mx.dest.test."));
    dest.add("mx.dest.test.", RecordType::a, address);
    dest.add("_25._tcp.mx.dest.test.", RecordType::tlsa, tlsa(7));
    dest.add("alias.dest.test.", RecordType::cname, name("mx.dest.test.").wire());
    claim.at = now;
    claim.next_hop = name("dest.test.");
    claim.host = claim.base = name("mx.dest.test.");
    claim.record = tlsa(7);
    claim.presented = {{std::string(64, 'f'), to_hex(Bytes(32, 7))}};
  }
  std::vector<RecordSet> sets() {
    Zone top("test.", Zone::Denial::nsec);
    if (is_signed) {
      top.delegate("dest.test.", &dest);
    } else {
      top.delegate("dest.test.");
    }
    top.delegate("host.test.", &host);
    root = Zone(".");
    root.delegate("test.", &top);
    std::vector<RecordSet> out = root.signed_sets();
    for (const auto& more : {top.signed_sets(), dest.signed_sets(), host.signed_sets()}) {
      if (is_signed || more.front().owner != dest.apex()) out.insert(out.end(), more.begin(), more.end());
    }
    return out;
  }
  Result<Report> proven(const std::vector<RecordSet>& with) const { return prove(with, claim, {{RecordType::ds, root.ds()}}, toy_crypto()); }
  /// The proof as it is kept.
  std::vector<RecordSet> kept() {
    const auto all = sets();
    auto report = proven(all);
    EXPECT_TRUE(report.has_value()) << report.error().what;
    return report ? needed(all, *report) : std::vector<RecordSet>{};
  }
  Zone root{"."}, dest, host{"host.test."};
  Claim claim;
  bool is_signed = true;
};

bool says(const Report& report, Weight weight, std::string_view part) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const Finding& one) { return one.weight == weight && one.text.find(part) != std::string::npos; });
}

TEST(Proof, shows_the_way_from_the_domain_to_the_record) {
  Setting setting;
  const auto kept = setting.kept();
  const auto report = setting.proven(kept);
  ASSERT_TRUE(report.has_value()) << report.error().what;
  EXPECT_TRUE(check_exact(kept, *report).has_value());
  EXPECT_TRUE(says(*report, Weight::proven, "dest.test. names mx.dest.test. as a mail exchanger"));
  EXPECT_TRUE(says(*report, Weight::proven, "_25._tcp.mx.dest.test. published TLSA 3 1 1 " + to_hex(Bytes(32, 7)) + " at 2026-11-24T12:00:00Z"));
  EXPECT_TRUE(says(*report, Weight::log, "our log says"));
  EXPECT_LT(kept.size(), setting.sets().size()) << "only what is needed is kept";
}

TEST(Proof, every_set_is_needed) {
  Setting setting;
  const auto kept = setting.kept();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i].owner == setting.claim.host) continue;  // A alone shows that the host is no alias, and so does the denial of AAAA
    auto less = kept;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(setting.proven(less).has_value()) << "without " << kept[i].to_string();
  }
  auto more = kept;
  more.push_back(setting.host.sign(name("host.test."), RecordType::a, {address}, name("host.test.")));
  const auto report = setting.proven(more);
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(check_exact(more, *report).has_value()) << "an idle set is one that nobody checked";
}

// RFC 7672 2.2.1: an unsigned MX is said, never glossed over
TEST(Proof, an_unsigned_domain_proves_the_host_alone) {
  Setting setting;
  setting.is_signed = false;
  setting.host.add("host.test.", RecordType::a, address);
  setting.host.add("_25._tcp.host.test.", RecordType::tlsa, tlsa(7));
  setting.claim.host = setting.claim.base = name("host.test.");
  const auto report = setting.proven(setting.kept());
  ASSERT_TRUE(report.has_value()) << report.error().what;
  EXPECT_TRUE(says(*report, Weight::unsigned_link, "is NOT proven: dest.test. is unsigned"));
  EXPECT_TRUE(says(*report, Weight::proven, "_25._tcp.host.test. published"));
}

// RFC 7672 2.2.2
TEST(Proof, a_host_that_is_an_alias) {
  Setting setting;
  setting.dest.remove("dest.test.", RecordType::mx);
  setting.dest.add("dest.test.", RecordType::mx, mx("alias.dest.test."));
  setting.claim.host = name("alias.dest.test.");
  const auto expanded = setting.proven(setting.kept());
  ASSERT_TRUE(expanded.has_value()) << expanded.error().what;
  EXPECT_TRUE(says(*expanded, Weight::proven, "alias.dest.test. (an alias of mx.dest.test.)"));
  // Only at the original name: that there is none at the expanded one is part of the proof
  for (const auto denial : {Zone::Denial::nsec, Zone::Denial::nsec3}) {
    Setting original(denial);
    original.dest.remove("dest.test.", RecordType::mx);
    original.dest.add("dest.test.", RecordType::mx, mx("alias.dest.test."));
    original.dest.remove("_25._tcp.mx.dest.test.", RecordType::tlsa);
    original.dest.add("_25._tcp.alias.dest.test.", RecordType::tlsa, tlsa(7));
    original.claim.host = original.claim.base = name("alias.dest.test.");
    const auto kept = original.kept();
    const auto report = original.proven(kept);
    ASSERT_TRUE(report.has_value()) << report.error().what;
    EXPECT_TRUE(says(*report, Weight::proven, "_25._tcp.mx.dest.test. TLSA, which comes first, is no_name"));
    EXPECT_TRUE(check_exact(kept, *report).has_value());
  }
}

TEST(Proof, false_claims_are_refused) {
  const auto fault = [](const std::function<void(Setting&)>& change) {
    Setting setting;
    const auto all = setting.sets();
    change(setting);
    const auto report = setting.proven(all);
    return report ? std::string("proven") : report.error().what;
  };
  EXPECT_NE(fault([](Setting& s) { s.claim.record = tlsa(6); }).find("does not hold 3 1 1"), std::string::npos);
  EXPECT_NE(fault([](Setting& s) { s.claim.host = s.claim.base = name("alias.dest.test."); }).find("do not name"), std::string::npos);
  EXPECT_NE(fault([](Setting& s) { s.claim.next_hop = name("host.test."); }).find("has no MX record"), std::string::npos);
  EXPECT_NE(fault([](Setting& s) { s.claim.next_hop = name("none.test."); }).find("does not exist"), std::string::npos);
  EXPECT_NE(fault([](Setting& s) { s.claim.base = name("dest.test."); }).find("does not lead to"), std::string::npos);
  EXPECT_NE(fault([](Setting& s) { s.claim.port = 26; }), "proven");
  EXPECT_NE(fault([](Setting& s) { s.claim.at = now + std::chrono::hours(48); }), "proven");
  EXPECT_NE(fault([](Setting& s) { s.claim.presented[0].spki_sha256 = std::string(64, '0'); }).find("does not match the record"), std::string::npos);
  EXPECT_NE(fault([](Setting& s) { s.claim.record = {3}; }), "proven");
}

struct Written {
  explicit Written(Setting& setting) {
    document.log = {{"queue_id", "1kf4d2v8q0g00"}, {"recipients", {"bob@dest.test"}}};
    document.claim = setting.claim;
    document.sets = setting.kept();
    text = write_document(document, toy_crypto());
  }
  Document document;
  std::string text;
};

TEST(ProofDocument, reads_back_what_it_is) {
  Setting setting;
  const Written written(setting);
  const auto read = read_document(written.text, toy_crypto());
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(read->claim, written.document.claim);
  EXPECT_EQ(read->sets, written.document.sets);
  EXPECT_EQ(read->log, written.document.log);
  const auto sets = read_sets(write_sets(written.document.sets));
  ASSERT_TRUE(sets.has_value());
  EXPECT_EQ(*sets, written.document.sets);
}

TEST(ProofDocument, every_changed_octet_is_noticed) {
  Setting setting;
  const Written written(setting);
  for (std::size_t i = 0; i < written.text.size(); ++i) {
    std::string changed = written.text;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    EXPECT_FALSE(read_document(changed, toy_crypto()).has_value()) << "octet " << i;
  }
  EXPECT_FALSE(read_document(written.text + "\n", toy_crypto()).has_value());
  EXPECT_FALSE(read_document(written.text.substr(0, written.text.size() - 1), toy_crypto()).has_value());
}

/// The digest is no signature: whoever changes a record makes a new one. Then the signatures must notice.
TEST(ProofDocument, a_forger_who_renews_the_digest_is_noticed_by_the_signatures) {
  for (const auto denial : {Zone::Denial::nsec, Zone::Denial::nsec3}) {
    Setting setting(denial);
    setting.dest.remove("dest.test.", RecordType::mx);
    setting.dest.add("dest.test.", RecordType::mx, mx("alias.dest.test."));
    setting.dest.remove("_25._tcp.mx.dest.test.", RecordType::tlsa);
    setting.dest.add("_25._tcp.alias.dest.test.", RecordType::tlsa, tlsa(7));
    setting.claim.host = setting.claim.base = name("alias.dest.test.");
    const auto kept = setting.kept();
    const auto passes = [&](const std::vector<RecordSet>& sets) {
      for (const RecordSet& set : sets) {
        if (!check_canonical(set)) return false;
      }
      const auto report = setting.proven(sets);
      return report && check_exact(sets, *report).has_value();
    };
    ASSERT_TRUE(passes(kept));
    std::size_t tried = 0;
    for (std::size_t s = 0; s < kept.size(); ++s) {
      for (std::size_t part = 0; part < kept[s].rdatas.size() + 1; ++part) {
        const bool signature = part == kept[s].rdatas.size();
        const std::size_t size = signature ? kept[s].signatures[0].size() : kept[s].rdatas[part].size();
        for (std::size_t i = 0; i < size; ++i) {
          for (const std::uint8_t bit : {0x01, 0x20, 0x80}) {
            auto changed = kept;
            (signature ? changed[s].signatures[0] : changed[s].rdatas[part])[i] ^= bit;
            ++tried;
            EXPECT_FALSE(passes(changed)) << kept[s].to_string() << (signature ? " signature" : " record") << " octet " << i << " bit " << int(bit);
          }
        }
      }
    }
    EXPECT_GT(tried, 2000U);
  }
}

TEST(ProofDocument, nonsense_is_an_error) {
  const Crypto crypto = toy_crypto();
  for (const char* text : {"", "{}", "[]", "null", "{\"format\":\"danewerk-proof-2\"}", "{\"format\":\"danewerk-proof-1\"}",
                           "{\"format\":\"danewerk-proof-1\",\"log\":{},\"claim\":{},\"sets\":[]}", "\xff\xfe"}) {
    EXPECT_FALSE(read_document(text, crypto).has_value()) << text;
  }
  EXPECT_FALSE(read_document(std::string(largest_document + 1, ' '), crypto).has_value());
  EXPECT_FALSE(read_document(std::string(100'000, '['), crypto).has_value());
}

TEST(TrustAnchors, are_read_as_they_are_written) {
  const std::string ds = ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n";
  const auto both = read_trust_anchors("; the root\n\n" + ds + ".\t172800\tIN\tDNSKEY\t257 3 8 AwEAAaz/ ;; id\n");
  ASSERT_TRUE(both.has_value()) << both.error().what;
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ(to_hex(ByteView((*both)[0].rdata).subspan(0, 6)), "4f660802e06d");
  EXPECT_EQ((*both)[1].type, RecordType::dnskey);
  EXPECT_EQ(to_hex((*both)[1].rdata), "0101030803010001acff");
  for (const char* bad : {"", "; nothing\n", "example. IN DS 1 8 2 AB\n", ". IN DS 99999 8 2 AB\n", ". IN DS 1 8 2 XY\n", ". IN TXT x\n", ". IN DS 1 8\n"}) {
    EXPECT_FALSE(read_trust_anchors(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace danewerk::engine::dnssec::test
