// Canonical forms, headers, authors, tag lists, signatures: against the standard's own examples and what attackers write.
#include <gtest/gtest.h>

#include "engine/dkim/signature.h"
#include "types/seed.h"

namespace danewerk::dkim {
namespace {

std::string body(Canonical form, std::string_view octets, std::size_t piece = 65536) {
  BodyForm forming(form);
  std::string out;
  for (; !octets.empty(); octets.remove_prefix(std::min(piece, octets.size()))) forming.feed(octets.substr(0, piece), out);
  forming.finish(out);
  return out;
}

TEST(Canonical, the_example_of_the_standard) {  // RFC 6376 3.4.5
  EXPECT_EQ(canonical_field(Canonical::relaxed, "A: X\r\n"), "a:X\r\n");
  EXPECT_EQ(canonical_field(Canonical::relaxed, "B : Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n");
  EXPECT_EQ(canonical_field(Canonical::simple, "B : Y\t\r\n\tZ  \r\n"), "B : Y\t\r\n\tZ  \r\n");
  EXPECT_EQ(body(Canonical::relaxed, " C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
  EXPECT_EQ(body(Canonical::simple, " C \r\nD \t E\r\n\r\n\r\n"), " C \r\nD \t E\r\n");
}

TEST(Canonical, ends_of_bodies) {  // RFC 6376 3.4.3, 3.4.4 and erratum 1384
  struct Row {
    std::string_view octets, simple, relaxed;
  };
  for (const Row& row : {Row{"", "\r\n", ""}, Row{"\r\n", "\r\n", ""}, Row{" \t\r\n\r\n", " \t\r\n", ""}, Row{"a", "a\r\n", "a\r\n"},
                         Row{"a\r\n\r\nb\r\n \r\n", "a\r\n\r\nb\r\n \r\n", "a\r\n\r\nb\r\n"}, Row{"a\rb\r", "a\rb\r\r\n", "a\rb\r\r\n"},
                         Row{"a \rb\r\n", "a \rb\r\n", "a \rb\r\n"}, Row{"a\nb\r\n", "a\nb\r\n", "a\nb\r\n"}}) {
    EXPECT_EQ(body(Canonical::simple, row.octets), row.simple) << row.octets;
    EXPECT_EQ(body(Canonical::relaxed, row.octets), row.relaxed) << row.octets;
  }
}

TEST(Canonical, pieces_change_nothing) {
  types::Chance chance(types::Seed{11});
  const std::string_view alphabet[] = {"a", "bc", " ", "\t", "\r\n", "\r\n\r\n", "\r", "\n", "  \r\n"};
  for (int round = 0; round < 300; ++round) {
    std::string octets;
    for (auto n = chance.below(30); n > 0; --n) octets += alphabet[chance.below(9)];
    for (const Canonical form : {Canonical::simple, Canonical::relaxed}) {
      for (const std::size_t piece : {1U, 2U, 7U}) EXPECT_EQ(body(form, octets, piece), body(form, octets)) << testing::PrintToString(octets);
    }
  }
}

TEST(Header, ends_where_the_body_begins) {  // RFC 5322 2.1
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    for (const std::string_view text : {"A: 1\r\nB: 2\r\n 3\r\n\r\nbody\r\n\r\nmore", "\r\nno header: here\r\n\r\n", "A: 1\r\nno body\r\n"}) {
      HeaderReader reader;
      std::string rest;
      for (std::size_t at = 0; at < text.size(); at += piece) rest += reader.feed(text.substr(at, piece));
      if (text.front() == '\r') {
        EXPECT_EQ(reader.lines(), "");
        EXPECT_EQ(rest, text.substr(2));
      } else if (text.find("\r\n\r\n") == std::string_view::npos) {
        EXPECT_EQ(reader.lines(), text);
        EXPECT_EQ(rest, "");
      } else {
        EXPECT_EQ(reader.lines(), "A: 1\r\nB: 2\r\n 3\r\n");
        EXPECT_EQ(rest, "body\r\n\r\nmore");
      }
    }
  }
}

TEST(Header, is_kept_up_to_a_bound) {
  HeaderReader reader(100);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(reader.feed("X: yyyyyyy\r\n"), "");
  EXPECT_EQ(reader.state(), HeaderReader::State::too_long);
  EXPECT_EQ(reader.lines(), "");
  EXPECT_EQ(reader.feed("\r\nbody"), "") << "what follows cannot be told from the header any more";
  for (const std::size_t piece : {1U, 2U, 1000U}) {  // wherever it is cut, the same header is too long
    const std::string text = std::string(96, 'x') + "\r\n\r\nbody";
    HeaderReader fits(100), one_too_long(99);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      fits.feed(std::string_view(text).substr(at, piece));
      one_too_long.feed(std::string_view(text).substr(at, piece));
    }
    EXPECT_EQ(fits.state(), HeaderReader::State::body) << piece;
    EXPECT_EQ(one_too_long.state(), HeaderReader::State::too_long) << piece;
  }
}

TEST(Header, fields_with_their_folding) {
  const auto fields = header_fields("  stray\r\nFrom : a\r\n\tb\r\nno colon\r\n of it\r\nTO:x\r\n");
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[0], (HeaderField{"from", "From : a\r\n\tb\r\n"}));
  EXPECT_EQ(fields[0].value(), " a\r\n\tb");
  EXPECT_EQ(fields[1].name, "to");
}

TEST(Author, domains_of_from) {  // RFC 5322 3.4
  using List = std::vector<std::string>;
  struct Row {
    std::string_view value;
    List domains;
  };
  for (const Row& row : {Row{" ann@contoso.example", {"contoso.example"}}, Row{"Ann <ann@contoso.example>", {"contoso.example"}},
                         Row{"\"ann@other.example\" <ann@contoso.example>", {"contoso.example"}},
                         Row{"(x@y.example) ann@contoso.example (z)", {"contoso.example"}},
                         Row{"\"a, b\" <ann@contoso.example>", {"contoso.example"}}, Row{"\"a\\\"<x@y>\"@contoso.example", {"contoso.example"}},
                         Row{"a@one.example, B <b@two.example>", {"one.example", "two.example"}},
                         Row{"Team: a@one.example, b@one.example;", {"one.example", "one.example"}},
                         Row{"<@relay.example,@other.example:ann@contoso.example>", {"contoso.example"}}, Row{"undisclosed:;", {}}, Row{"", {}},
                         Row{"ann", {}}, Row{"ann@", {}}, Row{"<ann@contoso.example", {}}, Row{"ann@contoso.example>", {}}, Row{"(ann@contoso.example", {}},
                         Row{"\"ann@contoso.example", {}}, Row{"<a@one.example><b@two.example>", {}}, Row{"<<a@one.example>>", {}},
                         Row{"a@one.example <b@two.example>", {"two.example"}}, Row{"ann@m\u00fcnchen.example", {"m\u00fcnchen.example"}}}) {
    EXPECT_EQ(author_domains(row.value), row.domains) << row.value;
  }
}

TEST(KeyRecords, what_strangers_publish) {  // RFC 6376 3.6.1
  const auto fault = [](std::string_view text) {
    const auto record = KeyRecord::parse(text);
    return record ? std::string() : record.error().what;
  };
  EXPECT_EQ(fault("v=DKIM1; p=YWJj"), "");
  EXPECT_EQ(fault("p=YW Jj;"), "") << "white space inside p=, a last semicolon";
  EXPECT_NE(fault("p=YWJj; v=DKIM1"), "") << "v= must come first";
  EXPECT_NE(fault("v=DKIM2; p=YWJj"), "");
  EXPECT_NE(fault("v=DKIM1; k=rsa"), "");
  EXPECT_NE(fault("v=DKIM1; k=dsa; p=YWJj"), "");
  EXPECT_NE(fault("v=DKIM1; p=YWJj; p=YWJk"), "");
  EXPECT_NE(fault("v=DKIM1; p=!!"), "");
  EXPECT_NE(fault("v=spf1 -all"), "");
  EXPECT_TRUE(KeyRecord::parse("v=DKIM1; p=")->key.empty()) << "revoked";
  EXPECT_EQ(KeyRecord::parse("v=DKIM1; k=ed25519; p=YWJj")->algorithm, types::DkimAlgorithm::ed25519_sha256);
  const auto report = *KeyRecord::parse("v=DKIM1; s=tlsrpt; p=YWJj");  // RFC 8460 3, RPT-11
  EXPECT_TRUE(report.serves(Service::tlsrpt));
  EXPECT_FALSE(report.serves(Service::email));
  EXPECT_TRUE(KeyRecord::parse("p=YWJj; s=email : tlsrpt")->serves(Service::email));
}

TEST(KeyRecords, strings_of_at_most_255_octets) {  // RFC 1035 3.3.14
  const auto pieces = record_strings(std::string(600, 'x'));
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[0].size(), 257U);
  EXPECT_EQ(pieces[2].size(), 92U);
}

TEST(Signatures, sealing) {  // RFC 6376 5.4, 8.15
  const auto fields = header_fields("From: a\r\nTo: b\r\nReceived: x\r\nSubject: s\r\nX-Other: y\r\nIn-Reply-To: <z>\r\n");
  EXPECT_EQ(headers_to_sign(fields), (std::vector<std::string>{"from", "from", "subject", "subject", "to", "to", "in-reply-to"}));
}

TEST(Signatures, lowest_field_first_and_absent_ones_count_as_nothing) {  // RFC 6376 5.4.2
  Signature signature;
  signature.headers = {"x", "x", "x", "absent"};
  EXPECT_EQ(signed_octets(signature, header_fields("X: 1\r\nY: 2\r\nX: 3\r\n"), "DKIM-Signature: b="), "x:3\r\nx:1\r\ndkim-signature:b=");
}

TEST(Signatures, b_is_taken_out_wherever_it_stands) {  // RFC 6376 3.5
  EXPECT_EQ(without_b("DKIM-Signature: v=1; b=ab\r\n cd ; bh=xy\r\n"), "DKIM-Signature: v=1; b=; bh=xy");
  EXPECT_EQ(without_b("DKIM-Signature: bh=b=;\r\n\tb =ab=\r\n"), "DKIM-Signature: bh=b=;\r\n\tb =");
}

TEST(Signatures, what_we_write_reads_back) {
  Signature signature;
  signature.algorithm = types::DkimAlgorithm::ed25519_sha256;
  signature.domain = *types::DomainName::parse("contoso.example");
  signature.selector = *types::DomainName::parse("s1");
  for (int i = 0; i < 30; ++i) signature.headers.push_back("content-transfer-encoding");
  signature.body_hash = Bytes(32, 7);
  signature.made = *parse_rfc3339("2026-11-24T12:00:00Z");
  const std::string text = written(signature, Bytes(256, 9));
  for (std::size_t at = 0, end = 0; (end = text.find("\r\n", at)) != std::string::npos; at = end + 2) EXPECT_LE(end - at, 78U);
  const auto field = header_fields(text).at(0);
  EXPECT_EQ(without_b(field.text), unsigned_field(signature));
  const auto back = Signature::parse(field.value());
  ASSERT_TRUE(back.has_value()) << back.error().what;
  EXPECT_EQ(back->headers, signature.headers);
  EXPECT_EQ(back->body_hash, signature.body_hash);
  EXPECT_EQ(back->signature, Bytes(256, 9));
  EXPECT_EQ(back->made, signature.made);
  EXPECT_EQ(back->body_form, Canonical::relaxed);
}

TEST(Signatures, what_is_refused_before_any_mathematics) {  // RFC 6376 6.1.1, RFC 8301, RFC 8460 3
  const Instant now = *parse_rfc3339("2026-11-24T12:00:00Z");
  const auto why = [&now](const std::string& changed) {
    const auto read = Signature::parse("v=1; a=rsa-sha256; d=c.example; s=s; bh=YWJj; b=YWJj; " + changed);
    return read ? refusal(*read, now).value_or("") : read.error().what;
  };
  EXPECT_EQ(why("h=From:to"), "");
  EXPECT_EQ(why("h= to : from; i=@sub.c.example"), "");
  EXPECT_NE(why("h=to:subject"), "") << "From unsigned";
  EXPECT_NE(why("h=from; l=10"), "") << "a part of the body unsigned";
  EXPECT_NE(why("h=from; x=1000"), "");
  EXPECT_NE(why("h=from; t=99999999999"), "");
  EXPECT_NE(why("h=from; t=abc"), "");
  EXPECT_NE(why("h=from; i=@other.example"), "");
  EXPECT_NE(why("h=from; i=x@evilc.example"), "");
  EXPECT_NE(why("h=from; q=http"), "");
  EXPECT_NE(why("h=from; c=nowsp"), "");
  EXPECT_NE(why("h=from::to"), "");
  EXPECT_NE(why("h=from; d=d.example"), "") << "d= twice";
  EXPECT_FALSE(Signature::parse("v=1; a=rsa-sha1; d=c.example; s=s; bh=YWJj; b=YWJj; h=from").has_value());
  EXPECT_FALSE(Signature::parse("a=rsa-sha256; d=c.example; s=s; bh=YWJj; b=YWJj; h=from").has_value());
}

}  // namespace
}  // namespace danewerk::dkim
