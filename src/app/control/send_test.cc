// The operation "send": who may, what is added to a message, and what it needs of the servers it will meet.
#include "app/control/test_office.h"

namespace danewerk::app::test {
namespace {

const std::string complete = "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@contoso.test>\r\n"
                             "From: Ann <ann@contoso.test>\r\nSubject: x\r\n\r\ntext\r\n";

Json from_ann_to(const std::vector<std::string>& to) { return {{"from", "ann@contoso.test"}, {"to", to}}; }

struct Send : testing::Test {
  Send() { EXPECT_TRUE(office.add_domain("contoso.test").has_value()); }
  /// The queue id; fails the test if there is none.
  std::string send(const std::string& message, const std::vector<std::string>& to = {"bob@dest.test"}) {
    auto sent = office.perform("send", from_ann_to(to), message);
    EXPECT_TRUE(sent.has_value()) << sent.error().what;
    return sent ? (*sent)["id"].get<std::string>() : "";
  }
  static std::size_t times(const std::string& part, const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }
  Office office;
};

TEST_F(Send, queues_the_message_as_it_is) {
  const std::string id = send(complete);
  const std::string text = office.text_of(id);
  EXPECT_EQ(text, "Received: by mx1.danewerk.test (Danewerk)\r\n\tid " + id + "; Mon, 23 Nov 2026 12:00:00 +0000\r\n" + complete);
  const auto detail = office.detail(id);
  EXPECT_EQ(detail.entry.origin, types::Origin::submission);
  EXPECT_EQ(detail.entry.tenant.to_string(), "contoso");
  EXPECT_EQ(detail.recipients.at(0).hop.text, "dest.test");
  EXPECT_EQ(detail.entry.sender.body, types::BodyKind::seven_bit);
  EXPECT_EQ(detail.entry.sender.utf8, types::Smtputf8::no);
  EXPECT_EQ(detail.entry.sender.require_tls, types::RequireTls::no);
}

// RFC 6409 8.1, 8.3: only where they are missing
TEST_F(Send, adds_date_and_message_id_only_where_they_are_missing) {
  const std::string both = office.text_of(send("Subject: x\r\n\r\nDate: in the text\r\nMessage-ID: in the text\r\n"));
  EXPECT_EQ(times("\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n", both), 1U) << both;
  EXPECT_EQ(times("\r\nMessage-ID: <", both), 1U) << both;
  const std::string none = office.text_of(send("DATE: yesterday\r\nmessage-id: <2@x.test>\r\n\r\n"));
  EXPECT_EQ(times("Date:", none), 0U) << none;
  EXPECT_EQ(times("Message-ID:", none), 0U) << none;
  const std::string one = office.text_of(send("X-Date: no\r\nMessage-ID: <3@x.test>\r\n\r\nx\r\n"));
  EXPECT_EQ(times("\r\nDate: ", one), 1U) << one;
  EXPECT_EQ(times("Message-ID:", one), 1U) << one;
}

// RFC 5322 3.6: every message has a From field; receivers refuse those without one
TEST_F(Send, a_message_without_from_is_its_senders) {
  EXPECT_EQ(times("\r\nFrom: <ann@contoso.test>\r\n", office.text_of(send("Subject: x\r\n\r\nFrom: in the text\r\n"))), 1U);
  EXPECT_EQ(times("\r\nFrom: <", office.text_of(send("From: Ann <ann@contoso.test>\r\n\r\nx\r\n"))), 0U);
  EXPECT_EQ(times("\r\nFrom: <", office.text_of(send("Subject: x\r\nFROM: ann@contoso.test\r\n\r\nx\r\n"))), 0U);
}

// RFC 5322 2.1: a message may have no header at all; what looks like a field is text then
TEST_F(Send, nobody_learns_of_blind_copies) {
  const std::string text = office.text_of(send("Bcc: eve@dest.test,\r\n\tmallory@dest.test\r\n" + complete, {"bob@dest.test", "eve@dest.test"}));
  EXPECT_EQ(text.substr(text.find("Date:")), complete);
}

TEST_F(Send, the_text_of_a_message_without_a_header_is_not_its_header) {
  const std::string id = send("\r\nDate: in the text\r\nMessage-ID: too, in K\u00f6ln\r\n\r\nmore\r\n");
  const std::string text = office.text_of(id);
  EXPECT_EQ(times("Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n", text), 1U) << text;
  EXPECT_EQ(times("Message-ID: <" + id + "@", text), 1U) << text;
  EXPECT_EQ(office.detail(id).entry.sender.utf8, types::Smtputf8::no) << "8-bit text needs no SMTPUTF8";
  EXPECT_EQ(office.detail(id).entry.sender.body, types::BodyKind::eight_bit_mime);
}

// RFC 6152, RFC 6532: 8-bit text needs 8BITMIME, an 8-bit header SMTPUTF8
TEST_F(Send, knows_what_eight_bit_octets_need) {
  const auto in_text = office.detail(send("Subject: x\r\n\r\nK\u00f6ln\r\n"));
  EXPECT_EQ(in_text.entry.sender.body, types::BodyKind::eight_bit_mime);
  EXPECT_EQ(in_text.entry.sender.utf8, types::Smtputf8::no);
  const auto in_header = office.detail(send("Subject: K\u00f6ln\r\n\r\nx\r\n"));
  EXPECT_EQ(in_header.entry.sender.utf8, types::Smtputf8::yes);
  const auto in_address = office.detail(send(complete, {"jos\u00e9@dest.test"}));
  EXPECT_EQ(in_address.entry.sender.utf8, types::Smtputf8::yes);
}

// MX-09, RFC 6531 3.2: U-labels become A-labels where they enter
TEST_F(Send, takes_a_recipient_domain_with_u_labels) {
  const auto detail = office.detail(send(complete, {"bob@b\u00fccher.test"}));
  EXPECT_EQ(types::to_string(detail.recipients.at(0).recipient.path), "bob@xn--bcher-kva.test");
  EXPECT_EQ(detail.recipients[0].hop.text, "xn--bcher-kva.test");
  EXPECT_EQ(detail.entry.sender.utf8, types::Smtputf8::no);
}

TEST_F(Send, mail_among_our_own_takes_the_route) {
  ASSERT_TRUE(office.add_domain("b\u00fccher.test", "fabrikam").has_value());
  const auto detail = office.detail(send(complete, {"bob@B\u00dcCHER.test", "carl@dest.test"}));
  EXPECT_EQ(detail.recipients.at(0).hop.text, "route:xn--bcher-kva.test");
  EXPECT_EQ(detail.recipients.at(1).hop.text, "dest.test");
}

TEST_F(Send, requiretls_travels_with_the_message) {
  Json arguments = from_ann_to({"bob@dest.test"});
  arguments["require_tls"] = true;
  const auto sent = office.perform("send", arguments, complete);
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(office.detail((*sent)["id"]).entry.sender.require_tls, types::RequireTls::yes);
}

// SMTP-01: a bare LF would mean two things to two servers
TEST_F(Send, refuses_what_is_no_message) {
  for (const char* bad : {"Subject: x\n\r\ntext\r\n", "Subject: x\r\n\r\na\r.\r\n", "Subject: x\r\n\r\na\n.\nMAIL FROM:<x@y>\r\n"}) {
    const auto sent = office.perform("send", from_ann_to({"bob@dest.test"}), bad);
    ASSERT_FALSE(sent.has_value()) << bad;
    EXPECT_EQ(sent.error().kind, ErrorKind::malformed);
    EXPECT_NE(sent.error().what.find("lines end in CRLF"), std::string::npos) << sent.error().what;
  }
  const std::string nul = office.fault("send", from_ann_to({"bob@dest.test"}), std::string("Subject: x\r\n\r\na\0b\r\n", 19));
  EXPECT_NE(nul.find("the message holds a NUL octet"), std::string::npos) << nul;
  EXPECT_EQ(nul.find("lines end"), std::string::npos) << nul;
  EXPECT_EQ((*office.perform("queue.list", Json::object()))["messages"].size(), 0U) << "and keeps nothing of it";
}

TEST_F(Send, only_for_domains_of_ours) {
  const auto foreign = office.perform("send", {{"from", "ann@elsewhere.test"}, {"to", {"bob@dest.test"}}}, complete);
  EXPECT_EQ(foreign.error().kind, ErrorKind::denied);
  EXPECT_NE(foreign.error().what.find("elsewhere.test is not one of our domains"), std::string::npos) << foreign.error().what;
  const auto below = office.perform("send", {{"from", "ann@sub.contoso.test"}, {"to", {"bob@dest.test"}}}, complete);
  EXPECT_EQ(below.error().kind, ErrorKind::denied) << "a domain stands alone";
}

TEST_F(Send, names_the_argument_at_fault) {
  EXPECT_EQ(office.fault("send", {{"to", {"bob@dest.test"}}}, complete), "'from' is missing");
  EXPECT_EQ(office.fault("send", {{"from", "ann@contoso.test"}}, complete), "name at least one recipient");
  EXPECT_EQ(office.fault("send", from_ann_to({}), complete), "name at least one recipient");
  EXPECT_NE(office.fault("send", from_ann_to({"bob@dest.test", "no address"}), complete).find("no address"), std::string::npos);
  Json odd = from_ann_to({"bob@dest.test"});
  odd["require_tls"] = "yes";
  EXPECT_EQ(office.fault("send", odd, complete), "'require_tls' is neither true nor false");
}

// RFC 8689 3, 4.1, 4.3; RTL-02: the tag and the header field go together
TEST_F(Send, tls_required_no_tags_the_message_and_stands_in_its_header) {
  Json arguments = from_ann_to({"bob@dest.test"});
  arguments["tls_required_no"] = true;
  const auto asked = office.perform("send", arguments, complete);
  ASSERT_TRUE(asked.has_value()) << asked.error().what;
  EXPECT_EQ(office.detail((*asked)["id"]).entry.sender.require_tls, types::RequireTls::waived);
  EXPECT_EQ(times("\r\nTLS-Required: No\r\n", office.text_of((*asked)["id"])), 1U);
  const auto shown = office.perform("queue.show", {{"id", (*asked)["id"]}});
  EXPECT_EQ((*shown)["require_tls"], "waived");

  const auto both = office.perform("send", arguments, "TLS-Required: no\r\n" + complete);
  EXPECT_EQ(times("LS-Required", office.text_of((*both)["id"])), 1U) << "not a second one (RFC 8689 3)";
  const std::string by_header = send("TLS-Required: No\r\n" + complete);
  EXPECT_EQ(office.detail(by_header).entry.sender.require_tls, types::RequireTls::waived);
  const std::string in_text = send(complete + "TLS-Required: No\r\n");
  EXPECT_EQ(office.detail(in_text).entry.sender.require_tls, types::RequireTls::no);

  EXPECT_NE(office.fault("send", arguments, "TLS-Required: Yes\r\n" + complete).find("does not say No"), std::string::npos);
  arguments["require_tls"] = true;
  EXPECT_NE(office.fault("send", arguments, complete).find("cannot both"), std::string::npos);
  Json demanding = from_ann_to({"bob@dest.test"});
  demanding["require_tls"] = true;
  const auto wins = office.perform("send", demanding, "TLS-Required: No\r\n" + complete);
  EXPECT_EQ(office.detail((*wins)["id"]).entry.sender.require_tls, types::RequireTls::yes) << "the parameter wins";
}

// decision 0055
TEST_F(Send, tls_required_no_can_be_refused) {
  office.world.parts->rules.waivers = types::WaiverUse::refuse;
  EXPECT_NE(office.fault("send", from_ann_to({"bob@dest.test"}), "TLS-Required: No\r\n" + complete).find("delivery.tls_required_no"), std::string::npos);
  send(complete);
}

}  // namespace
}  // namespace danewerk::app::test
