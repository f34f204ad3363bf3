#include "service/edge/admission.h"

#include "service/edge/test_house.h"

namespace danewerk::service {
namespace {

const types::IpAddress local = *types::IpAddress::parse("127.0.0.1");

types::Recipient to(std::string_view address) { return {*types::Mailbox::parse(address, types::Smtputf8::yes), {}, {}}; }
types::Sender from(std::string_view address) {
  types::Sender sender;
  if (!address.empty()) sender.path = *types::Mailbox::parse(address);
  return sender;
}

/// "contoso route:contoso.example ann@contoso.example", or the reply.
std::string told(const Result<Grant, types::Reply>& grant) {
  if (!grant) return grant.error().to_string();
  return (grant->tenant ? grant->tenant->text() : "-") + " " + grant->hop.text + " " + types::to_string(grant->recipient.path);
}

class Inbound : public testing::Test {
 protected:
  std::string ask(std::string_view address) { return told(admission.recipient(to(address), local)); }
  TestHouse house;
  InboundAdmission admission{house.house};
};

// "Open relay" of the attacks: what is not ours is refused in every dress.
TEST_F(Inbound, is_no_relay) {
  for (const char* address :
       {"ann@elsewhere.example", "ann@sub.contoso.example", "ann@example", "ann@[127.0.0.1]", "ann@[192.0.2.9]", "ann@[IPv6:2001:db8::1]",
        "\"ann@elsewhere.example\"@contoso.example", "ann%elsewhere.example@contoso.example", "elsewhere.example!ann@contoso.example",
        "\"ann%elsewhere.example\"@contoso.example", "\"elsewhere.example!ann\"@contoso.example", "ann%contoso.example@elsewhere.example",
        "postmaster@elsewhere.example", "postmaster@[192.0.2.9]", "\"postmaster@x\"@mx1.example.net", "ann@mx1.example.net"}) {
    EXPECT_TRUE(ask(address).starts_with("550 5.7.1 ")) << address << ": " << ask(address);
  }
}

TEST_F(Inbound, takes_any_mailbox_of_an_accepted_domain) {
  EXPECT_EQ(ask("ann@contoso.example"), "contoso route:contoso.example ann@contoso.example");
  EXPECT_EQ(ask("\"a b\"@CONTOSO.example"), "contoso route:contoso.example \"a b\"@contoso.example");
  EXPECT_EQ(ask("jos\u00e9@fabrikam.example"), "fabrikam route:fabrikam.example jos\u00e9@fabrikam.example");
  EXPECT_TRUE(admission.sender(from(""))->has_value() == false);
  EXPECT_TRUE(admission.peer(*types::IpAddress::parse("198.51.100.1")).has_value());
}

// RFC 5321 4.5.1
TEST_F(Inbound, postmaster_is_always_accepted) {
  const std::string first = "contoso route:contoso.example postmaster@contoso.example";
  EXPECT_EQ(told(admission.recipient({types::Postmaster{}, {}, {}}, local)), first);
  EXPECT_EQ(ask("PostMaster@mx1.example.net"), first);
  EXPECT_EQ(ask("postmaster@mx9.example.net"), first);
  EXPECT_EQ(ask("postmaster@[127.0.0.1]"), first);
  EXPECT_EQ(ask("postmaster@fabrikam.example"), "fabrikam route:fabrikam.example postmaster@fabrikam.example");
}

TEST_F(Inbound, postmaster_goes_where_the_operator_said) {
  const auto snapshot = [this] { return house.domains->snapshot(); };
  const House named{snapshot, house.names, *types::Mailbox::parse("ops@fabrikam.example")};
  EXPECT_EQ(told(InboundAdmission{named}.recipient({types::Postmaster{}, {}, {}}, local)),
            "fabrikam route:fabrikam.example ops@fabrikam.example");
  const House stale{snapshot, house.names, *types::Mailbox::parse("ops@gone.example")};
  EXPECT_EQ(told(InboundAdmission{stale}.recipient({types::Postmaster{}, {}, {}}, local)),
            "contoso route:contoso.example postmaster@contoso.example");
  const House empty{[] { return std::make_shared<const io::Domains>(); }, house.names, std::nullopt};
  EXPECT_TRUE(told(InboundAdmission{empty}.recipient({types::Postmaster{}, {}, {}}, local)).starts_with("451 4.3.0"));
}

TEST_F(Inbound, our_name_follows_the_local_address) {
  EXPECT_EQ(house.names.at(*types::IpAddress::parse("127.0.0.9")).to_string(), "mx9.example.net");
  EXPECT_EQ(house.names.at(local).to_string(), "mx1.example.net");
}

class Submission : public testing::Test {
 protected:
  std::string ask(std::string_view address) { return told(admission.recipient(to(address), local)); }
  std::string send_as(std::string_view address) {
    auto tenant = admission.sender(from(address));
    return tenant ? (*tenant)->text() : tenant.error().to_string();
  }
  TestHouse house;
  SubmissionAdmission admission{house.house, {*types::Network::parse("127.0.0.0/8"), *types::Network::parse("2001:db8::/64")}};
};

TEST_F(Submission, is_for_our_own_networks) {
  EXPECT_TRUE(admission.peer(*types::IpAddress::parse("127.3.3.3")).has_value());
  EXPECT_TRUE(admission.peer(*types::IpAddress::parse("2001:db8::7")).has_value());
  EXPECT_EQ(admission.peer(*types::IpAddress::parse("192.0.2.1")).error().code, 554);
}

TEST_F(Submission, the_sender_settles_the_tenant) {
  EXPECT_EQ(send_as("ann@contoso.example"), "contoso");
  EXPECT_EQ(send_as("bob@fabrikam.example"), "fabrikam");
  EXPECT_EQ(send_as(""), "contoso");  // RFC 6409 3.2: null sender
  EXPECT_TRUE(send_as("ann@elsewhere.example").starts_with("550 5.7.1"));
  EXPECT_TRUE(send_as("ann@sub.contoso.example").starts_with("550 5.7.1"));
  EXPECT_TRUE(send_as("ann@[127.0.0.1]").starts_with("550 5.7.1"));
}

TEST_F(Submission, goes_to_anybody) {
  EXPECT_EQ(ask("bob@elsewhere.example"), "- elsewhere.example bob@elsewhere.example");
  EXPECT_EQ(ask("bob@[192.0.2.1]"), "- [192.0.2.1] bob@[192.0.2.1]");
  EXPECT_EQ(ask("bob%x@elsewhere.example"), "- elsewhere.example bob%x@elsewhere.example");
  EXPECT_EQ(ask("ann@contoso.example"), "- route:contoso.example ann@contoso.example");
  EXPECT_TRUE(ask("ann%x@contoso.example").starts_with("550 5.7.1"));
}

io::Task<> suspend_contoso(TestHouse& house, types::Suspension suspension) {
  types::AdminAct act{"root", "unpaid", *parse_rfc3339("2026-11-24T12:00:00Z")};
  const auto done = co_await house.domains->suspend(*types::TenantId::parse("contoso"), suspension, std::move(act));
  EXPECT_TRUE(done.has_value());
}

TEST(Suspension, stops_submission_and_where_wanted_inbound_mail) {
  TestHouse house;
  const InboundAdmission inbound{house.house};
  const SubmissionAdmission submission{house.house, {*types::Network::parse("127.0.0.0/8")}};
  const auto sends = [&](std::string_view who) {
    const auto tenant = submission.sender(from(who));
    return tenant ? (*tenant)->text() : tenant.error().to_string().substr(0, 9);
  };
  const auto takes = [&](std::string_view who) { return told(inbound.recipient(to(who), local)).substr(0, 9); };
  types::Suspension suspension;
  io::run_to_end(suspend_contoso(house, suspension));
  EXPECT_EQ(sends("ann@contoso.example"), "450 4.7.1");
  EXPECT_EQ(sends("bob@fabrikam.example"), "fabrikam");
  EXPECT_EQ(sends(""), "fabrikam") << "bounces of the mailbox host are nobody's: not the suspended tenant's";
  EXPECT_EQ(takes("ann@contoso.example"), "contoso r");
  suspension.new_mail = types::Suspension::NewMail::refuse;
  suspension.inbound = types::Suspension::Inbound::stopped;
  io::run_to_end(suspend_contoso(house, suspension));
  EXPECT_EQ(sends("ann@contoso.example"), "550 5.7.1");
  EXPECT_EQ(takes("ann@contoso.example"), "550 5.2.1");
  EXPECT_EQ(told(submission.recipient(to("ann@contoso.example"), local)).substr(0, 9), "550 5.2.1") << "from another tenant too";
  EXPECT_EQ(takes("postmaster@mx1.example.net").substr(0, 8), "fabrikam") << "RFC 5321 4.5.1: somebody reads postmaster's mail";
}

io::Task<> contoso_has(TestHouse& house, types::DomainFacts facts) {
  const auto name = *types::DomainName::parse("contoso.example");
  std::vector<io::DomainStore::FactsChange> change(1, io::DomainStore::FactsChange{name, house.domains->snapshot()->find(name)->facts, facts});
  const auto done = co_await house.domains->note(std::move(change));
  EXPECT_TRUE(done.has_value());
}

/// Who may not be here yet, or any more, is put off and not refused: senders try again (decision 0067).
TEST_F(Inbound, puts_off_mail_for_a_domain_without_proof_of_control_and_one_that_left) {
  types::DomainFacts facts;
  facts.token[0] = 1;
  io::run_to_end(contoso_has(house, facts));
  EXPECT_TRUE(ask("ann@contoso.example").starts_with("450 4.7.1 ")) << ask("ann@contoso.example");
  const SubmissionAdmission submission(house.house, {});
  EXPECT_EQ(submission.sender(from("ann@contoso.example")).error().code, 450) << "nobody sends in its name either";
  EXPECT_EQ(ask("postmaster@mx1.example.net"), "fabrikam route:fabrikam.example postmaster@fabrikam.example");
  facts.verified = *parse_rfc3339("2026-01-05T00:00:00Z");
  io::run_to_end(contoso_has(house, facts));
  EXPECT_TRUE(ask("ann@contoso.example").starts_with("contoso "));
  facts.quarantined = *parse_rfc3339("2026-01-06T00:00:00Z");
  io::run_to_end(contoso_has(house, facts));
  EXPECT_TRUE(ask("ann@contoso.example").starts_with("450 4.7.1 "));
}

}  // namespace
}  // namespace danewerk::service
