#include "types/host_node.h"

#include <array>
#include <charconv>

namespace danewerk::types {
namespace {

constexpr std::array<std::string_view, 3> kind_words{"none", "addresses", "dane"};

std::string_view next_piece(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

}  // namespace

std::string HostNode::to_string() const {
  std::string out(kind_words[static_cast<std::size_t>(kind)]);
  if (kind == Kind::none) return out;
  out += " " + std::to_string(ttl.count());
  for (const IpAddress& address : addresses) out += " " + address.to_string();
  return out;
}

Result<HostNode> HostNode::parse(std::string_view text) {
  const auto malformed = [&text] { return fail(ErrorKind::malformed, "'" + std::string(text) + "' does not say what a host holds"); };
  std::string_view rest = text;
  const std::string_view word = next_piece(rest);
  HostNode out;
  std::size_t kind = 0;
  while (kind < kind_words.size() && kind_words[kind] != word) ++kind;
  if (kind == kind_words.size()) return malformed();
  out.kind = static_cast<Kind>(kind);
  if (out.kind == Kind::none) return out;
  const std::string_view seconds = next_piece(rest);
  std::uint32_t ttl = 0;
  const auto read = std::from_chars(seconds.data(), seconds.data() + seconds.size(), ttl);
  if (seconds.empty() || read.ec != std::errc{} || read.ptr != seconds.data() + seconds.size()) return malformed();
  out.ttl = Ttl{ttl};
  while (!rest.empty()) {
    TRY(IpAddress address, IpAddress::parse(next_piece(rest)));
    out.addresses.push_back(address);
  }
  return out;
}

}  // namespace danewerk::types
