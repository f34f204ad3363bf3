// What the children's configuration must and must not say. That the programs take it and work by it is shown by
// service/publisher/publisher_real_test.cc.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "io/process/authoritative_child.h"
#include "io/process/config_file.h"
#include "io/process/resolver_child.h"

namespace danewerk::io {
namespace {

class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-children-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

AuthoritativeChildSettings authoritative(const std::string& directory) {
  AuthoritativeChildSettings out;
  out.directory = directory;
  out.listen = {*types::Endpoint::parse("192.0.2.53:53"), *types::Endpoint::parse("[2001:db8::53]:53")};
  out.update_at = *types::Endpoint::parse("127.0.0.1:10054");
  out.zone = name("mx.hoster.example");
  out.name_servers = {name("ns1.mx.hoster.example"), name("ns2.elsewhere.example")};
  out.glue = {{name("ns1.mx.hoster.example"), {*types::IpAddress::parse("192.0.2.53"), *types::IpAddress::parse("2001:db8::53")}}};
  out.update_key = {name("publisher"), "hmac-sha256", Bytes(32, 7)};
  return out;
}

bool says(const std::string& text, const std::string& line) { return text.find(line) != std::string::npos; }

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ResolverChild, says_why_and_keeps_nothing_stale) {  // RES-11, RES-16, RES-17, RES-20, RES-05
  ResolverChildSettings settings;
  settings.directory = "/var/lib/danewerk/resolver";
  const std::string text = *resolver_config(settings);
  for (const char* line : {"ede: yes", "serve-expired: no", "val-permissive-mode: no", "qname-minimisation: yes", "aggressive-nsec: yes",
                           "  interface: 127.0.0.1\n", "access-control: 0.0.0.0/0 refuse", "do-not-query-localhost: yes",
                           "val-bogus-ttl: 60", "val-sig-skew-min: 0\n", "val-sig-skew-max: 300\n", "cache-max-negative-ttl: 3600", "control-enable: yes",
                           "control-use-cert: no", "trust-anchor-file: \"/usr/share/dns/root.key\""}) {
    EXPECT_TRUE(says(text, line)) << line;
  }
  EXPECT_FALSE(says(text, "interface: 0.0.0.0"));
  EXPECT_FALSE(says(text, "interface: ::1")) << "Unbound ends on a machine that has IPv6 switched off";
  settings.address = *types::IpAddress::parse("::1");
  EXPECT_TRUE(says(*resolver_config(settings), "  interface: ::1\n"));
  EXPECT_FALSE(says(*resolver_config(settings), "interface: 127.0.0.1"));
}

TEST(ResolverChild, refuses_to_run_blind) {
  const Scratch scratch;
  ResolverChildSettings settings;
  settings.directory = scratch.path("resolver");
  settings.trust_anchor_files = {};
  EXPECT_EQ(resolver_child(settings).error().kind, ErrorKind::malformed) << "no anchor: nothing would ever be secure";
  settings.trust_anchor_files = {"/nonexistent/root.key"};
  const auto missing = resolver_child(settings);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_TRUE(says(missing.error().what, "dns-root-data"));
  settings.trust_anchors = {"example. DS 1 13 2 \"\nserver:"};
  EXPECT_EQ(resolver_config(settings).error().kind, ErrorKind::malformed) << "a setting must not write another one";
}

TEST(AuthoritativeChild, takes_updates_only_from_here_with_the_key_and_of_our_types) {  // DDNS-08, PUB-12, PUB-13
  const std::string text = *authoritative_config(authoritative("/var/lib/danewerk/authoritative"), ZoneSource::journal);
  for (const char* line : {"listen: [ \"192.0.2.53@53\", \"2001:db8::53@53\", \"127.0.0.1@10054\" ]", "version: \"\"", "nsid: \"\"",
                           "update-type: [ A, AAAA, TLSA, TXT, CNAME ]", "key: publisher.", "address: [ 127.0.0.0/8, \"::1\" ]", "nsec3: off",
                           "algorithm: ecdsap256sha256", "cds-cdnskey-publish: always", "zonefile-sync: -1", "zonefile-load: none",
                           "journal-content: all", "automatic-acl: off"}) {
    EXPECT_TRUE(says(text, line)) << line;
  }
  EXPECT_TRUE(says(text, "rate-limit: 200\n  slip: 2")) << text;
  EXPECT_FALSE(says(text, "submission"));
  auto settings = authoritative("/d");
  settings.denial = AuthoritativeChildSettings::Denial::nsec3;
  settings.algorithm = "ed25519";
  settings.rate_limit = 0;
  settings.ds_checked_at = *types::Endpoint::parse("127.0.0.1:10053");
  settings.secondaries = {{*types::Endpoint::parse("192.0.2.54:53"), TsigKeyText{name("transfer"), "hmac-sha512", Bytes(64, 1)}}};
  const std::string other = *authoritative_config(settings, ZoneSource::journal);
  for (const char* line : {"nsec3: on\n  nsec3-iterations: 0\n  nsec3-salt-length: 0\n", "algorithm: ed25519", "ksk-submission: parent",
                           "- id: resolver\n  address: 127.0.0.1@10053", "- id: secondary1\n  address: 192.0.2.54@53\n  key: transfer.",
                           "action: transfer\n  key: transfer.", "notify: [ secondary1 ]"}) {
    EXPECT_TRUE(says(other, line)) << line << " in\n" << other;
  }
  EXPECT_FALSE(says(other, "mod-rrl"));
  settings = authoritative("/d");
  settings.update_key.secret.resize(31);
  EXPECT_TRUE(says(authoritative_config(settings, ZoneSource::journal).error().what, "at least 32 octets"));
  settings = authoritative("/d");
  settings.update_at = *types::Endpoint::parse("192.0.2.53:53");
  EXPECT_EQ(authoritative_config(settings, ZoneSource::journal).error().kind, ErrorKind::malformed);
  settings = authoritative("/d");
  settings.glue.clear();
  EXPECT_TRUE(says(first_zone_content(settings).error().what, "ns1.mx.hoster.example"));
}

TEST(AuthoritativeChild, the_zone_file_is_read_once_and_never_again) {
  const Scratch scratch;
  const auto settings = authoritative(scratch.path("authoritative"));
  const auto first = authoritative_child(settings);
  ASSERT_TRUE(first.has_value()) << first.error().what;
  EXPECT_TRUE(first->may_bind_low_ports);
  EXPECT_EQ(first->writable, (std::vector<std::string>{settings.directory, "/tmp"}));
  EXPECT_TRUE(says(contents(settings.directory + "/knot.conf"), "zonefile-load: whole"));
  EXPECT_EQ(contents(settings.directory + "/first.zone"),
            "mx.hoster.example. 3600 IN SOA ns1.mx.hoster.example. hostmaster.mx.hoster.example. 1 3600 600 604800 60\n"
            "mx.hoster.example. 3600 IN NS ns1.mx.hoster.example.\nmx.hoster.example. 3600 IN NS ns2.elsewhere.example.\n"
            "ns1.mx.hoster.example. 3600 IN A 192.0.2.53\nns1.mx.hoster.example. 3600 IN AAAA 2001:db8::53\n");
  std::filesystem::create_directory(settings.directory + "/journal");
  std::ofstream(settings.directory + "/journal/data.mdb") << "there is one";
  ASSERT_TRUE(authoritative_child(settings).has_value());
  EXPECT_TRUE(says(contents(settings.directory + "/knot.conf"), "zonefile-load: none"));
}

TEST(ConfigFile, only_the_child_and_root_may_read_it) {
  const Scratch scratch;
  std::optional<RunAs> reader;
  if (geteuid() == 0) reader = *RunAs::find("nobody");
  ASSERT_TRUE(write_child_config(scratch.path("conf"), "secret", reader).has_value());
  struct stat facts {};
  ASSERT_EQ(stat(scratch.path("conf").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0640U);
  if (reader) {
    EXPECT_EQ(std::pair(facts.st_uid, facts.st_gid), std::pair(uid_t{0}, reader->gid));
  }
  EXPECT_FALSE(std::filesystem::exists(scratch.path("conf.new")));
  ASSERT_TRUE(write_child_config(scratch.path("conf"), "newer", reader).has_value());
  EXPECT_EQ(contents(scratch.path("conf")), "newer");
  EXPECT_TRUE(says(write_child_config(scratch.path("none/conf"), "x", reader).error().what, "none/conf"));
}

}  // namespace
}  // namespace danewerk::io
