#include "app/control/zone_operations.h"

#include <algorithm>

#include "app/control/operations.h"

namespace danewerk::app {
namespace {

using service::PublisherStatus;

Json finding_json(const types::Finding& finding) {
  return object({{"severity", types::to_string(finding.severity)}, {"code", finding.code}, {"subject", finding.subject}, {"evidence", finding.evidence},
                 {"remedy", finding.remedy}});
}

/// "the next key's record": what a server lacks of what is to be published.
Json lacking(const PublisherStatus& status, const std::string& server) {
  Json out = Json::array();
  for (const rollover::ServerSight& sight : status.observation.servers) {
    if (sight.server != server || sight.sight != rollover::Sight::verified) continue;
    for (const PublisherStatus::Key& key : status.keys) {
      const bool held = std::any_of(sight.records.begin(), sight.records.end(), [&key](const auto& record) { return record.to_string() == key.record; });
      if (!held && key.role != "withdrawn") out.push_back(key.record);
    }
  }
  return out;
}

Json names_json(const std::vector<types::DomainName>& names) {
  Json out = Json::array();
  for (const types::DomainName& name : names) out.push_back(name.to_string());
  return out;
}

Json parent_json(const zone::ParentState& parent) {
  Json json = object({{"ds", Json::array()}, {"name_servers", names_json(parent.name_servers)}});
  for (const Bytes& ds : parent.ds) json["ds"].push_back(zone::ds_text(ds));
  if (!parent.fault.empty()) put(json, {"fault", parent.fault});
  return json;
}

Json findings_json(const std::vector<types::Finding>& findings) {
  Json out = Json::array();
  for (const types::Finding& finding : findings) out.push_back(finding_json(finding));
  return out;
}

Json plan_json(const zone::Plan& plan) {
  Json json = object({{"changes", Json::array()}, {"conflicts", Json::array()}});
  for (const types::ZoneChange& change : plan.changes) {
    for (const std::string& line : zone::lines_of(change)) json["changes"].push_back(line);
  }
  for (const zone::Conflict& conflict : plan.conflicts) {
    json["conflicts"].push_back(object({{"name", conflict.name.to_string()}, {"type", types::to_string(conflict.type)}, {"foreign", conflict.foreign},
                                        {"what", zone::describe(conflict)}}));
  }
  return json;
}

/// Of all groups of keys. Before the primary was seen everything would look like an addition.
Result<zone::Plan> plan_of(const ZoneParts& parts) {
  zone::Plan out;
  for (const service::Publisher* publisher : parts.publishers) {
    const PublisherStatus status = publisher->status();
    if (status.observation.primary == rollover::ZoneObservation::Primary::unknown) {
      return fail(ErrorKind::unavailable, "the primary of " + status.zone.to_string() + " could not be asked yet; see `danewerk zone status`");
    }
    zone::Plan part = publisher->plan();
    std::move(part.changes.begin(), part.changes.end(), std::back_inserter(out.changes));
    std::move(part.conflicts.begin(), part.conflicts.end(), std::back_inserter(out.conflicts));
  }
  return out;
}

std::vector<PublisherStatus> statuses(const ZoneParts& parts) {
  std::vector<PublisherStatus> out;
  for (const service::Publisher* publisher : parts.publishers) out.push_back(publisher->status());
  return out;
}

/// What one server lacks of what is to be published.
Json lacking(const std::vector<PublisherStatus>& groups, const std::string& server) {
  Json out = Json::array();
  for (const PublisherStatus& status : groups) {
    for (Json& record : lacking(status, server)) out.push_back(std::move(record));
  }
  return out;
}

/// What comes next of all that the groups wait for.
const rollover::Step& soonest(const std::vector<PublisherStatus>& groups) {
  const auto first = std::min_element(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.next.when < b.next.when; });
  return first->next;
}

std::string first_fault(const std::vector<PublisherStatus>& groups) {
  for (const PublisherStatus& status : groups) {
    if (!status.fault.empty()) return status.fault;
  }
  return {};
}

Json server_json(const zone::ServerState& server, const std::vector<PublisherStatus>& groups) {
  Json json = object({{"server", server.server}});
  if (server.serial) put(json, {"serial", *server.serial});
  if (server.signed_until) put(json, {"signed_until", to_rfc3339(*server.signed_until)});
  if (!server.fault.empty()) put(json, {"fault", server.fault});
  if (Json lacks = lacking(groups, server.server); !lacks.empty()) put(json, {"lacks", std::move(lacks)});
  return json;
}

io::Task<Result<Json>> show_status(ZoneParts& parts) {
  const zone::ZoneState state = co_await parts.watch.look();
  const std::vector<PublisherStatus> groups = statuses(parts);
  const PublisherStatus& status = groups.front();
  Json json = object({{"zone", status.zone.to_string()}, {"servers", Json::array()}});
  for (const zone::ServerState& server : state.servers) json["servers"].push_back(server_json(server, groups));
  put(json, {"ds", status.ds_records});
  put(json, {"parent", parent_json(state.parent)});
  put(json, {"validation", rollover::to_string(status.observation.validation)});
  put(json, {"findings", findings_json(zone::examine(state, parts.limits, parts.clock.now()))});
  const rollover::Step next = soonest(groups);
  put(json, {"next", object({{"what", rollover::to_string(next.what)}, {"why", next.why}, {"when", to_rfc3339(next.when)}})});
  if (const std::string fault = first_fault(groups); !fault.empty()) put(json, {"fault", fault});
  co_return json;
}

Json signalling_json(const std::vector<types::RrSet>& wanted, const std::vector<zone::Signal>& seen) {
  Json out = Json::array();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Json records = Json::array();
    for (const Bytes& rdata : wanted[i].rdatas) {
      records.push_back(wanted[i].name.to_string() + ". " + std::to_string(wanted[i].ttl.count()) + " IN " + types::to_string(wanted[i].type) + " " +
                        zone::signal_text(wanted[i], rdata));
    }
    out.push_back(object({{"records", std::move(records)}, {"seen", zone::to_string(seen[i])}}));
  }
  return out;
}

