#include "app/control/message_json.h"
#include "app/control/operations.h"
#include "types/rules.h"

namespace danewerk::app {
namespace {

Result<types::QueueFilter> filter_of(const Json& arguments) {
  types::QueueFilter filter;
  if (const std::string id = text_argument_or(arguments, "id", ""); !id.empty()) {
    TRY(filter.id, types::QueueId::parse(id));
  }
  if (const std::string tenant = text_argument_or(arguments, "tenant", ""); !tenant.empty()) {
    TRY(filter.tenant, types::TenantId::parse(tenant));
  }
  if (const std::string hop = text_argument_or(arguments, "hop", ""); !hop.empty()) filter.hop = types::HopKey{hop};
  if (const std::string recipient = text_argument_or(arguments, "recipient", ""); !recipient.empty()) filter.recipient = recipient;
  const std::string which = text_argument_or(arguments, "which", "queued");
  if (which != "queued" && which != "finished" && which != "all") {
    return fail(ErrorKind::malformed, "'" + which + "' is none of queued, finished, all");
  }
  if (which == "finished") filter.which = types::QueueFilter::Which::finished;
  if (which == "all") filter.which = types::QueueFilter::Which::all;
  if (arguments.contains("limit") && arguments["limit"].is_number_unsigned()) filter.limit = arguments["limit"].get<std::uint32_t>();
  return filter;
}

io::Task<Result<Json>> list(OperatedParts& parts, Call& call) {
  CO_TRY(types::QueueFilter filter, filter_of(call.request.arguments));
  CO_TRY(auto entries, co_await parts.queue.list(std::move(filter)));
  CO_TRY(auto counts, co_await parts.queue.counts(parts.delivery.clock.now()));
  Json messages = Json::array();
  for (const types::QueueEntry& entry : entries) messages.push_back(entry_json(entry));
  co_return Json{{"messages", std::move(messages)},
                 {"counts",
                  {{"messages", counts.messages}, {"waiting", counts.waiting}, {"due", counts.due}, {"in_delivery", counts.claimed},
                   {"finished", counts.finished}}}};
}

io::Task<Result<Json>> show(OperatedParts& parts, Call& call) {
  CO_TRY(std::string text, text_argument(call.request.arguments, "id"));
  CO_TRY(types::QueueId id, types::QueueId::parse(text));
  CO_TRY(types::QueueDetail detail, co_await parts.queue.show(id));
  co_return detail_json(detail);
}

io::Task<Result<Json>> retry_now(OperatedParts& parts, Call& call) {
  CO_TRY(types::QueueFilter filter, filter_of(call.request.arguments));
  CO_TRY(std::uint64_t count, co_await parts.queue.retry(std::move(filter), act_of(call, parts.delivery.clock.now())));
  parts.scheduler.wake();
  co_return Json{{"recipients", count}};
}

io::Task<Result<Json>> drop(OperatedParts& parts, Call& call) {
  const Json& arguments = call.request.arguments;
  if (!arguments.contains("ids") || !arguments["ids"].is_array()) co_return fail(ErrorKind::malformed, "name the messages to drop");
  std::vector<types::QueueId> ids;
  for (const Json& one : arguments["ids"]) {
    CO_TRY(types::QueueId id, types::QueueId::parse(one.is_string() ? one.get<std::string>() : ""));
    ids.push_back(id);
  }
  CO_TRY(auto dropped, co_await parts.queue.drop(std::move(ids), act_of(call, parts.delivery.clock.now())));
  Json json = Json::array();
  for (const types::QueueId& id : dropped) json.push_back(id.to_string());
  co_return Json{{"dropped", std::move(json)}};
}

}  // namespace

types::AdminAct act_of(const Call& call, Instant now) {
  return {call.who, text_argument_or(call.request.arguments, "why", ""), now};
}

void add_queue_operations(Operations& operations, OperatedParts& parts) {
  operations["queue.list"] = [&parts](Call& call) { return list(parts, call); };
  operations["queue.show"] = [&parts](Call& call) { return show(parts, call); };
  operations["queue.retry"] = [&parts](Call& call) { return retry_now(parts, call); };
  operations["queue.drop"] = [&parts](Call& call) { return drop(parts, call); };
}

}  // namespace danewerk::app
