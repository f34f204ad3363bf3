// The command half of ServerSession: lines in, sequence rules, replies in order (RFC 5321 4.1.4, RFC 2920 3.2).
#include <algorithm>
#include <cstring>

#include "engine/smtp/reply_text.h"
#include "engine/smtp/server_session.h"

namespace danewerk::engine::smtp {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

types::Reply bad_sequence(std::string_view text) { return make_reply(503, {5, 5, 1}, text); }

}  // namespace

/// The next line without its CRLF, valid until received(). Nothing where there is none yet, or where a fault was already
/// answered; consumption tells the two apart.
std::optional<std::string_view> ServerSession::take_line() {
  const std::string_view input = buffered();
  const std::size_t limit = options_.limits.path_command_line;
  if (scanned_ > input.size()) scanned_ = 0;
  const std::size_t lf = input.find('\n', scanned_);
  const bool whole = lf != std::string_view::npos;
  if (whole && (lf == 0 ? !skipping_line_ || input_cr_ == LastCr::no : input[lf - 1] != '\r')) {  // SMTP-01
    close(CloseReason::bare_line_end, "521 5.5.2 lines end in CR LF; LF alone came\r\n");
    return std::nullopt;
  }
  if (!whole && input.size() <= limit && !skipping_line_) {
    scanned_ = input.size();
    return std::nullopt;
  }
  scanned_ = 0;
  if (input.empty()) return std::nullopt;
  at_ += whole ? lf + 1 : input.size();
  if (!whole || skipping_line_ || lf + 1 > limit) {  // too long: swallowed in pieces, answered at its end
    if (!skipping_line_) {
      skipped_bdat_ = is_bdat(input);
      skipped_start_ = input.substr(0, RefusedCommands::most_of_line);
    }
    line_ = skipped_start_;
    skipping_line_ = !whole;
    input_cr_ = !whole && input.back() == '\r' ? LastCr::yes : LastCr::no;
    if (!whole) return std::nullopt;
    if (skipped_bdat_) {
      close(CloseReason::unreadable_bdat, "500 5.5.2 BDAT line too long\r\n");
    } else {
      fault(make_reply(500, {5, 5, 2}, "line too long"));
    }
    return std::nullopt;
  }
  line_ = input.substr(0, lf - 1);
  return line_;
}

std::optional<Request> ServerSession::read_command() {
  const auto line = take_line();
  if (!line) return std::nullopt;
  phase_began_ = last_octet_ = now_;
  if (line->size() + 2 > options_.limits.command_line && !is_path_command(*line) && !is_bdat(*line)) {
    fault(make_reply(500, {5, 5, 2}, "line too long"));
    return std::nullopt;
  }
  const Dialect dialect{options_.limits.message, tls_, utf8_, options_.to_ascii};
  auto command = parse_command(*line, dialect);
  if (command) return obey(*std::move(command));
  fault(command.error());
  // Octets of unknown number follow: read as commands they would be smuggled ones.
  if (is_bdat(*line) && phase_ != Phase::closed) close(CloseReason::unreadable_bdat, {});
  return std::nullopt;
}

std::optional<Request> ServerSession::obey(Command command) {
  using Next = std::optional<Request>;
  return std::visit(
      Overloaded{
          [&](Ehlo& c) -> Next { return greet_back(Hello::ehlo, std::move(c.name)), Next{}; },
          [&](Helo& c) -> Next { return greet_back(Hello::helo, std::move(c.name)), Next{}; },
          [&](Mail& c) -> Next { return do_mail(std::move(c)); },
          [&](Rcpt& c) -> Next { return do_rcpt(std::move(c)); },
          [&](Data&) -> Next { return do_data(); },
          [&](Bdat& c) -> Next { return do_bdat(c); },
          [&](Rset&) -> Next {
            reset_transaction(AbandonReason::reset_by_peer);
            return idle_command("250 2.0.0 ok\r\n"), Next{};
          },
          [&](Noop&) -> Next { return idle_command("250 2.0.0 ok\r\n"), Next{}; },
          [&](Help&) -> Next { return idle_command("214 2.0.0 EHLO tells what is offered; RFC 5321 tells the rest\r\n"), Next{}; },
          [&](Vrfy&) -> Next { return idle_command("252 2.0.0 send the mail and see\r\n"), Next{}; },  // RFC 5321 7.3
          [&](Quit&) -> Next {
            reset_transaction(AbandonReason::reset_by_peer);
            return close(CloseReason::quit, "221 2.0.0 bye\r\n"), Next{};
          },
          [&](StartTls&) -> Next { return do_starttls(); },
      },
      command);
}

