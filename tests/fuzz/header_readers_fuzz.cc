// What stands in the header of mail, read as it streams in: Message-ID, which people look mail up by, and TLS-Required, which
// loosens how mail is sent (RFC 8689 4.1). Cut anywhere it comes to the same; an id holds nothing that could break out of a log
// or a table; nobody is waived twice or by what stands in the body.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "engine/smtp/message_id_reader.h"
#include "engine/smtp/tls_required.h"

using namespace danewerk;
using namespace danewerk::engine::smtp;

namespace {

struct Read {
  std::string id;
  bool waives = false;
  std::size_t fields = 0;
  friend bool operator==(const Read&, const Read&) = default;
};

Read read_in_pieces(std::string_view text, std::size_t piece) {
  MessageIdReader id;
  TlsRequiredField field;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    id.feed(text.substr(at, piece));
    field.feed(text.substr(at, piece));
  }
  field.finish();
  return {id.id(), field.waives(), field.count()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(ByteView(data, size));
  const Read whole = read_in_pieces(text, size + 1);
  for (const std::size_t piece : {1U, 2U, 7U}) CHECK(read_in_pieces(text, piece) == whole);
  CHECK(whole.id.size() <= MessageIdReader::longest);
  for (const char octet : whole.id) CHECK(static_cast<unsigned char>(octet) > ' ' && octet != 127);
  CHECK(!whole.waives || whole.fields == 1);
  // A body may say what it likes.
  const Read before = read_in_pieces("X: y\r\n\r\n" + std::string(text), 5);
  CHECK(before.id.empty() && before.fields == 0 && !before.waives);
  return 0;
}