/// What the parent must hold, what it holds, and what is wrong between the two. While it holds nothing, also by what it could find
/// out for itself.
io::Task<Result<Json>> show_ds(ZoneParts& parts) {
  const zone::ZoneState state = co_await parts.watch.look();
  Json json = object({{"zone", state.apex.to_string()}, {"ds", Json::array()}, {"parent", parent_json(state.parent)}});
  for (const Bytes& ds : zone::to_hand_over(state)) json["ds"].push_back(state.apex.to_string() + ". IN DS " + zone::ds_text(ds));
  std::vector<types::Finding> about_ds;
  for (types::Finding& finding : zone::examine(state, parts.limits, parts.clock.now())) {
    const bool about = finding.code.find("ds") != std::string::npos || finding.code == "zone.unsigned" || finding.code == "zone.parent_unseen";
    if (about) about_ds.push_back(std::move(finding));
  }
  put(json, {"findings", findings_json(about_ds)});
  if (state.parent.answer != zone::ParentState::Answer::given || !state.parent.ds.empty()) co_return json;
  const std::vector<types::RrSet> wanted = zone::signalling_sets(state);
  const std::vector<zone::Signal> seen = co_await parts.watch.look_at_signals(wanted);
  put(json, {"signalling", signalling_json(wanted, seen)});
  co_return json;
}

io::Task<Result<Json>> show_diff(ZoneParts& parts) {
  CO_TRY(const zone::Plan planned, plan_of(parts));
  co_return plan_json(planned);
}

