#include "app/control/message_json.h"
#include "app/control/operations.h"

namespace danewerk::app {
namespace {

io::Task<Result<Json>> list_messages(OperatedParts& parts, Call& call) {
  CO_TRY(types::QueueFilter filter, queue_filter_of(call.request.arguments, parts));
  CO_TRY(auto entries, co_await parts.queue.list(std::move(filter)));
  CO_TRY(auto counts, co_await parts.queue.counts(parts.delivery.clock.now()));
  Json messages = Json::array();
  for (const types::QueueEntry& entry : entries) messages.push_back(entry_json(entry));
  co_return object({{"messages", std::move(messages)},
                    {"counts",
                     object({{"messages", counts.messages}, {"waiting", counts.waiting}, {"due", counts.due}, {"in_delivery", counts.claimed},
                             {"held", counts.held}, {"finished", counts.finished}})}});
}

io::Task<Result<Json>> show_message(OperatedParts& parts, Call& call) {
  CO_TRY(std::string text, text_argument(call.request.arguments, "id"));
  CO_TRY(types::QueueId id, types::QueueId::parse(text));
  CO_TRY(types::QueueDetail detail, co_await parts.queue.show(id));
  co_return detail_json(detail);
}

}  // namespace

types::AdminAct act_of(const Call& call, Instant now) {
  return {call.who, text_argument_or(call.request.arguments, "why", ""), now};
}

void add_queue_operations(Operations& operations, OperatedParts& parts) {
  operations["queue.list"] = [&parts](Call& call) { return list_messages(parts, call); };
  operations["queue.show"] = [&parts](Call& call) { return show_message(parts, call); };
  add_queue_change_operations(operations, parts);
}

}  // namespace danewerk::app
