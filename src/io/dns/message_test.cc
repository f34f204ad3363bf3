#include "io/dns/message.h"

#include <gtest/gtest.h>

#include "io/dns/hand_made_message.h"

namespace danewerk::io::dns {
namespace {

using namespace types;
using namespace std::chrono_literals;

constexpr std::uint16_t id = 0x1234;
constexpr std::uint16_t ok = HandMade::qr | HandMade::rd | HandMade::ra;
constexpr std::uint16_t authentic = ok | HandMade::ad;
constexpr unsigned a = 1, cname = 5, soa = 6, mx = 15, txt = 16, rrsig = 46, tlsa = 52;
const Bytes address{192, 0, 2, 1};
const Instant now = Instant{} + std::chrono::seconds(1'800'000'000);

DomainName name(std::string_view text) { return *DomainName::parse(text); }

Lookup read(const HandMade& message, const char* owner, RecordType type) {
  return read_reply(message.bytes(), {name(owner), type}, now, AnswerLimits{});
}

LookupErrorKind fault(const Lookup& lookup) {
  EXPECT_FALSE(lookup.has_value());
  return lookup ? LookupErrorKind::unreachable : lookup.error().kind;
}

TEST(Query, asks_for_validation_and_says_so) {
  // RFC 6840 5.7: AD in a query asks for AD in the reply. RFC 4035 3.2.1: DO. CD stays clear. RES-06.
  const Bytes query = build_query(id, {name("mx.test"), RecordType::tlsa}, Recursion::desired);
  EXPECT_EQ(to_hex(query),
            "1234" "0120" "0001" "0000" "0000" "0001"
            "026d78" "0474657374" "00" "0034" "0001"
            "00" "0029" "04d0" "00008000" "0000");
  const Bytes direct = build_query(id, {DomainName{}, RecordType::soa}, Recursion::none);
  EXPECT_EQ(to_hex(direct).substr(0, 8), "12340000");
}

TEST(Reply, records_and_their_status) {
  HandMade reply(id, authentic);
  reply.question("mx.test", a).rr(1, "mx.test", a, 300, address).rr(1, "mx.test", a, 60, Bytes{192, 0, 2, 2}).opt({});
  const auto secure = read(reply, "mx.test", RecordType::a);
  ASSERT_TRUE(secure.has_value()) << secure.error().what;
  EXPECT_EQ(secure->status, DnssecStatus::secure);
  EXPECT_EQ(secure->ttl, Ttl{60});
  EXPECT_EQ(secure->asked, now);
  EXPECT_EQ(secure->value.existence, Existence::records);
  EXPECT_EQ(secure->value.all<IpAddress>().size(), 2U);
  HandMade plain(id, ok);
  plain.question("MX.test", a).rr(1, "mx.TEST", a, 300, address);
  EXPECT_EQ(read(plain, "mx.test", RecordType::a)->status, DnssecStatus::insecure);
}

TEST(Reply, follows_aliases_and_ignores_other_names) {  // RES-07
  HandMade reply(id, authentic);
  reply.question("a.test", a).rr(1, "b.test", cname, 30, HandMade::wire_name("c.test")).rr(1, "x.test", a, 5, Bytes{6, 6, 6, 6});
  reply.rr(1, "a.test", cname, 100, HandMade::wire_name("b.test")).rr(1, "c.test", a, 300, address);
  const auto got = read(reply, "a.test", RecordType::a);
  ASSERT_TRUE(got.has_value()) << got.error().what;
  EXPECT_EQ(got->value.aliases, (std::vector{name("b.test"), name("c.test")}));
  EXPECT_EQ(got->value.canonical_name(), name("c.test"));
  EXPECT_EQ(got->value.all<IpAddress>(), std::vector{IpAddress::from_bytes(address)});
  EXPECT_EQ(got->ttl, Ttl{30});
}

TEST(Reply, a_cname_question_is_not_followed) {  // RES-08
  HandMade reply(id, authentic);
  reply.question("a.test", cname).rr(1, "a.test", cname, 100, HandMade::wire_name("b.test"));
  const auto got = read(reply, "a.test", RecordType::cname);
  ASSERT_TRUE(got.has_value());
  EXPECT_FALSE(got->value.is_alias());
  EXPECT_EQ(got->value.all<NameRecord>().at(0).target, name("b.test"));
}

TEST(Reply, alias_loops_and_long_chains_are_errors) {  // RES-09
  HandMade loop(id, ok);
  loop.question("a.test", a).rr(1, "a.test", cname, 9, HandMade::wire_name("b.test")).rr(1, "b.test", cname, 9, HandMade::wire_name("a.test"));
  EXPECT_EQ(fault(read(loop, "a.test", RecordType::a)), LookupErrorKind::alias_loop);
  HandMade self(id, ok);
  self.question("a.test", a).rr(1, "a.test", cname, 9, HandMade::wire_name("a.test"));
  EXPECT_EQ(fault(read(self, "a.test", RecordType::a)), LookupErrorKind::alias_loop);
  for (const int links : {16, 17}) {
    HandMade chain(id, ok);
    chain.question("n0.test", a);
    for (int i = 0; i < links; ++i) {
      chain.rr(1, "n" + std::to_string(i) + ".test", cname, 9, HandMade::wire_name("n" + std::to_string(i + 1) + ".test"));
    }
    chain.rr(1, "n" + std::to_string(links) + ".test", a, 9, address);
    const auto got = read(chain, "n0.test", RecordType::a);
    EXPECT_EQ(got.has_value(), links == 16);
    if (links == 17) {
      EXPECT_EQ(fault(got), LookupErrorKind::alias_loop);
    }
  }
}

TEST(Reply, absence_is_an_answer_with_its_own_ttl) {  // RES-04, RFC 2308 5
  HandMade none(id, authentic | 3);
  none.question("a.test", a).rr(2, "test", soa, 900, HandMade::soa(1, 300));
  const auto nxdomain = read(none, "a.test", RecordType::a);
  ASSERT_TRUE(nxdomain.has_value());
  EXPECT_EQ(nxdomain->value.existence, Existence::no_name);
  EXPECT_EQ(nxdomain->status, DnssecStatus::secure);
  EXPECT_EQ(nxdomain->ttl, Ttl{300});
  HandMade no_data(id, ok);
  no_data.question("a.test", a).rr(1, "a.test", cname, 50, HandMade::wire_name("b.test")).rr(2, "test", soa, 900, HandMade::soa(1, 300));
  const auto empty = read(no_data, "a.test", RecordType::a);
  EXPECT_EQ(empty->value.existence, Existence::no_data);
  EXPECT_EQ(empty->value.aliases.size(), 1U);
  EXPECT_EQ(empty->ttl, Ttl{50});
  HandMade long_lived(id, ok);
  long_lived.question("a.test", a).rr(2, "test", soa, 90000, HandMade::soa(1, 90000));
  EXPECT_EQ(read(long_lived, "a.test", RecordType::a)->ttl, Ttl{3 * 3600});  // RES-16
  HandMade no_soa(id, ok);
  no_soa.question("a.test", a);
  EXPECT_EQ(read(no_soa, "a.test", RecordType::a)->ttl, Ttl{0});
}

TEST(Reply, signatures_bound_the_ttl) {  // RES-12, RFC 4035 5.3.3
  const auto now32 = static_cast<std::uint32_t>(now.time_since_epoch() / 1s);
  HandMade reply(id, authentic);
  reply.question("a.test", a).rr(1, "a.test", a, 3600, address);
  reply.rr(1, "a.test", rrsig, 3600, HandMade::rrsig(a, 2, 3600, now32 - 5, now32 - 1000));
  reply.rr(1, "a.test", rrsig, 3600, HandMade::rrsig(a, 2, 3600, now32 + 40, now32 - 1000));
  reply.rr(1, "a.test", rrsig, 3600, HandMade::rrsig(mx, 2, 3600, now32 + 5, now32 - 1000));
  EXPECT_EQ(read(reply, "a.test", RecordType::a)->ttl, Ttl{40});
  HandMade top_bit(id, ok);
  top_bit.question("a.test", a).rr(1, "a.test", a, 0x80000001U, address);
  EXPECT_EQ(read(top_bit, "a.test", RecordType::a)->ttl, Ttl{0});  // RFC 2181 8
}

TEST(Reply, rcodes_and_extended_errors) {  // RES-02, RES-19, RFC 8914
  const auto servfail = [](unsigned code) {
    HandMade reply(id, ok | 2);
    reply.question("a.test", a).opt(HandMade::extended_error(code, "why\n"));
    return read(reply, "a.test", RecordType::a);
  };
  for (unsigned code = 0; code <= 30; ++code) {
    const auto got = servfail(code);
    EXPECT_EQ(fault(got), code >= 6 && code <= 12 ? LookupErrorKind::bogus : LookupErrorKind::server_failure) << code;
    ASSERT_EQ(got.error().extended_errors.size(), 1U);
    EXPECT_EQ(got.error().extended_errors[0], (ExtendedError{static_cast<std::uint16_t>(code), "why?"}));
    EXPECT_EQ(got.error().asked, now);
  }
  for (const unsigned rcode : {1U, 4U, 5U, 6U, 9U, 15U}) {
    HandMade reply(id, static_cast<std::uint16_t>(ok | rcode));
    reply.question("a.test", a);
    EXPECT_EQ(fault(read(reply, "a.test", RecordType::a)), LookupErrorKind::refused) << rcode;
  }
  HandMade bad_version(id, ok);
  bad_version.question("a.test", a).opt({}, 1);
  EXPECT_EQ(fault(read(bad_version, "a.test", RecordType::a)), LookupErrorKind::refused);
  HandMade refused(id, HandMade::qr | 5);
  EXPECT_EQ(fault(read(refused, "a.test", RecordType::a)), LookupErrorKind::refused);  // no question in it
  HandMade noerror(id, authentic);
  noerror.question("a.test", a).rr(1, "a.test", a, 9, address).opt(HandMade::extended_error(3, ""));
  EXPECT_EQ(read(noerror, "a.test", RecordType::a)->extended_errors.at(0).code, 3);
}

TEST(Reply, tlsa_rdata_is_kept_as_published) {
  for (std::size_t size = 0; size <= 4; ++size) {
    HandMade reply(id, authentic);
    reply.question("_25._tcp.mx.test", tlsa).rr(1, "_25._tcp.mx.test", tlsa, 9, Bytes(size, 3)).opt({});
    const auto got = read(reply, "_25._tcp.mx.test", RecordType::tlsa);
    ASSERT_TRUE(got.has_value()) << got.error().what;
    EXPECT_EQ(got->value.existence, Existence::records);
    const auto records = got->value.all<TlsaRecord>();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].truncated, size < 3);
    EXPECT_EQ(records[0].to_rdata(), Bytes(size, 3));
  }
}

TEST(Reply, mx_and_txt) {
  HandMade reply(id, ok);
  reply.question("test", mx).rr(1, "test", mx, 9, HandMade::mx(10, "MX.test")).rr(1, "test", mx, 9, HandMade::mx(0, "."));
  reply.rr(1, "test", mx, 9, HandMade::mx(20, "bad host.test"));
  const auto got = read(reply, "test", RecordType::mx);
  ASSERT_TRUE(got.has_value()) << got.error().what;
  const auto hosts = got->value.all<MxRecord>();
  EXPECT_EQ(hosts.at(0).exchange, name("mx.test"));
  EXPECT_TRUE(hosts.at(1).exchange->is_root());  // RFC 7505: the null MX
  EXPECT_FALSE(hosts.at(2).exchange.has_value());
  EXPECT_EQ(hosts.at(2).exchange_text, "bad\\032host.test");
  HandMade text(id, ok);
  text.question("test", txt).rr(1, "test", txt, 9, Bytes{1, 'a', 0, 2, 'b', 'c'});
  EXPECT_EQ(read(text, "test", RecordType::txt)->value.all<TxtRecord>().at(0).strings, (std::vector<std::string>{"a", "", "bc"}));
}

TEST(Reply, floods_are_too_large) {  // the TLSA flood: never "no records", never cleartext
  const auto flood = [](unsigned type, RecordType wanted, std::size_t count, std::size_t size) {
    HandMade reply(id, authentic);
    reply.question("t.test", type);
    for (std::size_t i = 0; i < count; ++i) {
      Bytes rdata = type == mx ? HandMade::mx(static_cast<unsigned>(i), "mx.test") : Bytes(size, static_cast<std::uint8_t>(i));
      reply.rr(1, "t.test", type, 9, rdata);
    }
    return read(reply, "t.test", wanted);
  };
  EXPECT_TRUE(flood(tlsa, RecordType::tlsa, 100, 35).has_value());
  EXPECT_EQ(fault(flood(tlsa, RecordType::tlsa, 101, 35)), LookupErrorKind::too_large);
  EXPECT_EQ(fault(flood(tlsa, RecordType::tlsa, 60, 1000)), LookupErrorKind::too_large);
  EXPECT_TRUE(flood(mx, RecordType::mx, 50, 0).has_value());
  EXPECT_EQ(fault(flood(mx, RecordType::mx, 51, 0)), LookupErrorKind::too_large);
  EXPECT_EQ(fault(flood(a, RecordType::a, 1000, 4)), LookupErrorKind::too_large);
}

TEST(Reply, every_cut_is_malformed) {
  HandMade reply(id, authentic);
  reply.question("a.test", a).rr(1, "a.test", a, 300, address).rr(2, "test", soa, 9, HandMade::soa(1, 2)).opt(HandMade::extended_error(3, "x"));
  ASSERT_TRUE(read(reply, "a.test", RecordType::a).has_value());
  for (std::size_t size = 0; size < reply.bytes().size(); ++size) {
    const auto got = read_reply(ByteView(reply.bytes()).subspan(0, size), {name("a.test"), RecordType::a}, now, AnswerLimits{});
    EXPECT_EQ(fault(got), LookupErrorKind::malformed) << size;
  }
}

TEST(Reply, malformed_in_other_ways) {
  const auto base = [] {
    HandMade reply(id, authentic);
    reply.question("a.test", a);
    return reply;
  };
  const auto malformed = [](const HandMade& reply, RecordType type = RecordType::a) {
    return !read(reply, "a.test", type).has_value() && fault(read(reply, "a.test", type)) == LookupErrorKind::malformed;
  };
  EXPECT_TRUE(malformed(base().more(1).u16(0xc000 | 24).u16(a).u16(1).u32(9).u16(4).raw(address)));  // a pointer to itself
  EXPECT_TRUE(malformed(base().more(1).u16(0xffff).u16(a).u16(1).u32(9).u16(4).raw(address)));       // beyond the end
  EXPECT_TRUE(malformed(base().count(1, 7).rr(1, "a.test", a, 9, address)));                         // wrong counts
  EXPECT_TRUE(malformed(base().rr(1, "a.test", a, 9, address).u8(0)));                               // octets left over
  EXPECT_TRUE(malformed(base().rr(1, "a.test", a, 9, Bytes{1, 2, 3})));
  EXPECT_TRUE(malformed(base().rr(1, "a.test", a, 9, Bytes{})));
  EXPECT_TRUE(malformed(base().opt(Bytes{0, 15, 0, 9, 0, 6})));  // an option past the end
  EXPECT_TRUE(malformed(base().opt(Bytes{0, 15, 0})));
  EXPECT_TRUE(malformed(base().opt(Bytes{0, 15, 0, 1, 6})));  // an extended error of one octet
  EXPECT_TRUE(malformed(base().opt({}).opt({})));
  EXPECT_TRUE(malformed(base().question("a.test", a)));
  EXPECT_TRUE(malformed(base().rr(1, "a.test", cname, 9, HandMade::wire_name("b.test")).rr(1, "a.test", a, 9, address)));
  EXPECT_TRUE(malformed(base().rr(1, "a.test", cname, 9, HandMade::wire_name("b.test")).rr(1, "a.test", cname, 9, HandMade::wire_name("c.test"))));
  EXPECT_TRUE(malformed(base().rr(1, "a.test", cname, 9, HandMade::wire_name("no host.test"))));
  EXPECT_TRUE(malformed(HandMade(id, authentic)));                                             // no question
  EXPECT_TRUE(malformed(HandMade(id, HandMade::ad).question("a.test", a)));                    // a query
  EXPECT_TRUE(malformed(HandMade(id, authentic | HandMade::tc).question("a.test", a)));        // cut short
  EXPECT_TRUE(malformed(HandMade(id, authentic).question("b.test", a)));                       // another name
  EXPECT_TRUE(malformed(HandMade(id, authentic).question("a.test", mx)));                      // another type
  EXPECT_TRUE(malformed(HandMade(id, authentic | 3).question("a.test", a).rr(1, "a.test", a, 9, address)));
  HandMade text(id, ok);
  text.question("a.test", txt).rr(1, "a.test", txt, 9, Bytes{5, 'a'});
  EXPECT_TRUE(malformed(text, RecordType::txt));
}

TEST(BelongsTo, id_question_and_direction) {  // RFC 5452 9.1
  const DnsQuestion question{name("a.test"), RecordType::a};
  EXPECT_TRUE(belongs_to(HandMade(id, ok).question("A.test", a).bytes(), id, question));
  EXPECT_FALSE(belongs_to(HandMade(id + 1, ok).question("a.test", a).bytes(), id, question));
  EXPECT_FALSE(belongs_to(HandMade(id, 0).question("a.test", a).bytes(), id, question));
  EXPECT_FALSE(belongs_to(HandMade(id, ok).question("b.test", a).bytes(), id, question));
  EXPECT_FALSE(belongs_to(HandMade(id, ok).question("a.test", mx).bytes(), id, question));
  EXPECT_FALSE(belongs_to(HandMade(id, ok).bytes(), id, question));
  EXPECT_TRUE(belongs_to(HandMade(id, HandMade::qr | 1).bytes(), id, question));  // FORMERR without a question
  EXPECT_FALSE(belongs_to(Bytes{0x12, 0x34, 0x80}, id, question));
}

}  // namespace
}  // namespace danewerk::io::dns
