#include "app/control/connector_operations.h"

#include "app/control/connector_file.h"
#include "engine/connector/edit.h"
#include "engine/connector/examine.h"

namespace danewerk::app {
namespace {

constexpr std::uint64_t largest_file = 16 * 1024 * 1024;

struct Parts {
  OperatedParts& of;
  io::ConnectorStore& connectors;
};

Json rule_json(const types::StoredConnector& stored, Instant now) {
  if (const auto* broken = std::get_if<types::BrokenConnector>(&stored)) {
    Json json = object({{"id", broken->id}, {"unreadable", broken->fault}, {"place", broken->place}});
    if (broken->owner) put(json, {"owner", types::to_string(*broken->owner)});
    if (broken->pattern) put(json, {"pattern", broken->pattern->to_string()});
    return json;
  }
  const auto& rule = std::get<types::Connector>(stored);
  Json json = draft_json(connector::draft_of(rule));
  put(json, {"owner", types::to_string(rule.owner)});
  put(json, {"place", rule.place});
  put(json, {"terms", connector::terms_text(rule)});
  put(json, {"author", rule.author});
  put(json, {"created", to_rfc3339(rule.created)});
  if (rule.has_expired(now)) put(json, {"expired", true});
  return json;
}

Json findings_json(const std::vector<types::Finding>& findings) {
  Json json = Json::array();
  for (const types::Finding& one : findings) {
    json.push_back(object({{"severity", types::to_string(one.severity)},
                           {"code", one.code},
                           {"subject", one.subject},
                           {"evidence", one.evidence},
                           {"remedy", one.remedy}}));
  }
  return json;
}

/// "tenant": whose rules; "*" for those for all; absent for everybody's.
Result<std::optional<types::ConnectorOwner>> owner_argument(const Json& arguments) {
  const std::string text = text_argument_or(arguments, "tenant", "");
  if (text.empty()) return std::optional<types::ConnectorOwner>{};
  TRY(types::ConnectorOwner owner, types::parse_owner(text));
  return std::make_optional<types::ConnectorOwner>(std::move(owner));
}

bool is_of(const types::StoredConnector& stored, const std::optional<types::ConnectorOwner>& owner) {
  if (!owner) return true;
  const auto* rule = std::get_if<types::Connector>(&stored);
  if (rule != nullptr) return rule->owner == *owner;
  const auto& broken = std::get<types::BrokenConnector>(stored);
  return !broken.owner || *broken.owner == *owner;
}

Result<connector::Draft> draft_argument(const Json& arguments) {
  if (!arguments.contains("rule") || !arguments["rule"].is_object()) return fail(ErrorKind::malformed, "'rule' is missing");
  TRY(connector::Draft draft, draft_from(arguments["rule"]));
  TRY_VOID(to_a_labels(draft));
  return draft;
}

Result<connector::Position> position_argument(const Json& arguments) {
  using Kind = connector::Position::Kind;
  TRY(const bool first, flag_argument(arguments, "first"));
  const std::string before = text_argument_or(arguments, "before", "");
  if (first && !before.empty()) return fail(ErrorKind::malformed, "'first' and 'before' exclude each other");
  if (!before.empty()) return connector::Position{Kind::before, before};
  return connector::Position{first ? Kind::first : Kind::last, ""};
}

Result<void> check_tenants(const Parts& parts, const types::ConnectorEdit& edit) {
  const auto domains = parts.of.domains.snapshot();
  for (const types::Connector& rule : edit.put) {
    if (rule.owner && domains->find_tenant(*rule.owner) == nullptr) {
      return fail(ErrorKind::not_found, "connector " + rule.id.to_string() + ": tenant: there is no tenant " + rule.owner->text());
    }
  }
  return {};
}

/// Applies the edit, or says what it would do; and what is worth knowing of the rules it touched.
io::Task<Result<Json>> perform(const Parts& parts, const Call& call, types::AdminAct act, io::ConnectorEditor editor) {
  CO_TRY(const bool dry_run, flag_argument(call.request.arguments, "dry_run"));
  const auto before = parts.connectors.snapshot();
  CO_TRY(types::ConnectorEdit edit, editor(before->all()));
  CO_TRY_VOID(check_tenants(parts, edit));
  if (!dry_run) {
    auto written = co_await parts.connectors.change(std::move(editor), act);
    if (!written) co_return Failure{std::move(written).error()};
    edit = *std::move(written);
    parts.of.scheduler.wake();
  }
  Json json = object({{"dry_run", dry_run}, {"changed", Json::array()}, {"removed", edit.removed}});
  for (const types::Connector& rule : edit.put) json["changed"].push_back(rule_json(rule, act.at));
  if (dry_run) co_return json;
  std::vector<types::Finding> findings = connector::examine(parts.connectors.snapshot()->all(), act.at);
  std::erase_if(findings, [&edit](const types::Finding& one) {
    return std::none_of(edit.put.begin(), edit.put.end(), [&one](const types::Connector& rule) { return rule.id.to_string() == one.subject; });
  });
  put(json, {"findings", findings_json(findings)});
  co_return json;
}

io::Task<Result<Json>> list_connectors(Parts parts, Call& call) {
  CO_TRY(const auto owner, owner_argument(call.request.arguments));
  const Instant now = parts.of.delivery.clock.now();
  const auto snapshot = parts.connectors.snapshot();
  connector::Rules shown;
  for (const auto& stored : snapshot->all()) {
    if (is_of(stored, owner)) shown.push_back(stored);
  }
  Json rules = Json::array();
  for (const auto& stored : shown) rules.push_back(rule_json(stored, now));
  Json out = object({{"connectors", std::move(rules)}, {"findings", findings_json(connector::examine(snapshot->all(), now))}});
  co_return out;
}

io::Task<Result<Json>> show_connector(Parts parts, Call& call) {
  CO_TRY(std::string id, text_argument(call.request.arguments, "id"));
  const auto snapshot = parts.connectors.snapshot();
  for (const auto& stored : snapshot->all()) {
    if (connector::id_of(stored) != id) continue;
    Json out = object({{"connector", rule_json(stored, parts.of.delivery.clock.now())}, {"ledger", Json::array()}});
    std::optional<std::string> subject(id);
    CO_TRY(const auto ledger, co_await parts.of.queue.ledger(std::move(subject)));
    for (const io::LedgerRow& row : ledger) {
      if (row.action.starts_with("connector.")) {
        out["ledger"].push_back(object({{"at", to_rfc3339(row.act.at)}, {"who", row.act.who}, {"why", row.act.why}, {"action", row.action}}));
      }
    }
    co_return out;
  }
  co_return fail(ErrorKind::not_found, "there is no connector " + id.substr(0, 80));
}

io::Task<Result<Json>> add_connector(Parts parts, Call& call) {
  CO_TRY(connector::Draft draft, draft_argument(call.request.arguments));
  CO_TRY(connector::Position at, position_argument(call.request.arguments));
  const types::AdminAct act = act_of(call, parts.of.delivery.clock.now());
  io::ConnectorEditor editor = [=](const connector::Rules& rules) { return connector::add(rules, draft, at, act); };
  co_return co_await perform(parts, call, act, std::move(editor));
}

io::Task<Result<Json>> set(Parts parts, Call& call) {
  CO_TRY(std::string id, text_argument(call.request.arguments, "id"));
  CO_TRY(connector::Draft draft, draft_argument(call.request.arguments));
  if (draft.find("id") != nullptr) co_return fail(ErrorKind::malformed, "id: a rule keeps its name; remove it and add another");
  const types::AdminAct act = act_of(call, parts.of.delivery.clock.now());
  io::ConnectorEditor editor = [=](const connector::Rules& rules) { return connector::set(rules, id, draft.fields, act); };
  co_return co_await perform(parts, call, act, std::move(editor));
}

io::Task<Result<Json>> move(Parts parts, Call& call) {
  CO_TRY(std::string id, text_argument(call.request.arguments, "id"));
  CO_TRY(connector::Position to, position_argument(call.request.arguments));
  const types::AdminAct act = act_of(call, parts.of.delivery.clock.now());
  io::ConnectorEditor editor = [=](const connector::Rules& rules) { return connector::move(rules, id, to, act); };
  co_return co_await perform(parts, call, act, std::move(editor));
}

io::Task<Result<Json>> remove_connector(Parts parts, Call& call) {
  CO_TRY(std::string id, text_argument(call.request.arguments, "id"));
  const types::AdminAct act = act_of(call, parts.of.delivery.clock.now());
  io::ConnectorEditor editor = [=](const connector::Rules& rules) { return connector::remove(rules, id); };
  co_return co_await perform(parts, call, act, std::move(editor));
}

io::Task<Result<Json>> import(Parts parts, Call& call) {
  CO_TRY(const auto owner, owner_argument(call.request.arguments));
  if (call.body.left() > largest_file) co_return fail(ErrorKind::limit, "the file is larger than 16 MiB");
  std::string text;
  while (true) {
    CO_TRY(std::string_view piece, co_await call.body.next());
    if (piece.empty()) break;
    text += piece;
  }
  CO_TRY(auto drafts, read_connector_file(text));
  if (drafts.empty()) co_return fail(ErrorKind::malformed, "the file holds no connector; `danewerk connector remove` removes rules");
  for (connector::Draft& draft : drafts) CO_TRY_VOID(to_a_labels(draft));
  const types::AdminAct act = act_of(call, parts.of.delivery.clock.now());
  io::ConnectorEditor editor = [=](const connector::Rules& rules) { return connector::replace(rules, owner, drafts, act); };
  co_return co_await perform(parts, call, act, std::move(editor));
}

io::Task<Result<Json>> export_all(Parts parts, Call& call) {
  CO_TRY(const auto owner, owner_argument(call.request.arguments));
  std::vector<connector::Draft> drafts;
  Json rules = Json::array();
  const auto snapshot = parts.connectors.snapshot();
  for (const auto& stored : snapshot->all()) {
    if (!is_of(stored, owner)) continue;
    const auto* rule = std::get_if<types::Connector>(&stored);
    if (rule == nullptr) {
      co_return fail(ErrorKind::corrupt, "connector " + connector::id_of(stored) +
                                             " cannot be read, and an export without it would lose it; set it anew or remove it");
    }
    drafts.push_back(connector::draft_of(*rule));
    rules.push_back(draft_json(drafts.back()));
  }
  Json out = object({{"connectors", std::move(rules)}, {"text", write_connector_file(drafts)}});
  co_return out;
}

}  // namespace

void add_connector_operations(Operations& operations, OperatedParts& of, io::ConnectorStore& connectors) {
  const Parts parts{of, connectors};
  operations["connector.list"] = [parts](Call& call) { return list_connectors(parts, call); };
  operations["connector.show"] = [parts](Call& call) { return show_connector(parts, call); };
  operations["connector.add"] = [parts](Call& call) { return add_connector(parts, call); };
  operations["connector.set"] = [parts](Call& call) { return set(parts, call); };
  operations["connector.move"] = [parts](Call& call) { return move(parts, call); };
  operations["connector.remove"] = [parts](Call& call) { return remove_connector(parts, call); };
  operations["connector.import"] = [parts](Call& call) { return import(parts, call); };
  operations["connector.export"] = [parts](Call& call) { return export_all(parts, call); };
}

}  // namespace danewerk::app
