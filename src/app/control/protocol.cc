#include "app/control/protocol.h"

#include <array>

namespace danewerk::app {
namespace {

constexpr std::array kinds{ErrorKind::malformed, ErrorKind::not_found, ErrorKind::timeout, ErrorKind::refused,
                           ErrorKind::unavailable, ErrorKind::conflict, ErrorKind::denied, ErrorKind::limit,
                           ErrorKind::corrupt, ErrorKind::cancelled, ErrorKind::internal};

ErrorKind kind_of(const std::string& word) {
  for (const ErrorKind kind : kinds) {
    if (word == to_string(kind)) return kind;
  }
  return ErrorKind::internal;
}

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

Result<Request> parse_request(std::string_view line) {
  const Json json = parse_json(line);
  if (!json.is_object() || !json.contains("op") || !json["op"].is_string()) {
    return fail(ErrorKind::malformed, "a request is a JSON object with a member \"op\"");
  }
  Request request;
  request.operation = json["op"].get<std::string>();
  if (json.contains("args")) {
    if (!json["args"].is_object()) return fail(ErrorKind::malformed, "the member \"args\" of a request is a JSON object");
    request.arguments = json["args"];
  }
  if (json.contains("body")) {
    // Taken for 0, a size that cannot be read would turn a message into an empty one.
    if (!json["body"].is_number_unsigned()) return fail(ErrorKind::malformed, "the member \"body\" of a request is a number of octets");
    request.body = json["body"].get<std::uint64_t>();
  }
  return request;
}

std::string to_line(const Request& request) {
  return line_of(object({{"op", request.operation}, {"args", request.arguments}, {"body", request.body}}));
}

std::string to_line(const Result<Json>& answer) {
  if (answer) return line_of(object({{"ok", true}, {"result", *answer}}));
  return line_of(object({{"ok", false}, {"error", object({{"kind", to_string(answer.error().kind)}, {"what", answer.error().what}})}}));
}

Result<Json> parse_answer(std::string_view line) {
  const Json json = parse_json(line);
  if (!json.is_object() || !json.contains("ok")) return fail(ErrorKind::malformed, "the answer of the running program cannot be read");
  if (json["ok"] == true) return json.value("result", Json());
  const Json error = json.contains("error") && json["error"].is_object() ? json["error"] : Json::object();
  return fail(kind_of(text_argument_or(error, "kind", "internal")), text_argument_or(error, "what", "no reason was given"));
}

Result<std::string> text_argument(const Json& arguments, const char* name) {
  if (!arguments.contains(name) || !arguments[name].is_string()) return fail(ErrorKind::malformed, std::string("'") + name + "' is missing");
  return arguments[name].get<std::string>();
}

Result<bool> flag_argument(const Json& arguments, const char* name) {
  if (!arguments.contains(name)) return false;
  if (!arguments[name].is_boolean()) return fail(ErrorKind::malformed, std::string("'") + name + "' is neither true nor false");
  return arguments[name].get<bool>();
}

std::string text_argument_or(const Json& arguments, const char* name, std::string otherwise) {
  if (!arguments.contains(name) || !arguments[name].is_string()) return otherwise;
  return arguments[name].get<std::string>();
}

}  // namespace danewerk::app
