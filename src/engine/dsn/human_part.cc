#include "engine/dsn/human_part.h"

#include <algorithm>

#include "engine/dsn/attempt_words.h"
#include "engine/dsn/remedy.h"
#include "engine/dsn/status_part.h"

namespace danewerk::dsn {
using namespace types;

namespace {

constexpr std::size_t most_others = 8;

std::string line(std::string_view label, std::string_view text) {
  return wrapped(std::string(label) + printable(text, Letters::utf8), "  ");
}

std::string domain_of(const ForwardPath& path, const DsnInput& input) {
  const auto* mailbox = std::get_if<Mailbox>(&path);
  return mailbox != nullptr ? to_string(mailbox->domain()) : input.reporting_mta.to_string();
}

std::string opening(const DsnInput& input) {
  const auto has = [&input](Action action) {
    return std::any_of(input.told.begin(), input.told.end(), [action](const Told& told) { return told.action == action; });
  };
  std::string out = "This is the mail system at " + input.reporting_mta.to_string() + ".\n\n";
  if (has(Action::failed)) {
    out += wrapped("Your message could not be delivered to some or all of its recipients. Those marked \"not delivered\" "
                   "below will not be tried again.", "");
  } else if (has(Action::delayed)) {
    out += wrapped("Your message has not been delivered yet. You need do nothing: we go on trying, and you will hear from "
                   "us again if we have to give up.", "");
  } else {
    out += wrapped("You asked to be told what has become of your message.", "");
  }
  return out + "\n";
}

std::string heading(const Told& told) {
  std::string what;
  switch (told.action) {
    case Action::failed: what = "not delivered"; break;
    case Action::delayed: what = "not delivered yet"; break;
    case Action::delivered: what = "delivered"; break;
    case Action::relayed: what = "passed on"; break;
  }
  const std::string address = to_string(told.recipient.path);
  std::string out = "<" + printable(address, Letters::utf8) + ">: " + what + ", code " + status_of(told).to_string() + "\n";
  if (!told.recipient.original) return out;
  const std::string original = from_unitext(told.recipient.original->address);
  return original == address ? out : out + line("Your message was first sent to: ", original);
}

/// The last reply of an attempt to one recipient, where it has one of its own or one for all.
const Reply* reply_to(const Attempt& attempt, RecipientIndex recipient) {
  const Reply* found = attempt.end != AttemptEnd::completed && attempt.reply ? &*attempt.reply : nullptr;
  for (const RecipientReply& one : attempt.replies) {
    if (one.recipient == recipient) found = &one.reply;
  }
  return found;
}

/// The other attempts of the last round and the hosts left out of it.
std::string others(const DsnInput& input, const Told& told, const Attempt* deciding) {
  if (!told.round) return {};
  const Round& round = input.rounds[*told.round];
  std::vector<std::string> found;
  for (const Attempt& attempt : round.attempts) {
    const auto hop = static_cast<std::size_t>(attempt.hop);
    CHECK(hop < round.plan.hops.size());
    const Reply* reply = reply_to(attempt, told.outcome.recipient);
    if (&attempt == deciding || (attempt.end == AttemptEnd::completed && reply == nullptr)) continue;
    found.push_back(attempt_sentence(round.plan.hops[hop], attempt, reply));
  }
  if (!round.plan.stop || told.outcome.fault != round.plan.stop || round.plan.out.size() > 1) {
    for (const HostOut& out : round.plan.out) found.push_back(out.host + ": not tried: " + out.fault.sentence);
  }
  if (found.empty()) return {};
  std::string out = deciding != nullptr ? "  Other servers in the last round:\n" : "  Servers in the last round:\n";
  for (std::size_t i = 0; i < found.size() && i < most_others; ++i) {
    out += wrapped("- " + printable(found[i], Letters::utf8, 400), "    ");
  }
  return found.size() > most_others ? out + "    and " + std::to_string(found.size() - most_others) + " more\n" : out;
}

std::string trouble(const DsnInput& input, const Told& told) {
  const Outcome& outcome = told.outcome;
  const Deciding last = deciding(input, told);
  std::string out;
  Parties parties{domain_of(told.recipient.path, input), "", input.reporting_mta.to_string()};
  if (last.attempt != nullptr) {
    parties.host = server_text(*last.hop, *last.attempt);
    const Reply* reply = outcome.reply ? &*outcome.reply : nullptr;
    out += line("What failed: ", attempt_sentence(*last.hop, *last.attempt, reply));
    const bool unproven = last.attempt->verdict && !last.attempt->verdict->is_authenticated();
    if (unproven) out += dane_evidence(*last.hop, *last.attempt);  // where it is the matter, not where a proven host refuses
  } else {
    out += line("What failed: ", outcome.sentence);
  }
  if (outcome.fault && outcome.fault->evidence) out += dns_evidence(*outcome.fault->evidence);
  out += others(input, told, last.attempt);
  if (outcome.fault) out += line("Who can repair it: ", remedy_for(*outcome.fault, parties).sentence);
  const std::string times = told.rounds_tried == 1 ? "once" : std::to_string(told.rounds_tried) + " times";
  const std::string span = danewerk::to_string(Duration(outcome.decided - input.arrived));
  out += line("Tried: ", times + " in " + span + ", last on " + to_rfc5322(outcome.decided) + ".");
  if (told.action == Action::failed && told.gave_up_as) out += line("", "The time we keep trying for is over.");
  if (told.action != Action::delayed) return out;
  if (told.next_try) out += line("Next try: ", to_rfc5322(*told.next_try) + ".");
  if (told.retry_until) out += line("We give up on: ", to_rfc5322(*told.retry_until) + ".");
  return out;
}

const char* protection(Assurance assurance) {
  switch (assurance) {
    case Assurance::cleartext: return "It went there unencrypted.";
    case Assurance::encrypted: return "It went there encrypted; the server was not authenticated.";
    case Assurance::host_authenticated:
      return "It went there encrypted, to a server authenticated by DANE; the record that names the server is not signed.";
    case Assurance::next_hop_authenticated: return "It went there encrypted, to a server authenticated by DANE.";
  }
  return "";
}

std::string success(const DsnInput& input, const Told& told) {
  const Deciding last = deciding(input, told);
  std::string text = told.outcome.sentence;
  if (last.attempt != nullptr) {
    const Reply* reply = told.outcome.reply ? &*told.outcome.reply : nullptr;
    text = attempt_sentence(*last.hop, *last.attempt, reply);
  }
  std::string out = line("", text);
  if (told.outcome.assurance) out += line("", protection(*told.outcome.assurance));
  if (told.action == Action::relayed) {
    out += line("", "That server does not confirm delivery: you will hear no more of it unless it fails there.");
  }
  return out;
}

std::string closing(const DsnInput& input, const Returned& returned) {
  std::string text = "Your message came in on " + to_rfc5322(input.arrived);
  if (const std::string id = plain_id(input.queue_id); !id.empty()) text += " and has the number " + id + " here";
  text += returned.whole ? ". It is returned with this notice." : ". Its header is returned with this notice";
  if (!returned.whole) text += returned.cut ? ", without the fields that were too long." : ".";
  text += " For questions write to postmaster@" + input.reporting_mta.to_string() + ".";
  return wrapped(text, "");
}

}  // namespace

Part human_part(const DsnInput& input, const Returned& returned) {
  std::string text = opening(input);
  for (const Told& told : input.told) {
    const bool good = told.action == Action::delivered || told.action == Action::relayed;
    text += heading(told) + (good ? success(input, told) : trouble(input, told)) + "\n";
  }
  text += closing(input, returned);
  const char* const type = is_ascii(text) ? "text/plain; charset=us-ascii" : "text/plain; charset=utf-8";
  return seven_bit_part(type, with_crlf(text));
}

}  // namespace danewerk::dsn
