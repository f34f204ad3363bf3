// What strangers write into headers and key records, read for signing and verifying: cut anywhere it comes to the same, and what
// was read writes back to what reads the same.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "engine/dkim/signature.h"

namespace {

using namespace danewerk;

struct Read {
  std::string header, simple, relaxed;
  dkim::HeaderReader::State state;
  friend bool operator==(const Read&, const Read&) = default;
};

Read read_in_pieces(std::string_view text, std::size_t piece) {
  dkim::HeaderReader reader(300);
  dkim::BodyForm simple(dkim::Canonical::simple), relaxed(dkim::Canonical::relaxed);
  Read out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string_view body = reader.feed(text.substr(at, piece));
    simple.feed(body, out.simple);
    relaxed.feed(body, out.relaxed);
  }
  simple.finish(out.simple);
  relaxed.finish(out.relaxed);
  out.header = reader.state() == dkim::HeaderReader::State::header ? "" : reader.lines();
  out.state = reader.state();
  return out;
}

void read_field(const dkim::HeaderField& field, const std::vector<dkim::HeaderField>& all) {
  static_cast<void>(dkim::author_domains(field.value()));
  static_cast<void>(dkim::KeyRecord::parse(field.value()));
  const auto signature = dkim::Signature::parse(field.value());
  if (!signature) return;
  CHECK(!dkim::signed_octets(*signature, all, dkim::without_b(field.text)).empty());
  const std::string again = dkim::written(*signature, signature->signature);
  const auto back = dkim::Signature::parse(dkim::header_fields(again).at(0).value());
  CHECK(back.has_value() && back->domain == signature->domain && back->headers == signature->headers && back->body_hash == signature->body_hash &&
        back->signature == signature->signature && back->made == signature->made);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Read whole = read_in_pieces(text, std::max<std::size_t>(1, size));
  for (const std::size_t piece : {1U, 2U, 7U}) CHECK(read_in_pieces(text, piece) == whole);
  const auto fields = dkim::header_fields(text);
  for (const dkim::HeaderField& field : fields) read_field(field, fields);
  static_cast<void>(dkim::headers_to_sign(fields));
  return 0;
}
