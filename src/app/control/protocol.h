// The control protocol: one request, one answer, over a local socket.
//
//   request   {"op":"queue.list","args":{...},"body":1234}\n  followed by that many octets (a message to send); body may be absent
//   answer    {"ok":true,"result":...}\n   or   {"ok":false,"error":{"kind":"not_found","what":"..."}}\n
//
// The operations are those the HTTP API will offer; here is only how they travel between two programs of one machine.
#pragma once

#include <string>

#include "app/control/json.h"
#include "base/result.h"

namespace danewerk::app {

constexpr std::size_t longest_request = 1024 * 1024;

struct Request {
  std::string operation;
  Json arguments = Json::object();
  std::uint64_t body = 0;
};

/// One line without its end. Error: malformed.
Result<Request> parse_request(std::string_view line);
std::string to_line(const Request& request);
std::string to_line(const Result<Json>& answer);
/// The result, or the error the other side named. Error also: malformed.
Result<Json> parse_answer(std::string_view line);

/// Arguments by name. Errors: malformed, naming the argument.
Result<std::string> text_argument(const Json& arguments, const char* name);
/// False where it is not there. Json::value() would throw at a value of another type, and end the program.
Result<bool> flag_argument(const Json& arguments, const char* name);
std::string text_argument_or(const Json& arguments, const char* name, std::string otherwise);

}  // namespace danewerk::app
