// For tests only: everything a delivery needs, with a written DNS, virtual time and a real store in a directory of its own.
//
// Time stands still between rounds; sockets wait in real time, but nothing here waits for them to be late. Compiled once, with
// test_peers and test_told, into a library that the tests of other folders may use too: delivery, its store and its JSON cost
// every unit that compiles them 6 s of processor time (decision 0091).
#pragma once

#include <gtest/gtest.h>

#include "io/dns/scripted_resolver.h"
#include "io/runtime/reactor.h"
#include "service/delivery/deliver.h"
#include "service/delivery/dsn_notices.h"
#include "service/delivery/test_peers.h"
#include "service/delivery/test_told.h"

namespace danewerk::service::test {

inline const Instant start = *parse_rfc3339("2026-11-23T12:00:00Z");

class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void knows(const std::string& lines);
  bool asked(const std::string& question) const;
  bool logged(std::string_view part) const;

  io::ManualClock clock{start};
  io::dns::ScriptedResolver resolver{clock};
  io::SeededEntropy entropy{7};
  io::MemoryLog log;
  std::unique_ptr<io::Store> store;
  std::optional<io::QueueStore> queue;
  std::optional<DsnNotices> notices;
  std::map<std::string, types::Route> routes;
  std::optional<DeliveryParts> parts;

 private:
  std::optional<types::Route> route_of(const types::DomainName& name) const;
  std::string directory_;
};

types::Mailbox mailbox(const std::string& text);

inline const std::vector<std::string> only_bob{"bob@dest.test"};  // g++ 12 knows no braced list as a default beside co_await

/// From ann@contoso.test, all recipients to that hop.
types::NewMessage message_to(const std::string& hop, const std::vector<std::string>& recipients = only_bob);

inline const std::string hello_text = "Subject: hello\r\n\r\nthe text\r\n.dot\r\n";

io::Task<types::QueueId> accept(World& world, types::NewMessage message, const std::string& text = hello_text);
/// Delivers everything that is due now but notices; returns how many claims there were.
io::Task<std::size_t> deliver_due(World& world);
io::Task<types::QueueDetail> look(World& world, types::QueueId id);
/// One message, one round.
io::Task<types::QueueDetail> one_round(World& world, types::NewMessage message);

Told evidence(const types::AttemptEvidence& attempt);
Told evidence(const types::QueuedRecipient& recipient);

/// The texts of all notices in the queue, oldest first.
io::Task<std::vector<std::string>> all_notices(World& world);
/// The text of the only notice in the queue; empty if there is none.
io::Task<std::string> only_notice(World& world);

inline const std::string zeros(64, '0');
inline const std::string wrong_record = "secure 3 1 1 " + zeros;
inline const std::string own_record = "secure %";

/// One round of one message to the relay [mx.test], an honest server unless told otherwise.
struct Case {
  TestServer::Trick trick = TestServer::Trick::none;
  std::string tlsa = {};  ///< what stands behind the type, "%" for the server's own record; empty: there is none
  TestServer::Decide decide = {};
  std::vector<std::string> recipients = {"bob@dest.test"};
  bool null_sender = false;
  std::function<void(types::NewMessage&)> shape = {};  ///< what else is to be said of the message
};
struct Seen {
  std::optional<types::QueueDetail> detail;
  std::vector<TestServer::Taken> taken;
  std::vector<std::string> server_names;
  std::string clear;
  int sessions = 0;
  std::string notice;

  const types::QueuedRecipient& recipient(std::size_t index = 0) const { return detail->recipients.at(index); }
  std::string code(std::size_t index = 0) const { return recipient(index).code ? recipient(index).code->to_string() : ""; }
  bool mail_in_clear() const { return clear.find("MAIL") != std::string::npos || clear.find("RCPT") != std::string::npos; }
};

Seen run(World& world, Case one);

}  // namespace danewerk::service::test
