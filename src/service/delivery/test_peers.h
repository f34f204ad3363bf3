// For tests only: the mail servers that delivery meets, on loopback, each writing down what it was told.
//
// TestServer is our own server session, honest but for the tricks it is told to play around STARTTLS and at the end of a
// message; `decide` gives it any reply at any phase. ScriptServer answers by the first word of a line: LMTP, and servers that
// lack what ours always has. Both keep every octet they got in clear, because that is what a DANE sender must not send.
#pragma once

#include <functional>
#include <map>

#include "engine/smtp/reply_text.h"
#include "engine/smtp/server_session.h"
#include "io/net/listener.h"
#include "io/runtime/clock.h"
#include "io/runtime/task_group.h"
#include "io/tls/connection.h"

namespace danewerk::service::test {

namespace smtp = engine::smtp;

/// A self-issued identity and the record that fits it.
struct TestIdentity {
  std::shared_ptr<const io::ServerContext> context;
  std::string record;  ///< "3 1 1 <hex>"
  std::string certificate;  ///< PEM
};

TestIdentity make_identity(const char* name);

/// Listens from construction on; accepts until its group is stopped.
class TestPeer {
 public:
  TestPeer(io::Executor executor, const std::string& at);
  virtual ~TestPeer() = default;
  void start();
  io::Task<> stop();
  std::string port() const { return std::to_string(static_cast<unsigned>(listener_.local().port)); }

  int sessions = 0;
  std::string clear;  ///< every octet that came outside TLS

 protected:
  virtual io::Task<> serve(io::Connection connection) = 0;

 private:
  io::Task<> accept_all();
  io::TaskGroup group_;
  io::Listener listener_;
};

class TestServer final : public TestPeer {
 public:
  enum class Trick { none, no_starttls, refuse_starttls, reset_after_220, garbage_handshake, vanish_at_the_end };
  using Decide = std::function<std::optional<types::Reply>(const smtp::Request&)>;
  struct Taken {
    types::Envelope envelope;
    std::string text;
    bool encrypted = false;
  };

  TestServer(io::Executor executor, const std::string& at, std::shared_ptr<const io::ServerContext> certificate)
      : TestPeer(executor, at), certificate_(std::move(certificate)) {}

  Trick trick = Trick::none;
  Decide decide;  ///< a reply instead of the usual one
  std::vector<Taken> taken;
  std::vector<std::string> server_names;  ///< SNI of each handshake

 private:
  struct Visit;
  smtp::Decision answer(Visit& visit, const smtp::Request& request);
  void act(Visit& visit, const smtp::Request& request, Instant now);
  /// False if there will be no TLS here.
  io::Task<bool> encrypt(Visit& visit);
  io::Task<> serve(io::Connection connection) override;

  std::shared_ptr<const io::ServerContext> certificate_;
  io::SystemClock clock_;
};

/// Answers each line by its first word; "" is the greeting, "." the end of a message. No TLS.
class ScriptServer final : public TestPeer {
 public:
  using Script = std::map<std::string, std::string>;
  ScriptServer(io::Executor executor, const std::string& at, Script script) : TestPeer(executor, at), script_(std::move(script)) {}

 private:
  std::string answer_to(const std::string& line) const;
  io::Task<> serve(io::Connection connection) override;

  Script script_;
};

}  // namespace danewerk::service::test
