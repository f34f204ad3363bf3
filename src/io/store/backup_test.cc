#include "io/store/backup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "io/store/key_store.h"
#include "io/store/posix_disk.h"
#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

class Backup : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-backup-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    store_ = *Store::open(std::make_shared<PosixDisk>(directory_ + "/mail"), test::turned_settings());
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void add_key(const std::string& id, std::optional<Instant> retired) {
    types::KeyFacts key;
    key.id = id;
    key.private_key = "PRIVATE";
    key.certificate = "CERTIFICATE";
    key.tlsa = *types::TlsaRecord::parse("3 1 1 " + std::string(64, 'a'));
    key.created_at = test::start_of_time;
    key.published_at = key.seen_everywhere_at = key.serving_since = test::start_of_time + std::chrono::hours(1);
    key.retired_at = retired;
    KeyStore keys(*store_);
    ASSERT_TRUE(test::finish(*store_, keys.add(key)));
    ASSERT_TRUE(test::finish(*store_, keys.put_zone_fact("mx.example", {"displaced/" + id, "60", test::start_of_time})));
  }
  std::string original() const { return directory_ + "/mail/store.sqlite"; }

  std::string directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(Backup, copies_a_database_in_use_and_nothing_of_later) {
  add_key("first", std::nullopt);
  const std::string copy = directory_ + "/copy.sqlite";
  ASSERT_TRUE(copy_database(original(), copy));
  EXPECT_EQ(copy_database(original(), copy).error().kind, ErrorKind::conflict) << "never over another backup";
  EXPECT_EQ(std::filesystem::status(copy).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(*newest_fact(copy), test::start_of_time + std::chrono::hours(1));
  KeyStore keys(*store_);
  ASSERT_TRUE(test::finish(*store_, keys.mark("first", types::KeyEvent::retired, test::start_of_time + std::chrono::hours(9))));
  EXPECT_EQ(*newest_fact(original()), test::start_of_time + std::chrono::hours(9));
  EXPECT_EQ(*newest_fact(copy), test::start_of_time + std::chrono::hours(1));
}

TEST_F(Backup, keys_of_an_older_copy_never_serve_again) {  // PUB-02, PUB-03
  const Instant later = test::start_of_time + std::chrono::hours(30);
  add_key("first", std::nullopt);
  add_key("gone", test::start_of_time + std::chrono::hours(2));
  const std::string copy = directory_ + "/restored/store.sqlite";
  std::filesystem::create_directories(directory_ + "/restored");
  ASSERT_TRUE(copy_database(original(), copy));
  ASSERT_EQ(*withdraw_keys(copy, "mx.example", Ttl{3600}, later), 2U);
  ASSERT_EQ(*withdraw_keys(copy, "mx.example", Ttl{60}, later), 0U) << "the longer TTL stays";
  store_ = *Store::open(std::make_shared<PosixDisk>(directory_ + "/restored"), test::turned_settings());
  KeyStore keys(*store_);
  const auto all = *test::finish(*store_, keys.keys());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].withdrawn_at == later && all[1].withdrawn_at == later);
  const auto facts = *test::finish(*store_, keys.zone_facts("mx.example"));
  const auto earlier = std::find_if(facts.begin(), facts.end(), [](const ZoneFact& fact) { return fact.name == "earlier-ttl"; });
  ASSERT_NE(earlier, facts.end());
  EXPECT_EQ(earlier->value, "3600");
  EXPECT_EQ(earlier->at, later);
}

}  // namespace
}  // namespace danewerk::io
