#include "engine/smtp/grammar.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/smtp/parameters.h"
#include "engine/smtp/reply_text.h"

namespace danewerk::engine::smtp {
namespace {

using types::Reply;
using Parsed = Result<Command, Reply>;

Failure<Reply> refuse(int code, types::EnhancedCode enhanced, std::string_view text) {
  return Failure{make_reply(code, enhanced, text)};
}

Failure<Reply> bad_argument(std::string_view text) { return refuse(501, {5, 5, 4}, text); }

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char w, char c) {
           return w == (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
         });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// What stands between < and >, without a source route; `text` keeps what follows. Nothing where it is no path.
/// RFC 5321 4.1.1.3, 4.1.2 (A-d-l is accepted and ignored), C.
std::optional<std::string_view> take_path(std::string_view& text) {
  if (!text.starts_with('<')) return std::nullopt;
  bool quoted = false;
  std::size_t end = 1;
  for (; end < text.size() && (quoted || text[end] != '>'); ++end) {
    if (text[end] == '"') quoted = !quoted;
    if (text[end] == '\\') ++end;
  }
  if (end >= text.size()) return std::nullopt;
  std::string_view path = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  if (!text.empty() && !text.starts_with(' ')) return std::nullopt;
  if (path.starts_with('@')) {
    const std::size_t colon = path.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const bool route = path.find_first_of("\"<> ") > colon;
    if (!route) return std::nullopt;
    path.remove_prefix(colon + 1);
  }
  return path;
}

/// The mailbox in a path; a U-label domain becomes A-labels first. RFC 6531 3.3.
Result<types::Mailbox> read_mailbox(std::string_view path, const Dialect& dialect, types::Smtputf8 utf8) {
  const std::size_t at = path.rfind('@');
  if (at == std::string_view::npos || is_ascii(path.substr(at)) || utf8 == types::Smtputf8::no) {
    return types::Mailbox::parse(path, utf8);
  }
  TRY(const types::DomainName domain, dialect.to_ascii(path.substr(at + 1)));
  return types::Mailbox::parse(std::string(path.substr(0, at + 1)) + domain.to_string(), utf8);
}

/// After the verb: "FROM:" or "TO:", then blanks, which many clients send although the grammar has none.
std::optional<std::string_view> after_keyword(std::string_view arguments, std::string_view keyword) {
  if (!starts_with_word(arguments, keyword)) return std::nullopt;
  return trimmed(arguments.substr(keyword.size()));
}

Parsed parse_mail(std::string_view arguments, const Dialect& dialect) {
  auto text = after_keyword(arguments, "FROM:");
  if (!text) return refuse(501, {5, 5, 4}, "say MAIL FROM:<address>");
  const auto path = take_path(*text);
  if (!path) return refuse(501, {5, 1, 7}, "the sender stands between < and >");
  TRY(types::Sender sender, parse_mail_parameters(*text, dialect));
  if (path->empty()) return Command{Mail{std::move(sender)}};  // RFC 5321 4.5.5
  if (sender.utf8 == types::Smtputf8::no && !is_ascii(*path)) return refuse(553, {5, 6, 7}, "this address needs SMTPUTF8");
  auto mailbox = read_mailbox(*path, dialect, sender.utf8);
  if (!mailbox) return refuse(501, {5, 1, 7}, mailbox.error().what);
  sender.path = *std::move(mailbox);
  return Command{Mail{std::move(sender)}};
}

Parsed parse_rcpt(std::string_view arguments, const Dialect& dialect) {
  auto text = after_keyword(arguments, "TO:");
  if (!text) return refuse(501, {5, 5, 4}, "say RCPT TO:<address>");
  const auto path = take_path(*text);
  if (!path || path->empty()) return refuse(501, {5, 1, 3}, "the recipient stands between < and >");
  TRY(types::Recipient recipient, parse_rcpt_parameters(*text, dialect));
  if (starts_with_word(*path, "POSTMASTER") && path->size() == 10) {  // RFC 5321 4.5.1
    recipient.path = types::Postmaster{};
    return Command{Rcpt{std::move(recipient)}};
  }
  if (dialect.utf8 == types::Smtputf8::no && !is_ascii(*path)) return refuse(553, {5, 6, 7}, "this address needs SMTPUTF8");
  auto mailbox = read_mailbox(*path, dialect, dialect.utf8);
  if (!mailbox) return refuse(501, {5, 1, 3}, mailbox.error().what);
  recipient.path = *std::move(mailbox);
  return Command{Rcpt{std::move(recipient)}};
}

/// RFC 3030 2, SMTP-08: BDAT SP chunk-size [ SP "LAST" ].
Parsed parse_bdat(std::string_view arguments, const Dialect&) {
  const std::size_t digits = std::min(arguments.find_first_not_of("0123456789"), arguments.size());
  if (digits == 0) return bad_argument("say BDAT <octets> [LAST]");
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t size = 0;
  for (char c : arguments.substr(0, digits)) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    size = size > (most - digit) / 10 ? most : size * 10 + digit;
  }
  const std::string_view rest = arguments.substr(digits);
  const std::string_view word = trimmed(rest);
  if (word.empty()) return Command{Bdat{ByteCount{size}, LastChunk::no}};
  if (!rest.starts_with(' ') || word.size() != 4 || !starts_with_word(word, "LAST")) {
    return bad_argument("say BDAT <octets> [LAST]");
  }
  return Command{Bdat{ByteCount{size}, LastChunk::yes}};
}

