// trace: from whatever a person knows of a message (queue id, Message-ID, an address) to its life.
#include "app/control/message_json.h"
#include "app/control/operations.h"
#include "engine/smtp/message_id_reader.h"

namespace danewerk::app {
namespace {

constexpr std::uint32_t most_listed = 1000;

Result<std::uint32_t> limit_of(const Json& arguments) {
  if (!arguments.contains("limit")) return types::TraceQuery{}.limit;
  const Json& given = arguments["limit"];
  if (given.is_number_unsigned() && given.get<std::uint64_t>() >= 1 && given.get<std::uint64_t>() <= most_listed) return given.get<std::uint32_t>();
  return fail(ErrorKind::malformed, "'limit' is a number from 1 to " + std::to_string(most_listed));
}

Result<types::TraceQuery> query_of(const std::string& subject, const Json& arguments) {
  types::TraceQuery query;
  TRY(query.limit, limit_of(arguments));
  if (const std::string since = text_argument_or(arguments, "since", ""); !since.empty()) {
    TRY(query.since, parse_rfc3339(since));
    if (*query.since <= Instant{}) query.since.reset();
  }
  const bool in_brackets = subject.find('<') != std::string::npos;
  auto mailbox = in_brackets ? Result<types::Mailbox>(fail(ErrorKind::malformed, "")) : parse_mailbox_text(subject);
  if (mailbox) {
    query.address = mailbox->to_string();
  } else {
    query.message_id = engine::smtp::MessageIdReader::id_of(subject);
  }
  return query;
}

Failure<Error> nothing_known(const std::string& subject) {
  return fail(ErrorKind::not_found, "nothing is known of '" + subject + "': give a queue id, a Message-ID or an address; history is kept for"
                                    " server.history and within server.history_size");
}

io::Task<Result<Json>> life_of(OperatedParts& parts, types::QueueId id) {
  CO_TRY(types::QueueDetail detail, co_await parts.queue.show(id));
  co_return object({{"message", detail_json(detail)}});
}

/// An address may be a Message-ID too, and nobody can tell from its looks: both are looked for.
io::Task<Result<Json>> trace(OperatedParts& parts, Call& call) {
  CO_TRY(std::string subject, text_argument(call.request.arguments, "subject"));
  if (auto id = types::QueueId::parse(subject)) co_return co_await life_of(parts, *id);
  CO_TRY(types::TraceQuery query, query_of(subject, call.request.arguments));
  if (query.message_id && query.message_id->empty()) co_return nothing_known(subject);
  CO_TRY(auto found, co_await parts.queue.trace(query));
  if (found.empty() && query.address) {
    types::TraceQuery other{engine::smtp::MessageIdReader::id_of(subject), {}, query.since, query.limit};
    CO_TRY(found, co_await parts.queue.trace(std::move(other)));
  }
  if (found.empty()) co_return nothing_known(subject);
  if (found.size() == 1) co_return co_await life_of(parts, found.front().id);
  Json messages = Json::array();
  for (const types::QueueEntry& entry : found) messages.push_back(entry_json(entry));
  co_return object({{"messages", std::move(messages)}});
}

}  // namespace

void add_trace_operation(Operations& operations, OperatedParts& parts) {
  operations["trace"] = [&parts](Call& call) { return trace(parts, call); };
}

}  // namespace danewerk::app
