// The edge's keys: what each waits for, another in its place, a stolen one (docs/operate/rollover.md).
#include <algorithm>

#include "app/control/operations.h"
#include "engine/zone/key_groups.h"

namespace danewerk::app {
namespace {

Failure<Error> no_zone() {
  return fail(ErrorKind::denied, "zone.name is not set: this program publishes no keys; its certificate is made anew at every start");
}

/// The argument "group": one publisher, or all where it is not given. Error: not_found, naming the groups.
Result<std::vector<service::Publisher*>> asked(const OperatedParts& parts, const Call& call) {
  if (!parts.publisher) return no_zone();
  const std::string wanted = text_argument_or(call.request.arguments, "group", "");
  if (wanted.empty()) return parts.publishers;
  std::string names;
  for (service::Publisher* publisher : parts.publishers) {
    const std::string name = zone::shown_group(publisher->group());
    if (name == wanted) return std::vector<service::Publisher*>{publisher};
    names += (names.empty() ? "" : ", ") + name;
  }
  return fail(ErrorKind::not_found, "there is no group of keys '" + wanted + "'; there is " + names + " (zone.key_groups)");
}

/// Whose key it is. Error: not_found.
Result<service::Publisher*> keeper_of(const OperatedParts& parts, const std::string& id) {
  if (!parts.publisher) return no_zone();
  for (service::Publisher* publisher : parts.publishers) {
    if (publisher->emergency(id)) return publisher;
  }
  return fail(ErrorKind::not_found, "there is no key '" + id + "'");
}

/// Those of a JSON array whose "group" is that of one of the publishers.
Json of_groups(const Json& all, const std::vector<service::Publisher*>& publishers) {
  Json out = Json::array();
  for (const Json& one : all) {
    const std::string group = one.value("group", "");
    const bool asked_for = std::any_of(publishers.begin(), publishers.end(),
                                       [&group](const service::Publisher* publisher) { return zone::shown_group(publisher->group()) == group; });
    if (asked_for) out.push_back(one);
  }
  return out;
}

/// The zone as `status` shows it: keys with their phases, and what is waited for.
io::Task<Result<Json>> list_keys(OperatedParts& parts, Call& call) {
  CO_TRY(const auto publishers, asked(parts, call));
  const Json zone = parts.publisher_status();
  Json answer;
  for (const char* part : {"zone", "certificate_source", "certificate_source_fault"}) {
    if (zone.contains(part)) answer[part] = zone[part];
  }
  for (const char* part : {"keys", "agenda", "groups"}) answer[part] = of_groups(zone[part], publishers);
  co_return answer;
}

/// One key by its id, with what is to be done about it, and what declaring it compromised would cost.
io::Task<Result<Json>> show_key(OperatedParts& parts, Call& call) {
  CO_TRY(const std::string id, text_argument(call.request.arguments, "key"));
  CO_TRY(service::Publisher* publisher, keeper_of(parts, id));
  CO_TRY(const auto emergency, publisher->emergency(id));
  const Json zone = parts.publisher_status();
  Json answer;
  for (const Json& key : zone["keys"]) {
    if (key["id"] == id) put(answer, {"key", key});
  }
  put(answer, {"agenda", Json::array()});
  for (const Json& step : zone["agenda"]) {
    if (step.value("key", "") == id) answer["agenda"].push_back(step);
  }
  const std::vector<service::Publisher*> keeper(1, publisher);
  const Json group = of_groups(zone["groups"], keeper).at(0);
  put(answer, {"servers", group.contains("servers") ? group["servers"] : zone["servers"]});  // the default group's stand beside the groups
  if (zone.contains("edges")) put(answer, {"edges", of_groups(zone["edges"], keeper)});
  put(answer, {"if_compromised", emergency.sentences});
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

Json cost_of(const std::string& key, const rollover::Emergency& emergency) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(emergency.mail_waits_at_most).count();
  Json answer = object({{"key", key}, {"if_compromised", emergency.sentences}, {"mail_waits_at_most_seconds", seconds}, {"declared", false}});
  if (emergency.successor) put(answer, {"successor", *emergency.successor});
  if (emergency.forgeable_until) put(answer, {"forgeable_until", to_rfc3339(*emergency.forgeable_until)});
  return answer;
}

/// Nothing is asked of one group where another cannot.
Result<void> can_roll(const std::vector<service::Publisher*>& publishers, std::optional<types::KeyLine> line) {
  for (const service::Publisher* publisher : publishers) {
    const auto keys = publisher->to_be_rolled(line);
    const std::string where = publishers.size() == 1 ? "" : "group " + zone::shown_group(publisher->group()) + ": ";
    if (!keys) return fail(keys.error().kind, where + keys.error().what);
  }
  return {};
}

/// Without a group: all groups' keys, as without an algorithm all lines'.
io::Task<Result<Json>> roll(OperatedParts& parts, Call& call) {
  CO_TRY(const auto publishers, asked(parts, call));
  CO_TRY(const auto line, line_of(call));
  CO_TRY(const bool dry, flag_argument(call.request.arguments, "dry_run"));
  CO_TRY_VOID(can_roll(publishers, line));
  Json foreseen = Json::array();
  Json replaced = Json::array();
  types::AdminAct act = act_of(call, parts.delivery.clock.now());
  if (act.why.empty()) act.why = "asked for by " + act.who;
  for (service::Publisher* publisher : publishers) {
    if (dry) {
      CO_TRY(const auto steps, publisher->foresee_roll(line));
      for (Json& step : steps_json(steps, publisher->group())) foreseen.push_back(std::move(step));
      continue;
    }
    CO_TRY(const auto keys, co_await publisher->roll(line, act));
    for (const std::string& key : keys) replaced.push_back(key);
  }
  if (dry) co_return object({{"dry_run", true}, {"agenda", foreseen}});
  CO_TRY(Json answer, co_await list_keys(parts, call));
  put(answer, {"replaced", replaced});
  co_return answer;
}

/// A group that is new may still have copies of another's keys: whoever has one, has the other.
using Copies = std::vector<std::pair<service::Publisher*, std::string>>;
Copies copies_of(const OperatedParts& parts, const std::string& id) {
  Copies out;
  types::TlsaRecord record;
  const Json zone = parts.publisher_status();
  for (const Json& key : zone["keys"]) {
    if (key["id"] == id) record = types::TlsaRecord::parse(key.value("record", "")).value_or(types::TlsaRecord{});
  }
  for (service::Publisher* publisher : parts.publishers) {
    const auto copy = publisher->copy_of(record);
    if (copy && *copy != id) out.emplace_back(publisher, *copy);
  }
  return out;
}

Json copies_json(const Copies& copies) {
  Json out = Json::array();
  for (const auto& [publisher, key] : copies) out.push_back(object({{"key", key}, {"group", zone::shown_group(publisher->group())}}));
  return out;
}

io::Task<Result<Json>> compromised(OperatedParts& parts, Call& call) {
  CO_TRY(const std::string id, text_argument(call.request.arguments, "key"));
  CO_TRY(const bool yes, flag_argument(call.request.arguments, "yes"));
  CO_TRY(service::Publisher* publisher, keeper_of(parts, id));
  CO_TRY(const auto emergency, publisher->emergency(id));
  Json answer = cost_of(id, emergency);
  const Copies copies = copies_of(parts, id);
  if (!copies.empty()) put(answer, {"copies", copies_json(copies)});
  if (!yes) co_return answer;
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  if (act.why.empty()) co_return fail(ErrorKind::malformed, "say why: how the key came into others' hands");
  CO_TRY_VOID(co_await publisher->declare_compromised(id, act));
  for (const auto& [other, copy] : copies) CO_TRY_VOID(co_await other->declare_compromised(copy, act));
  put(answer, {"declared", true});
  co_return answer;
}

}  // namespace

Json step_json(const rollover::Step& step) {
  Json json = object({{"what", rollover::to_string(step.what)}, {"why", step.why}, {"when", to_rfc3339(step.when)}});
  if (!step.key.empty()) put(json, {"key", step.key});
  if (step.cause == rollover::Cause::obstacle) put(json, {"in_the_way", true});
  return json;
}

Json steps_json(const std::vector<rollover::Step>& steps, const std::string& group) {
  Json json = Json::array();
  for (const auto& step : steps) {
    json.push_back(step_json(step));
    json.back()["group"] = zone::shown_group(group);
  }
  return json;
}

void add_key_operations(Operations& operations, OperatedParts& parts) {
  operations["key.list"] = [&parts](Call& call) { return list_keys(parts, call); };
  operations["key.show"] = [&parts](Call& call) { return show_key(parts, call); };
  operations["key.roll"] = [&parts](Call& call) { return roll(parts, call); };
  operations["key.compromised"] = [&parts](Call& call) { return compromised(parts, call); };
}

}  // namespace danewerk::app
