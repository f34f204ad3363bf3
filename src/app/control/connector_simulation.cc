#include "app/control/connector_file.h"
#include "app/control/connector_operations.h"
#include "io/store/attempt_scan.h"
#include "service/delivery/traffic.h"

namespace danewerk::app {
namespace {

constexpr std::int64_t usual_days = 7;
constexpr std::int64_t most_days = 3650;
constexpr std::size_t domains_shown = 1000;

/// What is asked: whose mail, to whom, and under which demands.
struct Question {
  types::RecipientPattern pattern;
  types::MessageDemands demands;
  io::AttemptFilter filter;
  std::string terms;
};

Result<std::chrono::days> days_argument(const Json& arguments) {
  if (!arguments.contains("days")) return std::chrono::days(usual_days);
  const Json& days = arguments["days"];
  if (!days.is_number_integer() || days.get<std::int64_t>() < 1 || days.get<std::int64_t>() > most_days) {
    return fail(ErrorKind::malformed, "days: write a whole number from 1 to " + std::to_string(most_days));
  }
  return std::chrono::days(days.get<std::int64_t>());
}

/// The members are those of a rule; what is not named is not asked.
Result<Question> question_of(const Json& arguments, Instant now) {
  if (!arguments.contains("rule") || !arguments["rule"].is_object()) return fail(ErrorKind::malformed, "'rule' is missing");
  TRY(connector::Draft draft, draft_from(arguments["rule"]));
  TRY_VOID(to_a_labels(draft));
  for (const char* other : {"id", "route", "source", "pool", "reason", "expires"}) {
    if (draft.find(other) != nullptr) return fail(ErrorKind::malformed, std::string(other) + ": a simulation asks about dane, mta_sts and tls only");
  }
  if (!draft.find("dane") && !draft.find("mta_sts") && !draft.find("tls")) {
    return fail(ErrorKind::malformed, "say what would be demanded: dane, mta_sts or tls");
  }
  draft.set({"id", {"simulated"}, 0});
  draft.set({"reason", {"simulated"}, 0});
  TRY(const types::Connector rule, connector::read_draft(draft, "", now));
  TRY(const std::chrono::days days, days_argument(arguments));
  Question question{rule.pattern, {}, {now - days, rule.owner}, connector::terms_text(rule)};
  question.demands.dane = draft.find("dane") ? rule.dane : types::DaneMode::none;
  question.demands.mta_sts = draft.find("mta_sts") ? rule.mta_sts : types::StsMode::none;
  question.demands.tls = rule.tls;
  question.demands.verify_names = rule.verify_names;
  return question;
}

/// The domain that a hop key of others' mail names.
std::optional<types::MailDomain> domain_of(std::string_view hop) {
  const auto next_hop = types::NextHop::parse(hop);
  if (!next_hop) return std::nullopt;
  if (const auto* address = std::get_if<types::IpAddress>(&next_hop->target)) return types::MailDomain(*address);
  return types::MailDomain(next_hop->name());
}

Json count_json(const connector::Count& count) { return object({{"deliveries", count.transactions}, {"recipients", count.recipients}}); }

Json domain_json(const connector::Forecast::Domain& domain) {
  Json json = Json::object();
  for (const auto passage : {connector::Passage::passes, connector::Passage::held, connector::Passage::not_told}) {
    json[connector::to_string(passage)] = count_json(domain.of(passage));
  }
  put(json, {"why", domain.why});
  return json;
}

Json answer_of(const Question& question, const connector::Forecast& forecast) {
  Json json = object({{"pattern", question.pattern.to_string()}, {"terms", question.terms}, {"since", to_rfc3339(question.filter.since)}});
  if (question.filter.tenant) put(json, {"tenant", question.filter.tenant->text()});
  put(json, {"total", domain_json(forecast.total())});
  put(json, {"to", Json::array()});
  for (const auto& [name, domain] : forecast.affected(domains_shown)) {
    Json one = object({{"domain", name}});
    one.update(domain_json(domain));
    json["to"].push_back(std::move(one));
  }
  return json;
}

io::Task<Result<Json>> simulate(OperatedParts& parts, Call& call) {
  CO_TRY(const Question question, question_of(call.request.arguments, parts.delivery.clock.now()));
  auto forecast = std::make_shared<connector::Forecast>(question.demands);
  io::AttemptScan scan(parts.store, question.filter);
  while (true) {
    std::function<void(const io::SeenAttempt&)> look = [forecast, pattern = question.pattern](const io::SeenAttempt& attempt) {
      const auto domain = domain_of(attempt.hop);
      if (!domain || !pattern.matches(*domain)) return;
      if (const auto carried = service::carriage_of(attempt.hop, attempt.evidence)) forecast->add(*carried);
    };
    CO_TRY(const bool more, co_await scan.next(std::move(look)));
    if (!more) break;
  }
  co_return answer_of(question, *forecast);
}

}  // namespace

void add_connector_simulation(Operations& operations, OperatedParts& parts) {
  operations["connector.simulate"] = [&parts](Call& call) { return simulate(parts, call); };
}

}  // namespace danewerk::app
