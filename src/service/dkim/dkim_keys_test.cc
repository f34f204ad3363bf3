// Which keys sign whose mail, by what the DNS shows and who owns the domain at the moment.
#include "service/dkim/dkim_keys.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/dkim/key_record.h"
#include "io/dns/scripted_resolver.h"
#include "io/runtime/reactor.h"
#include "io/store/posix_disk.h"

namespace danewerk::service {
namespace {

const Instant start = *parse_rfc3339("2026-11-24T12:00:00Z");
types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }
types::TenantId tenant(std::string_view text) { return *types::TenantId::parse(text); }

struct House {
  House() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-dkim-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    store = *io::Store::open(std::make_shared<io::PosixDisk>(directory), {});
    domains = *io::DomainStore::open(*store);
    keys = *io::DkimStore::open(*store);
    signer.emplace(DkimParts{*keys, [this] { return domains->snapshot(); }, resolver, clock, log, name("mx1.hoster.test")});
    accept("contoso.test", "contoso");
  }
  ~House() {
    signer.reset();
    keys.reset();
    domains.reset();
    store.reset();
    std::filesystem::remove_all(directory);
  }
  types::AdminAct act() const { return {"root", "test", clock.now()}; }
  void accept(const char* domain, const char* whose) { io::run_to_end(accept_one(domain, whose)); }
  void give_away(const char* domain) { io::run_to_end(remove_one(domain)); }
  /// A key that somebody wants to sign; its record as TXT.
  std::string want(const char* domain, const char* selector, const char* whose) {
    std::string record;
    io::run_to_end(want_one(domain, selector, whose, record));
    clock.advance(std::chrono::seconds(1));
    return record;
  }
  /// Looks for all records; the last fault.
  std::string look() {
    std::string out;
    io::run_to_end(look_at_all(out));
    return out;
  }
  void publish(const char* domain, const char* selector, const std::string& record) {
    std::string line = std::string(selector) + "._domainkey." + domain + " TXT secure";
    for (const std::string& piece : dkim::record_strings(record)) line += " " + piece;
    EXPECT_TRUE(resolver.add(line + "\n").has_value());
  }
  std::string signs(const char* whose, const std::string& from) {
    const auto signing = signer->begin(*whose ? std::optional(tenant(whose)) : std::nullopt);
    if (!signing) return "nobody";
    signing->feed("From: " + from + "\r\n\r\nx\r\n");
    return signing->finish({}, clock.now()).what;
  }

  std::string directory;
  io::ManualClock clock{start};
  io::dns::ScriptedResolver resolver{clock};
  io::MemoryLog log;
  std::unique_ptr<io::Store> store;
  std::unique_ptr<io::DomainStore> domains;
  std::unique_ptr<io::DkimStore> keys;
  std::optional<DkimKeys> signer;

 private:
  io::Task<> accept_one(const char* domain, const char* whose) {
    std::vector<types::AcceptedDomain> one{{name(domain), tenant(whose), *types::Route::parse("lmtp:127.0.0.1:24"), {}, ""}};
    const auto done = co_await domains->add(std::move(one), act(), io::DomainStore::NewTenants::made);
    EXPECT_TRUE(done.has_value());
  }
  io::Task<> remove_one(const char* domain) {
    const auto done = co_await domains->remove(name(domain), act());
    EXPECT_TRUE(done.has_value());
  }
  io::Task<> want_one(const char* domain, const char* selector, const char* whose, std::string& record) {
    types::DkimKey key;
    key.domain = name(domain);
    key.selector = name(selector);
    if (*whose) key.tenant = tenant(whose);
    key.algorithm = types::DkimAlgorithm::ed25519_sha256;
    key.private_key = *io::SigningKey::generate(key.algorithm);
    key.public_key = to_base64(*io::SigningKey::from_pem(key.algorithm, key.private_key)->public_octets());
    record = dkim::record_text(key);
    const io::DkimKeyName named{key.domain, key.selector};
    const auto added = co_await keys->add(std::move(key), act());
    EXPECT_TRUE(added.has_value());
    const auto activated = co_await keys->activate(named, act());
    EXPECT_TRUE(activated.has_value());
  }
  io::Task<> look_at_all(std::string& out) {
    const auto all = keys->snapshot();
    for (const types::DkimKey& key : *all) {
      const auto found = co_await signer->look(key);
      out = found ? found->amiss : found.error().what;
    }
  }
};

TEST(DkimKeys, a_key_signs_while_its_record_is_there) {
  House house;
  const std::string record = house.want("contoso.test", "s1", "contoso");
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "nobody");
  EXPECT_NE(house.look(), "");
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "nobody");
  house.publish("contoso.test", "s1", record);
  EXPECT_EQ(house.look(), "");
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "contoso.test/s1");
  house.resolver.remove(name("s1._domainkey.contoso.test"));
  EXPECT_TRUE(house.resolver.add("s1._domainkey.contoso.test TXT timeout\n").has_value());
  EXPECT_NE(house.look(), "");
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "contoso.test/s1") << "no answer is no news";
  house.resolver.remove(name("s1._domainkey.contoso.test"));
  house.look();
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "nobody") << "it is gone";
}

TEST(DkimKeys, the_newest_takes_over_when_it_is_seen) {
  House house;
  house.publish("contoso.test", "s1", house.want("contoso.test", "s1", "contoso"));
  const std::string next = house.want("contoso.test", "s2", "contoso");
  house.look();
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "contoso.test/s1");
  house.publish("contoso.test", "s2", next);
  house.look();
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "contoso.test/s2");
}

TEST(DkimKeys, nobody_signs_for_anothers_domain) {
  House house;
  house.accept("fabrikam.test", "fabrikam");
  house.publish("contoso.test", "s1", house.want("contoso.test", "s1", "contoso"));
  house.look();
  EXPECT_EQ(house.signs("fabrikam", "a@contoso.test"), "nobody");
  EXPECT_EQ(house.signs("", "a@contoso.test"), "nobody") << "our notices have keys of their own";
  EXPECT_EQ(house.signs("contoso", "a@fabrikam.test"), "not signed: no key for fabrikam.test may sign");
  house.give_away("contoso.test");
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "nobody");
  house.accept("contoso.test", "fabrikam");
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "nobody");
  EXPECT_EQ(house.signs("fabrikam", "a@contoso.test"), "nobody") << "nor does the new owner get the old one's key";
}

TEST(DkimKeys, the_hosts_own_sign_notices) {
  House house;
  house.publish("hoster.test", "n1", house.want("hoster.test", "n1", ""));
  house.look();
  EXPECT_EQ(house.signs("", "MAILER-DAEMON@mx1.hoster.test"), "hoster.test/n1");
  EXPECT_EQ(house.signs("contoso", "a@contoso.test"), "nobody");
}

}  // namespace
}  // namespace danewerk::service
