#include "engine/connector/edit.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "engine/connector/examine.h"

namespace danewerk::connector {
using namespace types;

namespace {

using Json = nlohmann::ordered_json;

std::string detail_of(const Connector& rule, const Connector* before) {
  const auto json_of = [](const Connector& one) {
    Json json = Json::object();
    for (const Field& field : draft_of(one).fields) {
      if (field.name == "verify_names" || field.name == "source") {
        json[field.name] = field.values;
      } else {
        json[field.name] = field.values.front();
      }
    }
    json["place"] = one.place;
    return json;
  };
  Json json{{"rule", json_of(rule)}};
  if (before != nullptr) json["was"] = json_of(*before);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<ConnectorOwner> owner_of(const StoredConnector& stored) {
  if (const auto* rule = std::get_if<Connector>(&stored)) return rule->owner;
  return std::get<BrokenConnector>(stored).owner;
}

/// The rules by name.
class Present {
 public:
  explicit Present(const Rules& rules) {
    for (const StoredConnector& one : rules) by_id_.emplace(id_of(one), &one);
  }
  const StoredConnector* find(const std::string& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }
  /// The rule, if there is one of that name and it can be read.
  const Connector* find_sound(const std::string& id) const {
    const StoredConnector* stored = find(id);
    return stored == nullptr ? nullptr : std::get_if<Connector>(stored);
  }

 private:
  std::unordered_map<std::string_view, const StoredConnector*> by_id_;
};

Failure<Error> no_such(const std::string& id) { return fail(ErrorKind::not_found, "there is no connector " + id.substr(0, 80)); }

/// One owner's rules that can be read, in their order.
std::vector<Connector> rules_of(const Rules& rules, const ConnectorOwner& owner) {
  std::vector<Connector> out;
  for (const StoredConnector& stored : rules) {
    if (const auto* rule = std::get_if<Connector>(&stored); rule != nullptr && rule->owner == owner) out.push_back(*rule);
  }
  return out;
}

Result<void> insert(std::vector<Connector>& list, Connector rule, const Position& at) {
  auto place = list.end();
  if (at.kind == Position::Kind::first) place = list.begin();
  if (at.kind == Position::Kind::before) {
    place = std::find_if(list.begin(), list.end(), [&at](const Connector& one) { return one.id.to_string() == at.id; });
    if (place == list.end()) {
      return fail(ErrorKind::not_found, "connector " + rule.id.to_string() + " cannot stand before " + at.id.substr(0, 80) + ": " +
                                            (rule.owner ? "tenant " + rule.owner->text() + " has" : std::string("there is")) +
                                            " no rule of that name" + (rule.owner ? "" : " for all"));
    }
  }
  list.insert(place, std::move(rule));
  return {};
}

Result<void> check_alive(const Connector& rule, const Draft& draft, Instant now) {
  if (!rule.has_expired(now)) return {};
  const Field* field = draft.find("expires");
  return fail(ErrorKind::malformed, where(draft, field) + "it has expired at " + to_rfc3339(*rule.expires) + " and would decide nothing");
}

using Drafts = std::map<std::string, const Draft*>;  // by id; for the lines in errors

Result<void> check_order(const std::vector<Connector>& list, const Drafts& drafts, Instant now) {
  Passed passed(now);
  for (const Connector& rule : list) {
    const Connector* by = rule.has_expired(now) ? nullptr : passed.hiding(rule);
    if (by == nullptr) {
      passed.pass(rule);
      continue;
    }
    const auto draft = drafts.find(rule.id.to_string());
    const Field* field = draft == drafts.end() ? nullptr : draft->second->find("pattern");
    const std::string begin = field != nullptr ? where(*draft->second, field) : "connector " + rule.id.to_string() + ": pattern: ";
    return fail(ErrorKind::conflict, begin + rule.pattern.to_string() + " would never decide: connector " + by->id.to_string() +
                                         " stands before it and is for " + by->pattern.to_string() + "; put it first, or leave it out");
  }
  return {};
}

/// True where those of `list` that were there before stand in another order now.
bool is_reordered(const Present& present, const std::vector<Connector>& list) {
  std::uint32_t last = 0;
  for (const Connector& rule : list) {
    const Connector* before = present.find_sound(rule.id.to_string());
    if (before == nullptr) continue;
    if (before->place < last) return true;
    last = before->place;
  }
  return false;
}

/// Numbers the places and notes whatever is not as it was. `action` is what changed rules are noted with; empty: by what
/// they were before.
void settle(const Present& present, std::vector<Connector> list, const std::string& action, ConnectorEdit& edit) {
  std::uint32_t place = 0;
  const bool reordered = action.empty() && is_reordered(present, list);
  for (Connector& rule : list) {
    rule.place = ++place;
    const Connector* before = present.find_sound(rule.id.to_string());
    if (before != nullptr && *before == rule) continue;
    Connector placed_as_before = rule;
    if (before != nullptr) placed_as_before.place = before->place;
    const bool only_moved = before != nullptr && placed_as_before == *before;
    if (only_moved && reordered) edit.notes.push_back({rule.owner, "connector.move", rule.id.to_string(), detail_of(rule, before)});
    if (!only_moved) {  // one that only made room for another is no news
      const std::string what = action.empty() ? (present.find(rule.id.to_string()) == nullptr ? "connector.add" : "connector.set") : action;
      edit.notes.push_back({rule.owner, what, rule.id.to_string(), detail_of(rule, before)});
    }
    edit.put.push_back(std::move(rule));
  }
}

void note_removal(const StoredConnector& stored, ConnectorEdit& edit) {
  const auto* rule = std::get_if<Connector>(&stored);
  const std::string detail = rule != nullptr ? detail_of(*rule, nullptr) : Json{{"unreadable", std::get<BrokenConnector>(stored).fault}}.dump();
  edit.removed.push_back(id_of(stored));
  edit.notes.push_back({owner_of(stored).value_or(ConnectorOwner{}), "connector.remove", id_of(stored), detail});
}

/// What is known of a rule, as fields to change.
Draft known_of(const StoredConnector& stored) {
  if (const auto* rule = std::get_if<Connector>(&stored)) return draft_of(*rule);
  const auto& broken = std::get<BrokenConnector>(stored);
  Draft draft;
  draft.set({"id", {broken.id}, 0});
  if (broken.owner && *broken.owner) draft.set({"tenant", {to_string(*broken.owner)}, 0});
  if (broken.pattern) draft.set({"pattern", {broken.pattern->to_string()}, 0});
  return draft;
}

}  // namespace

const std::string& id_of(const StoredConnector& stored) {
  if (const auto* rule = std::get_if<Connector>(&stored)) return rule->id.to_string();
  return std::get<BrokenConnector>(stored).id;
}

Result<ConnectorEdit> add(const Rules& rules, const Draft& draft, const Position& at, const AdminAct& act) {
  TRY(Connector rule, read_draft(draft, act.who, act.at));
  TRY_VOID(check_alive(rule, draft, act.at));
  const Present present(rules);
  if (present.find(rule.id.to_string()) != nullptr) {
    return fail(ErrorKind::conflict, "there is a connector " + rule.id.to_string() + " already; change it with `danewerk connector set`");
  }
  std::vector<Connector> list = rules_of(rules, rule.owner);
  const Drafts drafts{{rule.id.to_string(), &draft}};
  TRY_VOID(insert(list, std::move(rule), at));
  TRY_VOID(check_order(list, drafts, act.at));
  ConnectorEdit edit;
  settle(present, std::move(list), "connector.add", edit);
  return edit;
}

Result<ConnectorEdit> set(const Rules& rules, const std::string& id, const std::vector<Field>& fields, const AdminAct& act) {
  const Present present(rules);
  const StoredConnector* stored = present.find(id);
  if (stored == nullptr) return no_such(id);
  Draft draft = known_of(*stored);
  for (const Field& field : fields) draft.set(field);
  TRY(Connector rule, read_draft(draft, act.who, act.at));
  if (const auto owner = owner_of(*stored); owner && *owner != rule.owner) {
    return fail(ErrorKind::malformed, where(draft, draft.find("tenant")) + "a rule keeps its owner; remove it and add another");
  }
  TRY_VOID(check_alive(rule, draft, act.at));
  ConnectorEdit edit;
  std::vector<Connector> list = rules_of(rules, rule.owner);
  const auto old = std::find_if(list.begin(), list.end(), [&id](const Connector& one) { return one.id.to_string() == id; });
  if (old != list.end()) {
    rule.created = old->created;
    rule.place = old->place;
    Connector same_author = rule;
    same_author.author = old->author;
    if (same_author == *old) return edit;  // nothing is changed, so nobody is its author
    *old = std::move(rule);
  } else {
    const auto place = std::get<BrokenConnector>(*stored).place;
    const auto at = std::find_if(list.begin(), list.end(), [place](const Connector& one) { return one.place >= place; });
    list.insert(at, std::move(rule));
  }
  TRY_VOID(check_order(list, {{id, &draft}}, act.at));
  settle(present, std::move(list), "connector.set", edit);
  return edit;
}

Result<ConnectorEdit> move(const Rules& rules, const std::string& id, const Position& to, const AdminAct& act) {
  const Present present(rules);
  const StoredConnector* stored = present.find(id);
  if (stored == nullptr) return no_such(id);
  const auto* rule = std::get_if<Connector>(stored);
  if (rule == nullptr) return fail(ErrorKind::malformed, "connector " + id + " cannot be read; set it anew or remove it");
  if (to.kind == Position::Kind::before && to.id == id) return ConnectorEdit{};
  std::vector<Connector> list = rules_of(rules, rule->owner);
  std::erase_if(list, [&id](const Connector& one) { return one.id.to_string() == id; });
  TRY_VOID(insert(list, *rule, to));
  TRY_VOID(check_order(list, {}, act.at));
  ConnectorEdit edit;
  settle(present, std::move(list), "connector.move", edit);  // notes nothing: places alone have changed
  const auto moved = std::find_if(edit.put.begin(), edit.put.end(), [&id](const Connector& one) { return one.id.to_string() == id; });
  if (moved != edit.put.end()) edit.notes.push_back({rule->owner, "connector.move", id, detail_of(*moved, rule)});
  return edit;
}

Result<ConnectorEdit> remove(const Rules& rules, const std::string& id) {
  const Present present(rules);
  const StoredConnector* stored = present.find(id);
  if (stored == nullptr) return no_such(id);
  ConnectorEdit edit;
  note_removal(*stored, edit);
  if (const auto* rule = std::get_if<Connector>(stored)) {
    std::vector<Connector> list = rules_of(rules, rule->owner);
    std::erase_if(list, [&id](const Connector& one) { return one.id.to_string() == id; });
    settle(present, std::move(list), "", edit);
  }
  return edit;
}

namespace {

/// Reads the drafts of an import into one list an owner; what is as it was keeps who made it, and when.
Result<std::map<ConnectorOwner, std::vector<Connector>>> read_all(const Present& present, const std::optional<ConnectorOwner>& only,
                                                                 const std::vector<Draft>& drafts, const AdminAct& act, Drafts& by_id) {
  std::map<ConnectorOwner, std::vector<Connector>> lists;
  for (const Draft& draft : drafts) {
    TRY(Connector rule, read_draft(draft, act.who, act.at));
    const std::string id = rule.id.to_string();
    if (only && rule.owner != *only) {
      return fail(ErrorKind::malformed, where(draft, draft.find("tenant")) + "it is not a rule of " + to_string(*only) + ", whose rules are imported");
    }
    if (!by_id.emplace(id, &draft).second) return fail(ErrorKind::conflict, where(draft, draft.find("id")) + "the name " + id + " is given twice");
    const StoredConnector* stored = present.find(id);
    if (stored != nullptr && only && owner_of(*stored) != only) {
      return fail(ErrorKind::conflict, where(draft, draft.find("id")) + "there is a connector " + id + " of another owner");
    }
    const Connector* before = present.find_sound(id);
    const bool as_it_was = before != nullptr && draft_of(*before) == draft_of(rule);
    if (before != nullptr) rule.created = before->created;
    if (as_it_was) rule.author = before->author;
    if (!as_it_was) TRY_VOID(check_alive(rule, draft, act.at));
    lists[rule.owner].push_back(std::move(rule));
  }
  return lists;
}

}  // namespace

Result<ConnectorEdit> replace(const Rules& rules, const std::optional<ConnectorOwner>& only, const std::vector<Draft>& drafts,
                              const AdminAct& act) {
  Drafts by_id;
  const Present present(rules);
  TRY(auto lists, read_all(present, only, drafts, act, by_id));
  ConnectorEdit edit;
  for (const StoredConnector& stored : rules) {
    const auto owner = owner_of(stored);
    const bool concerned = !only || (owner && *owner == *only);
    if (concerned && !by_id.contains(id_of(stored))) note_removal(stored, edit);
  }
  for (auto& [owner, list] : lists) {
    TRY_VOID(check_order(list, by_id, act.at));
    settle(present, std::move(list), "", edit);
  }
  return edit;
}

}  // namespace danewerk::connector