void ServerSession::greet_back(Hello hello, std::string name) {
  reset_transaction(AbandonReason::reset_by_peer);  // RFC 5321 4.1.4
  hello_ = hello;
  peer_name_ = std::move(name);
  if (hello == Hello::helo) return idle_command("250 " + options_.host + "\r\n");
  std::string lines = "250-" + options_.host +
                      "\r\n250-PIPELINING\r\n250-SIZE " + std::to_string(static_cast<std::uint64_t>(options_.limits.message)) +
                      "\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n";
  if (tls_ == TlsState::clear && options_.starttls == StartTlsOffer::yes) lines += "250-STARTTLS\r\n";  // TLS-07
  if (tls_ == TlsState::encrypted) lines += "250-REQUIRETLS\r\n";  // RTL-01
  idle_command(lines + "250 CHUNKING\r\n");
}

std::optional<Request> ServerSession::do_mail(Mail mail) {
  if (hello_ == Hello::none) return fault(bad_sequence("say EHLO first")), std::nullopt;
  if (have_sender_) return fault(bad_sequence("a message is under way: finish it or say RSET")), std::nullopt;
  utf8_ = mail.sender.utf8;
  accepted_ = asked_ = 0;
  due_ = Due::sender;
  return SenderGiven{std::move(mail.sender)};
}

std::optional<Request> ServerSession::do_rcpt(Rcpt rcpt) {
  if (!have_sender_) return fault(bad_sequence("say MAIL FROM first")), std::nullopt;
  if (body_open_) return fault(bad_sequence("the message has begun already")), std::nullopt;
  // RFC 5321 4.5.3.1.10; however many are refused, the service is asked about a bounded number.
  if (accepted_ >= options_.limits.recipients || asked_ >= 2 * options_.limits.recipients) {
    const auto reply = make_reply(452, {4, 5, 3}, "too many recipients, send the rest in another message");
    append_reply(out_, reply);
    return note_refused(reply), std::nullopt;
  }
  ++asked_;
  due_ = Due::recipient;
  return RecipientGiven{std::move(rcpt.recipient)};
}

std::optional<Request> ServerSession::do_data() {
  if (!have_sender_) return fault(bad_sequence("say MAIL FROM first")), std::nullopt;
  if (body_open_) return fault(bad_sequence("BDAT has begun this message")), std::nullopt;  // RFC 3030 2
  if (accepted_ == 0) return fault(make_reply(554, {5, 5, 1}, "no valid recipients")), std::nullopt;
  chunk_left_ = 0;
  framing_ = Framing::dots;
  due_ = Due::body_start;
  return BodyStart{};
}

std::optional<Request> ServerSession::do_starttls() {
  if (tls_ == TlsState::encrypted) return fault(bad_sequence("TLS is active already")), std::nullopt;  // RFC 3207 4.2
  if (options_.starttls == StartTlsOffer::no) return fault(make_reply(502, {5, 5, 1}, "command is not offered here")), std::nullopt;
  if (!buffered().empty()) {  // TLS-05, TLS-06: it must be the last of a group
    close(CloseReason::injected_plaintext, "421 4.7.0 nothing may follow STARTTLS before the handshake\r\n");
    return std::nullopt;
  }
  reset_transaction(AbandonReason::reset_by_peer);
  phase_ = Phase::starttls;
  return std::nullopt;
}

void ServerSession::idle_command(std::string_view reply) {
  out_ += reply;
  if (++idle_ > options_.limits.idle_commands) count_error();
}

void ServerSession::fault(const types::Reply& reply) {
  append_reply(out_, reply);
  note_refused(reply);
  count_error();
}

void ServerSession::note_refused(const types::Reply& reply) {
  if (++refused_.count > 1) return;
  refused_.line = line_.substr(0, RefusedCommands::most_of_line);
  refused_.reply = reply;
}

void ServerSession::count_error() {
  if (++errors_ > options_.limits.errors) close(CloseReason::too_many_errors, "421 4.7.0 too many errors\r\n");
}

}  // namespace danewerk::engine::smtp
