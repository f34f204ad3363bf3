// Golden notices: every octet of one notice for each kind of trouble, in golden/*.eml (with LF line ends there). After a
// wanted change write them anew with DANEWERK_WRITE_GOLDEN=1, and read the difference. reader_test.py reads the same files
// with a MIME parser that is not ours.
#include "engine/dsn/notice.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/dsn/mime.h"

namespace danewerk::dsn {
namespace {
using namespace types;
using namespace std::chrono_literals;
using namespace std::string_literals;

const Instant arrived = *parse_rfc3339("2026-11-23T15:04:05Z");
const std::string key_digest(64, 'a');
const std::string cert_digest(64, 'b');

DomainName name(std::string_view text) { return *DomainName::parse(text); }
Mailbox mailbox(std::string_view text) { return *Mailbox::parse(text, Smtputf8::yes); }

DsnInput input_for(Duration waited) {
  DsnInput input;
  input.id = "0f3a9c.1";
  input.reporting_mta = name("mta.danewerk.example");
  input.queue_id = "Q7K2M9";
  input.sender.path = mailbox("sender@example.com");
  input.arrived = arrived;
  input.now = arrived + waited;
  input.original = "From: sender@example.com\r\nTo: anna@example.org\r\nSubject: hello\r\nMessage-ID: <1@example.com>\r\n"
                   "\r\nthe body\r\n";
  return input;
}

Hop hop_to(std::string_view host) {
  Hop hop;
  hop.host = MxHost(name(host));
  hop.addresses = {*IpAddress::parse("192.0.2.25")};
  return hop;
}

Attempt attempt_at(const DsnInput& input, AttemptEnd end, Phase phase) {
  Attempt attempt;
  attempt.peer = *Endpoint::parse("192.0.2.25:25");
  attempt.end = end;
  attempt.phase = phase;
  attempt.started = input.now - 2s;
  attempt.ended = input.now - 1s;
  return attempt;
}

Told told_of(const DsnInput& input, std::string_view address, Action action, const Fault& fault) {
  Told told;
  told.recipient.path = mailbox(address);
  told.action = action;
  told.outcome.disposition = action == Action::failed ? Disposition::failed : Disposition::deferred;
  told.outcome.fault = fault;
  told.outcome.code = fault.code;
  told.outcome.sentence = fault.sentence;
  told.outcome.decided = input.now;
  return told;
}

/// A round with one hop and one attempt, which decided.
void add_attempt(DsnInput& input, Told& told, Hop hop, Attempt attempt) {
  Round round;
  round.plan.hops.push_back(std::move(hop));
  round.attempts.push_back(std::move(attempt));
  told.round = input.rounds.size();
  told.outcome.attempt = 0;
  input.rounds.push_back(std::move(round));
}

Told refused_by_server(DsnInput& input, std::string_view address, const Reply& reply) {
  Fault fault;
  fault.lasting = Lasting::permanent;
  fault.code = reply.enhanced.value_or(EnhancedCode{5, 0, 0});
  fault.reply_code = reply.code;
  fault.sentence = "Host mx.example.org refused at recipients: " + reply.to_string();
  Told told = told_of(input, address, Action::failed, fault);
  told.outcome.reply = reply;
  Attempt attempt = attempt_at(input, AttemptEnd::completed, Phase::done);
  attempt.replies.push_back({RecipientIndex{0}, Phase::recipients, reply});
  add_attempt(input, told, hop_to("mx.example.org"), attempt);
  return told;
}

Told no_such_domain(const DsnInput& input, Action action = Action::failed) {
  Fault fault;
  fault.lasting = Lasting::permanent;
  fault.code = {5, 1, 2};
  fault.sentence = "Domain no-such.example does not exist";
  LookupEvidence evidence;
  evidence.question = {name("no-such.example"), RecordType::mx};
  evidence.status = DnssecStatus::secure;
  fault.evidence = evidence;
  return told_of(input, "bert@no-such.example", action, fault);
}

Hop dane_hop() {
  Hop hop = hop_to("mx1.example.org");
  hop.level = SecurityLevel::dane;
  hop.reason = LevelReason::tlsa_usable;
  DaneTerms terms;
  terms.base = TlsaBaseDomain(name("mx1.example.org"));
  terms.question = {name("_25._tcp.mx1.example.org"), RecordType::tlsa};
  terms.published = {*TlsaRecord::parse("3 1 1 " + std::string(64, 'c')), *TlsaRecord::parse("3 1 1 " + std::string(64, 'd'))};
  terms.usable = terms.published;
  hop.dane = terms;
  return hop;
}

/// Given up after a day: the server's key matches no record; the second server did not answer, a third was left out.
DsnInput dane_mismatch() {
  DsnInput input = input_for(24h);
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.code = {4, 7, 323};
  fault.failure = TlsFailure::tlsa_invalid;
  fault.sentence = "Host mx1.example.org [192.0.2.25] was not authenticated";
  Told told = told_of(input, "anna@example.org", Action::failed, fault);
  told.gave_up_as = EnhancedCode{5, 7, 323};
  told.rounds_tried = 26;
  Attempt attempt = attempt_at(input, AttemptEnd::not_authenticated, Phase::authenticate);
  attempt.presented = {{cert_digest, key_digest}};
  Verdict verdict;
  verdict.failure = TlsFailure::tlsa_invalid;
  verdict.reason = "no TLSA record matches the certificate or any above it";
  attempt.verdict = verdict;
  add_attempt(input, told, dane_hop(), attempt);
  Round& round = input.rounds.back();
  round.plan.hops.push_back(hop_to("mx2.example.org"));
  Attempt second = attempt_at(input, AttemptEnd::not_connected, Phase::connect);
  second.hop = HopIndex{1};
  second.peer = *Endpoint::parse("[2001:db8::2]:25");
  second.detail = "connection refused";
  round.attempts.push_back(second);
  Fault lookup;
  lookup.sentence = "The TLSA lookup for mx3.example.org failed";
  round.plan.out.push_back({"mx3.example.org", 30, OutReason::tlsa_lookup_failed, lookup});
  input.told.push_back(told);
  return input;
}

Told bogus_so_far(const DsnInput& input) {
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.code = {4, 7, 324};
  fault.failure = TlsFailure::dnssec_invalid;
  fault.sentence = "The TLSA records of mx.example.net cannot be trusted";
  LookupEvidence evidence;
  evidence.question = {name("_25._tcp.mx.example.net"), RecordType::tlsa};
  evidence.error = LookupError{LookupErrorKind::bogus, "SERVFAIL", input.now, {}};
  evidence.status = DnssecStatus::bogus;
  evidence.extended_errors = {{9, "no DNSKEY matches DS"}};
  fault.evidence = evidence;
  Told told = told_of(input, "carl@example.net", Action::delayed, fault);
  told.rounds_tried = 5;
  told.next_try = input.now + 1h;
  told.retry_until = arrived + 24h;
  return told;
}

Told taken(DsnInput& input, std::string_view address, Action action, Assurance assurance) {
  Told told;
  told.recipient.path = mailbox(address);
  told.action = action;
  told.outcome.disposition = Disposition::delivered;
  told.outcome.code = {2, 0, 0};
  told.outcome.reply = Reply{250, EnhancedCode{2, 0, 0}, {"Ok: queued as 4F1"}};
  told.outcome.assurance = assurance;
  told.outcome.decided = input.now;
  Attempt attempt = attempt_at(input, AttemptEnd::completed, Phase::done);
  attempt.reply = told.outcome.reply;
  add_attempt(input, told, dane_hop(), attempt);
  return told;
}

std::string golden_path(const std::string& file) {
  return std::string(DANEWERK_SOURCE_DIR) + "/src/engine/dsn/golden/" + file + ".eml";
}

/// What holds for every notice.
void expect_sound(const Notice& notice) {
  EXPECT_FALSE(notice.reverse_path.has_value());  // SMTP-06
  const Makeup makeup = makeup_of(notice.message);
  EXPECT_NE(makeup, Makeup::binary) << "a bare CR or LF, a NUL, or a line beyond 998";
  if (notice.body == BodyKind::seven_bit) {
    EXPECT_EQ(makeup, Makeup::seven_bit);
  }
  const std::size_t header_end = notice.message.find("\r\n\r\n");
  ASSERT_NE(header_end, std::string::npos);
  if (notice.needs_utf8 == Smtputf8::no) {
    EXPECT_TRUE(is_ascii(notice.message.substr(0, header_end)));
  }
  std::istringstream header(notice.message.substr(0, header_end));
  std::string names;
  for (std::string line; std::getline(header, line);) {
    if (line[0] != ' ') names += line.substr(0, line.find(':')) + " ";
  }
  EXPECT_EQ(names, "Date From To Message-ID Subject Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding ");
}

Notice expect_golden(const std::string& file, const DsnInput& input) {
  const Notice notice = compose(input);
  expect_sound(notice);
  EXPECT_EQ(compose(input).message, notice.message);
  std::string text = notice.message;
  std::erase(text, '\r');
  if (std::getenv("DANEWERK_WRITE_GOLDEN") != nullptr) std::ofstream(golden_path(file), std::ios::binary) << text;
  std::ifstream stream(golden_path(file), std::ios::binary);
  std::stringstream golden;
  golden << stream.rdbuf();
  EXPECT_EQ(text, golden.str()) << golden_path(file);
  return notice;
}

bool holds(const Notice& notice, std::string_view text) { return notice.message.find(text) != std::string::npos; }

/// The same in text for people, wherever its lines end.
bool says(const Notice& notice, std::string_view text) {
  std::string flat;
  for (const char c : notice.message) {
    const bool white = c == ' ' || c == '\r' || c == '\n';
    if (!white || !flat.ends_with(' ')) flat += white ? ' ' : c;
  }
  return flat.find(text) != std::string::npos;
}

TEST(Notice, DaneMismatchGivenUp) {
  const Notice notice = expect_golden("dane_mismatch", dane_mismatch());
  for (const std::string& text : {"5.7.323"s, "mx1.example.org [192.0.2.25]"s, key_digest, cert_digest, std::string(64, 'c'),
                                  "mx2.example.org [2001:db8::2]"s, "26 times in 24 h"s}) {
    EXPECT_TRUE(holds(notice, text)) << text;
  }
}

TEST(Notice, NoSuchDomain) {
  DsnInput input = input_for(1s);
  input.told.push_back(no_such_domain(input));
  const Notice notice = expect_golden("no_such_domain", input);
  EXPECT_FALSE(holds(notice, "Remote-MTA"));  // RFC 3464 2.3.5: no remote MTA was involved
}

TEST(Notice, UserUnknown) {
  DsnInput input = input_for(3s);
  input.sender.envelope_id = "QQ314159";
  Told told = refused_by_server(input, "anna@example.org", {550, EnhancedCode{5, 1, 1}, {"No such user here;", "see https://example.org/550"}});
  told.recipient.original = OriginalRecipient{"rfc822", "info@example.edu"};
  input.told.push_back(told);
  expect_golden("user_unknown", input);
}

TEST(Notice, NullMx) {  // MX-03, RFC 7505
  DsnInput input = input_for(1s);
  Fault fault;
  fault.lasting = Lasting::permanent;
  fault.code = {5, 1, 10};
  fault.reply_code = 556;
  fault.sentence = "Domain example.org takes no mail (null MX)";
  input.told.push_back(told_of(input, "anna@example.org", Action::failed, fault));
  EXPECT_TRUE(holds(expect_golden("null_mx", input), "Diagnostic-Code: smtp; 556 5.1.10 "));
}

TEST(Notice, MixedRecipients) {
  DsnInput input = input_for(4h);
  input.told.push_back(no_such_domain(input));
  input.told.push_back(bogus_so_far(input));
  input.told.push_back(taken(input, "dora@example.org", Action::relayed, Assurance::encrypted));
  expect_golden("mixed", input);
}

TEST(Notice, Delay) {  // RFC 3464 2.3.9: Will-Retry-Until
  DsnInput input = input_for(4h);
  input.told.push_back(bogus_so_far(input));
  const Notice notice = expect_golden("delay", input);
  EXPECT_TRUE(holds(notice, "Will-Retry-Until: Tue, 24 Nov 2026 15:04:05 +0000"));
  EXPECT_TRUE(holds(notice, "9 (DNSKEY Missing)"));
}

TEST(Notice, OurOwnFault) {
  DsnInput input = input_for(5h);
  Fault fault;
  fault.kind = FaultKind::ours;
  fault.code = {4, 3, 0};
  fault.sentence = "The resolver is not there";
  input.told.push_back(told_of(input, "anna@example.org", Action::delayed, fault));
  EXPECT_TRUE(says(expect_golden("our_own_fault", input), "The fault is on our side"));
}

TEST(Notice, Success) {
  DsnInput input = input_for(2s);
  input.told.push_back(taken(input, "anna@example.org", Action::delivered, Assurance::next_hop_authenticated));
  input.told.push_back(taken(input, "dora@example.org", Action::relayed, Assurance::host_authenticated));
  input.sender.dsn_return = DsnReturn::full;  // RFC 3461 6.2: without a failure the header is enough
  input.extent = Extent::whole;
  EXPECT_FALSE(holds(expect_golden("success", input), "the body"));
}

TEST(Notice, ExpiredWithoutEncryptionOffered) {
  DsnInput input = input_for(24h);
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.code = {4, 7, 321};
  fault.failure = TlsFailure::starttls_not_supported;
  fault.sentence = "Host mx1.example.org [192.0.2.25]: no TLS (STARTTLS not offered)";
  Told told = told_of(input, "anna@example.org", Action::failed, fault);
  add_attempt(input, told, dane_hop(), attempt_at(input, AttemptEnd::starttls_not_offered, Phase::starttls));
  input.told.push_back(told);
  EXPECT_TRUE(holds(expect_golden("no_starttls", input), "Status: 5.7.321"));
}

TEST(Notice, Utf8RecipientOfAnAsciiSender) {  // RFC 6533 3: the 7-bit form, or the notice could get stuck
  DsnInput input = input_for(3s);
  input.sender.utf8 = Smtputf8::yes;
  input.original = "From: sender@example.com\r\nSubject: gr\xc3\xbc\xc3\x9f" "e\r\n\r\nbody\r\n";
  Told told = refused_by_server(input, "gr\xc3\xbc\xc3\x9f" "e@example.org", {550, EnhancedCode{5, 1, 1}, {"gr\xc3\xbc\xc3\x9f" "e: unbekannt"}});
  told.recipient.original = OriginalRecipient{"utf-8", "gr\\x{FC}\\x{DF}e@example.org"};
  input.told.push_back(told);
  const Notice notice = expect_golden("utf8_recipient", input);
  EXPECT_EQ(notice.body, BodyKind::seven_bit);
  EXPECT_TRUE(holds(notice, "Final-Recipient: utf-8; gr\\x{FC}\\x{DF}e@example.org"));
  EXPECT_TRUE(holds(notice, "Content-Type: message/delivery-status"));
  EXPECT_TRUE(holds(notice, "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: quoted-printable"));
}

TEST(Notice, Utf8Sender) {  // RFC 6533 4
  DsnInput input = input_for(3s);
  input.sender.utf8 = Smtputf8::yes;
  input.sender.path = mailbox("j\xc3\xbcrgen@example.com");
  input.sender.dsn_return = DsnReturn::full;
  input.extent = Extent::whole;
  input.original = "From: j\xc3\xbcrgen@example.com\r\nSubject: gr\xc3\xbc\xc3\x9f" "e\r\n\r\nbody\r\n";
  Told told = refused_by_server(input, "gr\xc3\xbc\xc3\x9f" "e@example.org", {550, EnhancedCode{5, 1, 1}, {"gr\xc3\xbc\xc3\x9f" "e: unbekannt"}});
  told.recipient.original = OriginalRecipient{"utf-8", "gr\\x{FC}\\x{DF}e@example.org"};
  input.told.push_back(told);
  const Notice notice = expect_golden("utf8_sender", input);
  EXPECT_EQ(notice.needs_utf8, Smtputf8::yes);
  EXPECT_EQ(notice.body, BodyKind::eight_bit_mime);
  EXPECT_TRUE(holds(notice, "Original-Recipient: utf-8; gr\xc3\xbc\xc3\x9f" "e@example.org\r\n"));
  EXPECT_TRUE(holds(notice, "Content-Type: message/global-delivery-status"));
  EXPECT_TRUE(holds(notice, "Content-Type: message/global\r\n"));
}

TEST(Notice, WholeMessageOnlyWhereAskedAndSmall) {  // RFC 3461 4.3, 6.2
  DsnInput input = dane_mismatch();
  input.extent = Extent::whole;
  EXPECT_FALSE(holds(compose(input), "the body"));
  input.sender.dsn_return = DsnReturn::full;
  EXPECT_TRUE(holds(expect_golden("whole_message", input), "the body"));
  DsnInput small = input;
  small.limits.message = small.original.size() - 1;
  EXPECT_FALSE(holds(compose(small), "the body"));
  DsnInput binary = input;
  binary.original += "the body again\n";
  EXPECT_FALSE(holds(compose(binary), "the body"));
  expect_sound(compose(binary));
  DsnInput eight_bit = input;
  eight_bit.original += "\xfc\r\n";
  EXPECT_TRUE(holds(compose(eight_bit), "the body"));
  EXPECT_EQ(compose(eight_bit).body, BodyKind::eight_bit_mime);
  eight_bit.extent = Extent::beginning;  // what to do where the next hop lacks 8BITMIME
  EXPECT_EQ(compose(eight_bit).body, BodyKind::seven_bit);
}

TEST(Notice, RequireTlsReturnsTheHeaderOnly) {  // RTL-05, RFC 8689 5
  DsnInput input = input_for(3s);
  input.sender.require_tls = RequireTls::yes;
  input.sender.dsn_return = DsnReturn::full;
  input.extent = Extent::whole;
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.lasting = Lasting::permanent;
  fault.code = {5, 7, 30};
  fault.sentence = "Host mx1.example.org does not offer REQUIRETLS";
  Told told = told_of(input, "anna@example.org", Action::failed, fault);
  Attempt attempt = attempt_at(input, AttemptEnd::extension_missing, Phase::ehlo_in_tls);
  attempt.missing = Extension::requiretls;
  add_attempt(input, told, dane_hop(), attempt);
  input.told.push_back(told);
  const Notice notice = expect_golden("requiretls", input);
  EXPECT_EQ(notice.require_tls, RequireTls::yes);
  EXPECT_FALSE(holds(notice, "the body"));
}

TEST(Notice, NothingHostileGetsOut) {
  DsnInput input = input_for(3s);
  const std::string attack = "x\r\nBcc: victim@example.net\r\n\r\n--=_evil_0_=\r\n.\r\n\n\r\0\x1b[2J\xff\xe2\x80\xae"s;
  input.id = "evil\r\nBcc: victim@example.net";
  input.queue_id = attack;
  input.sender.envelope_id = attack;
  Told told = refused_by_server(input, "anna@example.org", {550, std::nullopt, {attack, std::string(5000, 'x'), attack}});
  told.recipient.path = Mailbox("a\r\nRCPT TO:<victim@example.net>", name("example.org"));
  told.recipient.original = OriginalRecipient{"rfc822\r\nAction", attack};
  input.rounds[0].attempts[0].presented = {{attack, attack}};
  input.rounds[0].attempts[0].verdict = Verdict{};
  input.rounds[0].plan.out.push_back({attack, 1, OutReason::no_host_name, *told.outcome.fault});
  input.told.push_back(told);
  input.original = "From: a\rBcc: b\nTo: c\0 \xfc\r\nX: "s + std::string(2000, 'y') + "\r\n--=_evilBccvictimexample.net_0_=\r\n\r\nthe body\r\n";
  input.sender.path = Mailbox("s\r\nX-Injected: 1", name("example.com"));
  const Notice notice = expect_golden("hostile", input);
  EXPECT_EQ(notice.message.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(notice.message.find("\r\nX-Injected:"), std::string::npos);
  EXPECT_EQ(notice.message.find("\r\nRCPT"), std::string::npos);
  EXPECT_EQ(notice.message.find("\r\n.\r\n"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::dsn
