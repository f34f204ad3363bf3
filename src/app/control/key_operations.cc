// The edge's keys: what each waits for, another in its place, a stolen one (docs/operate/rollover.md).
#include "app/control/operations.h"

namespace danewerk::app {
namespace {

Failure<Error> no_zone() {
  return fail(ErrorKind::denied, "zone.name is not set: this program publishes no keys; its certificate is made anew at every start");
}

/// The zone as `status` shows it: keys with their phases, and what is waited for.
io::Task<Result<Json>> list(OperatedParts& parts) {
  if (!parts.publisher) co_return no_zone();
  const Json zone = parts.publisher_status();
  Json answer;
  for (const char* part : {"zone", "keys", "agenda", "certificate_source", "certificate_source_fault"}) {
    if (zone.contains(part)) answer[part] = zone[part];
  }
  co_return answer;
}

/// One key by its id, with what is to be done about it, and what declaring it compromised would cost.
io::Task<Result<Json>> show(OperatedParts& parts, Call& call) {
  if (!parts.publisher) co_return no_zone();
  CO_TRY(const std::string id, text_argument(call.request.arguments, "key"));
  CO_TRY(const auto emergency, parts.publisher->emergency(id));
  const Json zone = parts.publisher_status();
  Json answer;
  for (const Json& key : zone["keys"]) {
    if (key["id"] == id) answer["key"] = key;
  }
  answer["agenda"] = Json::array();
  for (const Json& step : zone["agenda"]) {
    if (step.value("key", "") == id) answer["agenda"].push_back(step);
  }
  for (const char* part : {"servers", "edges"}) {
    if (zone.contains(part)) answer[part] = zone[part];
  }
  answer["if_compromised"] = emergency.sentences;
  co_return answer;
}

Result<std::optional<types::KeyLine>> line_of(const Call& call) {
  const std::string text = text_argument_or(call.request.arguments, "algorithm", "");
  if (text.empty()) return std::optional<types::KeyLine>();
  for (const types::KeyLine line : types::all_key_lines) {
    if (text == types::to_string(line)) return std::optional(line);
  }
  TRY(const types::KeyAlgorithm algorithm, types::parse_key_algorithm(text));
  return std::optional(types::line_of(algorithm));
}

Json foreseen(const std::vector<rollover::Step>& steps) { return {{"dry_run", true}, {"agenda", steps_json(steps)}}; }

Json cost_of(const std::string& key, const rollover::Emergency& emergency) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(emergency.mail_waits_at_most).count();
  Json answer{{"key", key}, {"if_compromised", emergency.sentences}, {"mail_waits_at_most_seconds", seconds}, {"declared", false}};
  if (emergency.successor) answer["successor"] = *emergency.successor;
  if (emergency.forgeable_until) answer["forgeable_until"] = to_rfc3339(*emergency.forgeable_until);
  return answer;
}

io::Task<Result<Json>> roll(OperatedParts& parts, Call& call) {
  if (!parts.publisher) co_return no_zone();
  CO_TRY(const auto line, line_of(call));
  CO_TRY(const bool dry, flag_argument(call.request.arguments, "dry_run"));
  if (dry) {
    CO_TRY(const auto steps, parts.publisher->foresee_roll(line));
    co_return foreseen(steps);
  }
  types::AdminAct act = act_of(call, parts.delivery.clock.now());
  if (act.why.empty()) act.why = "asked for by " + act.who;
  CO_TRY(const auto replaced, co_await parts.publisher->roll(line, act));
  CO_TRY(Json answer, co_await list(parts));
  answer["replaced"] = replaced;
  co_return answer;
}

io::Task<Result<Json>> compromised(OperatedParts& parts, Call& call) {
  if (!parts.publisher) co_return no_zone();
  CO_TRY(const std::string id, text_argument(call.request.arguments, "key"));
  CO_TRY(const bool yes, flag_argument(call.request.arguments, "yes"));
  CO_TRY(const auto emergency, parts.publisher->emergency(id));
  Json answer = cost_of(id, emergency);
  if (!yes) co_return answer;
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  if (act.why.empty()) co_return fail(ErrorKind::malformed, "say why: how the key came into others' hands");
  CO_TRY_VOID(co_await parts.publisher->declare_compromised(id, act));
  answer["declared"] = true;
  co_return answer;
}

}  // namespace

Json step_json(const rollover::Step& step) {
  Json json{{"what", rollover::to_string(step.what)}, {"why", step.why}, {"when", to_rfc3339(step.when)}};
  if (!step.key.empty()) json["key"] = step.key;
  if (step.cause == rollover::Cause::obstacle) json["in_the_way"] = true;
  return json;
}

Json steps_json(const std::vector<rollover::Step>& steps) {
  Json json = Json::array();
  for (const auto& step : steps) json.push_back(step_json(step));
  return json;
}

void add_key_operations(Operations& operations, OperatedParts& parts) {
  operations["key.list"] = [&parts](Call&) { return list(parts); };
  operations["key.show"] = [&parts](Call& call) { return show(parts, call); };
  operations["key.roll"] = [&parts](Call& call) { return roll(parts, call); };
  operations["key.compromised"] = [&parts](Call& call) { return compromised(parts, call); };
}

}  // namespace danewerk::app
