#include "io/store/page_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "io/store/database.h"

namespace danewerk::io {
namespace {

class PageCache : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open(file_.string(), "", Database::Mode::writer);
    ASSERT_TRUE(opened.has_value());
    database_.emplace(*std::move(opened));
    run("CREATE TABLE kept (id INTEGER PRIMARY KEY, name TEXT NOT NULL, octets BLOB NOT NULL)");
    run("CREATE INDEX kept_name ON kept(name)");
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(file_.parent_path());
  }

  void run(const char* sql) { ASSERT_TRUE(database_->script(sql).has_value()) << sql; }

  /// Rows whose names come in no order, so that the index is balanced all the time.
  void add(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(database_->run("INSERT INTO kept(name, octets) VALUES(?1, ?2)", std::to_string(random_()), std::string(300, 'x')).has_value());
    }
  }

  std::string answer(const char* sql) {
    auto rows = database_->query(sql);
    if (!rows || !*rows->next()) return "nothing";
    return rows->text(0);
  }

  std::filesystem::path file_ = [] {
    std::string name = (std::filesystem::temp_directory_path() / "page-cache-XXXXXX").string();
    return std::filesystem::path(mkdtemp(name.data())) / "store.sqlite";
  }();
  std::optional<Database> database_;
  std::mt19937 random_{7};
};

TEST_F(PageCache, commits_that_balance_trees_walk_through_nothing) {
  add(2000);
  const PageCacheWalks before = page_cache_walks();
  for (int i = 0; i < 200; ++i) {
    run("BEGIN IMMEDIATE");
    add(20);
    run("COMMIT");
  }
  const PageCacheWalks after = page_cache_walks();
  EXPECT_GE(after.asked - before.asked, 200U);
  EXPECT_LE(after.walked - before.walked, 2U);
  EXPECT_EQ(answer("PRAGMA integrity_check"), "ok");
}

TEST_F(PageCache, pages_of_a_growth_that_was_undone_are_dropped) {
  add(500);
  const PageCacheWalks before = page_cache_walks();
  for (int i = 0; i < 20; ++i) {
    run("BEGIN IMMEDIATE");
    add(300);
    run("ROLLBACK");
    add(3);
  }
  EXPECT_GE(page_cache_walks().walked - before.walked, 20U);
  EXPECT_EQ(answer("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(answer("SELECT count(*) FROM kept"), "560");
}

TEST_F(PageCache, a_file_that_was_made_shorter_grows_again_whole) {
  add(3000);
  run("DELETE FROM kept WHERE id % 3 <> 0");
  run("VACUUM");
  add(3000);
  EXPECT_EQ(answer("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(answer("SELECT count(*) FROM kept"), "4000");
}

}  // namespace
}  // namespace danewerk::io
