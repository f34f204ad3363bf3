// Signing while a message streams past, judged by our own verifier; the verifier is judged by others (rig/dkimpy_test.py, RFC 8463).
#include <gtest/gtest.h>

#include "engine/dkim/key_record.h"
#include "io/dns/scripted_resolver.h"
#include "io/runtime/reactor.h"
#include "service/dkim/dkim_keys.h"
#include "service/dkim/stream_signing.h"
#include "service/dkim/verifier.h"

namespace danewerk::service {
namespace {

using types::DkimAlgorithm;

const Instant now = *parse_rfc3339("2026-11-24T12:00:00Z");
const char* const message_text = "From: Ann <ann@contoso.test>\r\nTo: b@dest.test\r\nSubject: hello\r\n\r\nthe  text \r\n.\r\n\r\n";

UsableKey make_key(DkimAlgorithm algorithm, const char* domain, const char* selector) {
  UsableKey out;
  out.key.domain = *types::DomainName::parse(domain);
  out.key.selector = *types::DomainName::parse(selector);
  out.key.algorithm = algorithm;
  out.key.private_key = *io::SigningKey::generate(algorithm);
  out.half = std::make_shared<const io::SigningKey>(*io::SigningKey::from_pem(algorithm, out.key.private_key));
  out.key.public_key = to_base64(*out.half->public_octets());
  return out;
}

const std::vector<UsableKey>& both() {
  static const std::vector<UsableKey> keys{make_key(DkimAlgorithm::rsa_sha256, "contoso.test", "r1"),
                                           make_key(DkimAlgorithm::ed25519_sha256, "contoso.test", "e1")};
  return keys;
}

dkim::Signed sign(const std::vector<UsableKey>& keys, std::string_view text, std::size_t piece = 3, std::string_view prepended = {},
                  SignFor sign_for = SignFor::author) {
  StreamSigning signing(keys, sign_for);
  for (std::size_t at = 0; at < text.size(); at += piece) signing.feed(text.substr(at, piece));
  return signing.finish(prepended, now);
}

io::Task<> verify(io::dns::ScriptedResolver& resolver, std::string text, dkim::Service service, std::vector<JudgedSignature>& out) {
  Verifier verifier;
  for (std::size_t at = 0; at < text.size(); at += 5) verifier.feed(std::string_view(text).substr(at, 5));
  out = co_await verifier.finish(resolver, service, now);
}

/// "passed passed", in the order they stand.
std::string judged(const std::string& text, const std::string& world = "") {
  io::ManualClock clock(now);
  io::dns::ScriptedResolver resolver(clock);
  std::string lines = world;
  for (const UsableKey& one : both()) {
    lines += one.key.record_name().to_string() + " TXT secure";
    for (const std::string& piece : dkim::record_strings(dkim::record_text(one.key))) lines += " " + piece;
    lines += "\n";
  }
  EXPECT_TRUE(resolver.add(lines).has_value());
  std::vector<JudgedSignature> all;
  io::run_to_end(verify(resolver, text, dkim::Service::email, all));
  std::string out;
  for (const JudgedSignature& one : all) out += (out.empty() ? "" : " ") + (one.reason.empty() ? std::string("passed") : one.reason);
  return out;
}

TEST(StreamSigning, both_algorithms_verify) {  // RFC 6376, RFC 8463 3
  const dkim::Signed made = sign(both(), message_text);
  EXPECT_EQ(made.what, "contoso.test/r1,contoso.test/e1");
  EXPECT_EQ(judged(made.fields + message_text), "passed passed");
  EXPECT_EQ(judged(made.fields + "Received: by a relay\r\n" + message_text), "passed passed") << "trace lines may come on top and below";
}

TEST(StreamSigning, what_is_changed_on_the_way_is_seen) {
  const std::string good = sign(both(), message_text).fields + message_text;
  const auto changed = [&good](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return judged(text);
  };
  EXPECT_EQ(changed("the  text", "the text"), "passed passed") << "relaxed: white space may change";
  EXPECT_EQ(changed("the  text", "that text"), "the body was changed the body was changed");
  EXPECT_EQ(changed("Subject: hello", "Subject: hallo").find("passed"), std::string::npos);
  EXPECT_EQ(changed("To: b@dest", "From: boss@contoso.test\r\nTo: b@dest").find("passed"), std::string::npos) << "oversigned: no second author";
  EXPECT_EQ(changed("To: b@dest", "Subject: two\r\nTo: b@dest").find("passed"), std::string::npos);
  EXPECT_EQ(judged(good + "appended\r\n"), "the body was changed the body was changed");
}

TEST(StreamSigning, lines_of_ours_on_top_are_signed_too) {  // RFC 6409 8: Date and Message-ID may be ours
  const std::string ours = "Received: x\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n";
  const dkim::Signed made = sign(both(), message_text, 7, ours);
  EXPECT_NE(made.fields.find("date:date"), std::string::npos);
  EXPECT_EQ(judged(made.fields + ours + message_text), "passed passed");
}

TEST(StreamSigning, only_for_one_author_who_is_ours) {
  const auto why = [](const std::string& text) {
    const dkim::Signed made = sign(both(), text);
    return made.fields.empty() ? made.what : "signed";
  };
  EXPECT_EQ(why("From: a@contoso.test, b@CONTOSO.test\r\n\r\n"), "signed");
  EXPECT_EQ(why("From: a@fabrikam.test\r\n\r\n"), "not signed: no key for fabrikam.test may sign");
  EXPECT_EQ(why("From: a@sub.contoso.test\r\n\r\n"), "not signed: no key for sub.contoso.test may sign");
  EXPECT_EQ(why("From: a@contoso.test, b@fabrikam.test\r\n\r\n"), "not signed: its From names authors of several domains");
  EXPECT_EQ(why("From: a@contoso.test\r\nFrom: a@contoso.test\r\n\r\n"), "not signed: it has 2 From fields");
  EXPECT_EQ(why("Subject: x\r\n\r\n"), "not signed: it has 0 From fields");
  EXPECT_EQ(why("\r\nFrom: a@contoso.test\r\n\r\n"), "not signed: it has 0 From fields") << "that line is body";
  EXPECT_EQ(why("From: contoso.test\r\n\r\n"), "not signed: its From names no mailbox");
  EXPECT_EQ(why("From: a@contoso.test\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n"), "not signed: its header is too long");
}

TEST(StreamSigning, a_notice_is_signed_by_the_hosts_domain) {
  const std::string notice = "From: MAILER-DAEMON@mx1.contoso.test\r\n\r\nsorry\r\n";
  EXPECT_NE(sign(both(), notice, 5, {}, SignFor::host).fields, "");
  EXPECT_EQ(judged(sign(both(), notice, 5, {}, SignFor::host).fields + notice), "passed passed");
  EXPECT_EQ(sign(both(), "From: x@nocontoso.test\r\n\r\n", 5, {}, SignFor::host).fields, "");
}

TEST(Verifier, the_example_of_rfc_8463) {
  const std::string text =
      "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
      " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
      " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
      "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
      " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : subject : date;\r\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
      " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
      "From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n"
      "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
      "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n\r\n";
  const std::string world =
      "brisbane._domainkey.football.example.com TXT secure \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
      "test._domainkey.football.example.com TXT secure \"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR\""
      " \"iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC\" \"DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3\""
      " \"Ip3G+2kryOTIKT+l/K4w3QIDAQAB\"\n";
  EXPECT_EQ(judged(text, world), "passed passed");
}

TEST(DkimRecord, must_be_the_keys_own_and_the_only_one) {  // RFC 6376 3.6.2.2
  const types::DkimKey& key = both().front().key;
  const auto amiss = [&key](const std::vector<std::string>& texts) {
    types::DnsAnswer answer;
    for (const std::string& text : texts) answer.records.push_back(types::TxtRecord{{text.substr(0, 200), text.size() > 200 ? text.substr(200) : ""}});
    return amiss_with(key, answer);
  };
  const std::string good = dkim::record_text(key);
  EXPECT_EQ(amiss({good}), "");
  EXPECT_EQ(amiss({good + "; t=s; n=a note"}), "");
  EXPECT_NE(amiss({}), "");
  EXPECT_NE(amiss({dkim::record_text(both().back().key)}), "");
  EXPECT_NE(amiss({good + "; s=tlsrpt"}), "");
  EXPECT_NE(amiss({good + "; h=sha1"}), "");
  EXPECT_NE(amiss({"v=DKIM1; p="}), "");
  EXPECT_NE(amiss({good, good}), "");
  EXPECT_NE(amiss({"v=spf1 -all"}), "");
}

}  // namespace
}  // namespace danewerk::service
