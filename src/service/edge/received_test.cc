#include "service/edge/received.h"

#include <gtest/gtest.h>

namespace danewerk::service {
namespace {

Trace trace_of(const types::Envelope& envelope, std::string_view peer_name) {
  return {peer_name, *types::IpAddress::parse("192.0.2.7"), *types::DomainName::parse("mx1.example.net"), std::nullopt,
          *types::QueueId::parse("1kf4d2v8q0g00"), envelope, *parse_rfc3339("2026-11-23T15:04:05Z")};
}

types::Envelope to(std::vector<std::string> recipients) {
  types::Envelope envelope;
  for (const auto& address : recipients) envelope.recipients.push_back({*types::Mailbox::parse(address), {}, {}});
  return envelope;
}

// RFC 5321 4.4, RFC 3848
TEST(Received, names_who_how_and_when) {
  const auto envelope = to({"ann@contoso.example"});
  Trace trace = trace_of(envelope, "Sender.Example");
  EXPECT_EQ(received_line(trace),
            "Received: from sender.example ([192.0.2.7])\r\n\tby mx1.example.net (Danewerk) with ESMTP\r\n\tid 1kf4d2v8q0g00\r\n"
            "\tfor <ann@contoso.example>;\r\n\tMon, 23 Nov 2026 15:04:05 +0000\r\n");
  trace.tls = TlsTrace{"TLSv1.3", "TLS_AES_256_GCM_SHA384"};
  EXPECT_NE(received_line(trace).find("with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"), std::string::npos);
}

// RFC 6531 3.7.3
TEST(Received, says_utf8) {
  auto envelope = to({});
  envelope.sender.utf8 = types::Smtputf8::yes;
  envelope.recipients.push_back({*types::Mailbox::parse("jos\u00e9@contoso.example", types::Smtputf8::yes), {}, {}});
  Trace trace = trace_of(envelope, "[IPv6:2001:db8::1]");
  trace.tls = TlsTrace{"TLSv1.2", "X"};
  const std::string line = received_line(trace);
  EXPECT_NE(line.find("with UTF8SMTPS (TLSv1.2 X)"), std::string::npos) << line;
  EXPECT_NE(line.find("for <jos\u00e9@contoso.example>;"), std::string::npos) << line;
  EXPECT_TRUE(line.starts_with("Received: from [IPv6:2001:db8::1] ([192.0.2.7])\r\n")) << line;
}

// RFC 5321 7.2: with several recipients none is named
TEST(Received, does_not_tell_blind_copies) {
  const auto envelope = to({"ann@contoso.example", "bob@contoso.example"});
  EXPECT_EQ(received_line(trace_of(envelope, "a.example")).find("for <"), std::string::npos);
}

TEST(Received, what_the_peer_says_cannot_break_out) {
  const auto envelope = to({"ann@contoso.example"});
  const std::string line = received_line(trace_of(envelope, "x) by forged.example; (\\\x01" + std::string(600, 'y')));
  EXPECT_TRUE(line.starts_with("Received: from [192.0.2.7] ([192.0.2.7])\r\n\t(said \"x\\) by forged.example; \\(\\\\?yyy")) << line;
  EXPECT_LT(line.size(), 700U);
}

std::uint32_t counted(std::string_view header, std::size_t piece) {
  ReceivedCounter counter;
  for (; !header.empty(); header.remove_prefix(std::min(piece, header.size()))) counter.feed(header.substr(0, piece));
  return counter.count();
}

// SMTP-06
TEST(ReceivedCounter, counts_fields_of_the_header_only) {
  constexpr std::string_view message =
      "Received: one\r\n\tReceived: folded, not one\r\nreceived : two\r\nReceivedX: no\r\nX-Received: no\r\nRECEIVED:three\r\n"
      "Received\r\nreceive\r\n\r\nReceived: in the body\r\n";
  for (const std::size_t piece : {1U, 2U, 7U, 65536U}) EXPECT_EQ(counted(message, piece), 3U) << piece;
  EXPECT_EQ(counted("", 1), 0U);
  EXPECT_EQ(counted("\r\nReceived: body\r\n", 3), 0U);
}

}  // namespace
}  // namespace danewerk::service
