#include "io/dns/scripted_resolver.h"

#include <gtest/gtest.h>

#include "io/runtime/reactor.h"

namespace danewerk::io::dns {
namespace {

using namespace types;

constexpr std::string_view world = R"(
zone example.com secure
zone insecure.example.com insecure
example.com                MX    secure  10 mx.example.com     # the usual
example.com                MX    secure  20 mx2.example.com
mx.example.com        60   A     secure  192.0.2.1
mx.example.com             AAAA  secure  2001:db8::1
_25._tcp.mx.example.com    TLSA  secure  3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
_25._tcp.mx.example.com    TLSA  secure  \# 1 ab
a.example.com              CNAME secure   b.example.net
b.example.net              CNAME insecure mx.example.com
loop.example.com           CNAME secure   loop.example.com
bad.example.com            TLSA  bogus
gone.example.com           *     timeout
empty.example.com          A     nodata
*.w.example.com            A     secure  192.0.2.7
example.com                TXT   secure  "v=STSv1; " "id=1;"
)";

struct ScriptedWorld : testing::Test {
  ScriptedWorld() {
    const auto added = resolver.add(world);
    EXPECT_TRUE(added.has_value()) << added.error().what;
  }
  Lookup ask(std::string_view name, RecordType type) { return resolver.answer({*DomainName::parse(name), type}); }
  LookupErrorKind fault(std::string_view name, RecordType type) {
    const Lookup got = ask(name, type);
    EXPECT_FALSE(got.has_value()) << name;
    return got ? LookupErrorKind::refused : got.error().kind;
  }
  ManualClock clock{Instant{}};
  ScriptedResolver resolver{clock};
};

TEST_F(ScriptedWorld, records) {
  EXPECT_EQ(ask("example.com", RecordType::mx)->value.all<MxRecord>().size(), 2U);
  EXPECT_EQ(ask("mx.example.com", RecordType::a)->ttl, Ttl{60});
  const auto tlsa = ask("_25._tcp.mx.example.com", RecordType::tlsa)->value.all<TlsaRecord>();
  EXPECT_EQ(tlsa.at(0).data.size(), 32U);
  EXPECT_TRUE(tlsa.at(1).truncated);
  EXPECT_EQ(ask("example.com", RecordType::txt)->value.all<TxtRecord>().at(0).joined(), "v=STSv1; id=1;");
}

TEST_F(ScriptedWorld, chains_are_as_weak_as_their_weakest_link) {  // RES-07
  const auto got = ask("a.example.com", RecordType::a);
  EXPECT_EQ(got->status, DnssecStatus::insecure);
  EXPECT_EQ(got->value.aliases.size(), 2U);
  EXPECT_EQ(ask("a.example.com", RecordType::cname)->status, DnssecStatus::secure);  // RES-08
  EXPECT_EQ(fault("loop.example.com", RecordType::a), LookupErrorKind::alias_loop);
}

TEST_F(ScriptedWorld, absence_and_failure) {
  EXPECT_EQ(ask("none.example.com", RecordType::a)->value.existence, Existence::no_name);
  EXPECT_EQ(ask("none.example.com", RecordType::a)->status, DnssecStatus::secure);
  EXPECT_EQ(ask("x.insecure.example.com", RecordType::a)->status, DnssecStatus::insecure);
  EXPECT_EQ(ask("mx.example.com", RecordType::tlsa)->value.existence, Existence::no_data);
  EXPECT_EQ(ask("_tcp.mx.example.com", RecordType::a)->value.existence, Existence::no_data);  // an empty non-terminal
  EXPECT_EQ(ask("empty.example.com", RecordType::a)->value.existence, Existence::no_data);
  EXPECT_EQ(fault("bad.example.com", RecordType::tlsa), LookupErrorKind::bogus);
  EXPECT_EQ(fault("gone.example.com", RecordType::mx), LookupErrorKind::timeout);
  EXPECT_EQ(ask("_25._tcp.h.w.example.com", RecordType::a)->value.existence, Existence::records);  // RFC 4592
  EXPECT_EQ(ask("h.w.example.com", RecordType::tlsa)->value.existence, Existence::no_data);
}

TEST_F(ScriptedWorld, worlds_change) {
  resolver.remove(*DomainName::parse("bad.example.com"));
  EXPECT_EQ(ask("bad.example.com", RecordType::tlsa)->value.existence, Existence::no_name);
  resolver.remove(*DomainName::parse("gone.example.com"));
  EXPECT_TRUE(ask("gone.example.com", RecordType::mx).has_value());
}

TEST_F(ScriptedWorld, says_which_line_is_wrong) {
  for (const char* bad : {"x A secure", "x A secure ::1", "x FOO secure 1", "x A odd 1.2.3.4", "x * secure", "zone x", "x MX secure mx",
                          "x TXT secure no quotes", "x TLSA secure \\# 3 ab", "x..y A secure 1.2.3.4"}) {
    const auto added = resolver.add(std::string("# first\n") + bad);
    ASSERT_FALSE(added.has_value()) << bad;
    EXPECT_EQ(added.error().what.find("world line 2: "), 0U) << added.error().what;
  }
}

Task<> asking(ScriptedResolver& resolver) {
  const Lookup got = co_await resolver.ask(*DomainName::parse("mx.example.com"), RecordType::a);
  EXPECT_TRUE(got.has_value());
}

TEST_F(ScriptedWorld, keeps_what_was_asked) {
  run_to_end(asking(resolver));
  ASSERT_EQ(resolver.asked().size(), 1U);
  EXPECT_EQ(resolver.asked()[0].to_string(), "mx.example.com A");
}

}  // namespace
}  // namespace danewerk::io::dns
