// Lines of the control socket, as a program that is not ours may send them. Held: a refusal names what is wrong; a request that is read
// is written as one line that reads as the same request; an answer is a result or an error with words; no argument's type surprises.
#include <cstddef>
#include <cstdint>
#include <string>

#include "app/control/protocol.h"
#include "base/bytes.h"
#include "base/check.h"

using namespace danewerk;
using namespace danewerk::app;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = as_text(ByteView(data, size));
  if (const auto request = parse_request(line)) {
    std::string written = to_line(*request);
    CHECK(written.ends_with('\n'));
    written.pop_back();
    CHECK(written.find('\n') == std::string::npos);
    const auto again = parse_request(written);
    CHECK(again && again->operation == request->operation && again->arguments == request->arguments && again->body == request->body);
    CHECK(request->arguments.is_object());
    for (const char* name : {"domain", "tenant", ""}) {
      (void)text_argument(request->arguments, name);
      (void)flag_argument(request->arguments, name);
      (void)text_argument_or(request->arguments, name, "-");
    }
  } else {
    CHECK(!request.error().what.empty());
  }
  const auto answer = parse_answer(line);
  CHECK(answer || !answer.error().what.empty());
  return 0;
}