/// Waits until the publisher, who applies changes by itself, has done so or says why it cannot.
io::Task<Result<Json>> apply(ZoneParts& parts) {
  CO_TRY(const zone::Plan first, plan_of(parts));
  const Json planned = plan_json(first);
  const Instant until = parts.clock.now() + 2 * parts.look_interval + std::chrono::seconds(30);
  while (parts.clock.now() < until) {
    CO_TRY(const zone::Plan plan, plan_of(parts));
    if (!plan.conflicts.empty()) co_return fail(ErrorKind::conflict, zone::describe(plan.conflicts.front()));
    if (plan.changes.empty()) {
      Json json = planned;
      put(json, {"applied", true});
      co_return json;
    }
    co_await parts.clock.sleep_for(std::chrono::milliseconds(200));
  }
  const std::string fault = first_fault(statuses(parts));
  co_return fail(ErrorKind::unavailable, fault.empty() ? "the zone does not hold the change yet; see `danewerk zone status`" : fault);
}

Result<types::RecordType> published_type(const std::string& text) {
  for (const auto type : {types::RecordType::a, types::RecordType::aaaa, types::RecordType::tlsa}) {
    if (text == types::to_string(type)) return type;
  }
  return fail(ErrorKind::malformed, "'" + text + "' is none of the types we publish: A, AAAA, TLSA");
}

/// Each name is one group's.
io::Task<Result<void>> adopt_where_it_stands(ZoneParts& parts, types::DomainName name, types::RecordType type, types::AdminAct act) {
  Result<void> adopted;
  for (service::Publisher* publisher : parts.publishers) {
    adopted = co_await publisher->adopt(name, type, act);
    if (adopted || adopted.error().kind != ErrorKind::not_found) break;
  }
  co_return adopted;
}

io::Task<Result<Json>> adopt(ZoneParts& parts, Call& call) {
  CO_TRY(const std::string name_text, text_argument(call.request.arguments, "name"));
  CO_TRY(const std::string type_text, text_argument(call.request.arguments, "type"));
  CO_TRY(types::DomainName name, types::DomainName::parse(name_text));
  CO_TRY(const types::RecordType type, published_type(type_text));
  const types::AdminAct act = act_of(call, parts.clock.now());
  CO_TRY_VOID(co_await adopt_where_it_stands(parts, name, type, act));
  CO_TRY(const zone::Plan planned, plan_of(parts));
  co_return plan_json(planned);
}

io::Task<Result<Json>> there_is_no_zone() {
  co_return fail(ErrorKind::not_found, "zone.name is not set: this program keeps no zone");
}

}  // namespace

io::Task<std::vector<types::Finding>> look_at_zone(ZoneParts& parts) {
  const zone::ZoneState state = co_await parts.watch.look();
  std::vector<types::Finding> findings = zone::examine(state, parts.limits, parts.clock.now());
  std::set<std::string> now;
  for (const types::Finding& finding : findings) {
    if (finding.severity == types::Severity::notice) continue;
    const std::string subject = finding.code + " " + finding.subject;
    if (now.insert(subject).second) parts.alerts.raise(subject, finding.evidence + ". " + finding.remedy);
  }
  for (const std::string& before : parts.standing_alerts) {
    if (!now.contains(before)) parts.alerts.clear(before);
  }
  parts.standing_alerts = std::move(now);
  co_return findings;
}

void add_zone_operations_without_zone(Operations& operations) {
  for (const char* name : {"zone.status", "zone.ds", "zone.diff", "zone.apply", "zone.adopt"}) operations[name] = [](Call&) { return there_is_no_zone(); };
}

void add_zone_operations(Operations& operations, ZoneParts& parts) {
  operations["zone.status"] = [&parts](Call&) { return show_status(parts); };
  operations["zone.ds"] = [&parts](Call&) { return show_ds(parts); };
  operations["zone.diff"] = [&parts](Call&) { return show_diff(parts); };
  operations["zone.apply"] = [&parts](Call&) { return apply(parts); };
  operations["zone.adopt"] = [&parts](Call& call) { return adopt(parts, call); };
}

}  // namespace danewerk::app