/// Names in EHLO are sloppy in the field (bare words, underscores, literals without brackets): kept, never trusted.
template <class Hello>
Parsed parse_hello(std::string_view arguments, const Dialect&) {
  if (arguments.empty()) return bad_argument("say who you are: EHLO <your host name>");
  if (!is_ascii(arguments)) return bad_argument("write your host name in ASCII (A-labels)");  // RFC 6531 3.7.1
  return Command{Hello{std::string(arguments.substr(0, arguments.find(' ')))}};
}

template <class Plain>
Parsed parse_plain(std::string_view arguments, const Dialect&) {
  if (!arguments.empty()) return bad_argument("this command takes no argument");
  return Command{Plain{}};
}

template <class Free>
Parsed parse_free(std::string_view, const Dialect&) {
  return Command{Free{}};
}

Parsed not_offered(std::string_view, const Dialect&) { return refuse(502, {5, 5, 1}, "command is not offered here"); }

struct Row {
  std::string_view verb;
  Parsed (*parse)(std::string_view arguments, const Dialect&);
};

constexpr std::array<Row, 16> rows{{{"MAIL", parse_mail},
                                    {"RCPT", parse_rcpt},
                                    {"DATA", parse_plain<Data>},
                                    {"BDAT", parse_bdat},
                                    {"EHLO", parse_hello<Ehlo>},
                                    {"HELO", parse_hello<Helo>},
                                    {"RSET", parse_plain<Rset>},
                                    {"QUIT", parse_plain<Quit>},
                                    {"NOOP", parse_free<Noop>},
                                    {"STARTTLS", parse_plain<StartTls>},
                                    {"VRFY", parse_free<Vrfy>},
                                    {"HELP", parse_free<Help>},
                                    {"AUTH", not_offered},
                                    {"EXPN", not_offered},
                                    {"ETRN", not_offered},
                                    {"TURN", not_offered}}};

}  // namespace

Result<types::DomainName> no_u_labels(std::string_view domain) {
  return fail(ErrorKind::malformed, "the domain '" + std::string(domain.substr(0, 255)) + "' is not written in A-labels");
}

Result<Command, Reply> parse_command(std::string_view line, const Dialect& dialect) {
  // SMTP-01 and header injection: nothing unprintable ever gets past this point.
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
  if (std::any_of(line.begin(), line.end(), is_control)) return refuse(500, {5, 5, 2}, "control characters in a command");
  const std::string_view verb = line.substr(0, line.find(' '));
  for (const Row& row : rows) {
    if (verb.size() == row.verb.size() && starts_with_word(verb, row.verb)) {
      return row.parse(trimmed(line.substr(verb.size())), dialect);
    }
  }
  return refuse(500, {5, 5, 1}, "command not recognized");
}

bool is_bdat(std::string_view line) noexcept { return starts_with_word(line, "BDAT"); }

bool is_path_command(std::string_view line) noexcept {
  return starts_with_word(line, "MAIL ") || starts_with_word(line, "RCPT ");
}

}  // namespace danewerk::engine::smtp
