// What the store does when the disk fails it: SMTP-02 from its dark side.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "io/runtime/reactor.h"
#include "io/runtime/together.h"
#include "io/store/posix_disk.h"
#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using test::accept_message;
using test::finish;
using test::message_to;
using test::octets_of;
using test::start_of_time;

TEST(StoreFaults, a_failed_fsync_is_never_a_success_and_never_tried_again) {
  for (const bool spooled : {false, true}) {
    auto disk = SimulatedDisk::make(11, {});
    auto store = *Store::open(disk, test::turned_settings());
    QueueStore queue(*store);
    const std::string body = octets_of(1, spooled ? 300'000 : 100);
    auto before = finish(*store, accept_message(queue, message_to(1), body));
    ASSERT_TRUE(before.has_value());
    SimulatedDisk::Faults faults;
    faults.fail_sync = disk->syncs();
    disk->set_faults(faults);
    auto refused = finish(*store, accept_message(queue, message_to(1), body));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    ASSERT_TRUE(store->broken().has_value());
    const auto syncs = disk->syncs();
    auto next = finish(*store, accept_message(queue, message_to(1), "small"));
    ASSERT_FALSE(next.has_value());
    EXPECT_NE(next.error().what.find("refuses writes"), std::string::npos) << next.error().what;
    EXPECT_EQ(disk->syncs(), syncs) << "nothing is written after a failed fsync";
    EXPECT_TRUE(finish(*store, queue.show(*before)).has_value()) << "reading goes on";

    store.reset();
    disk = disk->after_power_cut({});
    store = *Store::open(disk, test::turned_settings());
    QueueStore again(*store);
    EXPECT_EQ(*finish(*store, test::whole_body(again, *before)), "Received: by test\r\n" + body);
    EXPECT_TRUE(finish(*store, accept_message(again, message_to(1), body)).has_value());
  }
}

TEST(StoreFaults, what_could_not_be_recorded_is_not_delivered_again) {
  auto disk = SimulatedDisk::make(12, {});
  auto store = *Store::open(disk, test::turned_settings());
  QueueStore queue(*store);
  auto id = finish(*store, accept_message(queue, message_to(1), "x"));
  ASSERT_EQ(finish(*store, queue.claim_due(start_of_time, 10))->size(), 1U);
  SimulatedDisk::Faults faults;
  faults.fail_sync = disk->syncs();
  disk->set_faults(faults);
  Recording recording{*id, {"hop0.example"}, start_of_time, {}, {}, {}};
  recording.results.push_back({0, types::RecipientState::delivered, {}, {2, 0, 0}, "", "", ""});
  EXPECT_FALSE(finish(*store, queue.record(std::move(recording))).has_value());
  EXPECT_TRUE(finish(*store, queue.claim_due(start_of_time, 10))->empty());
}

TEST(StoreFaults, a_full_disk_refuses_and_recovers) {
  for (const std::size_t size : {30'000U, 400'000U}) {
    auto disk = SimulatedDisk::make(13, {});
    auto store = *Store::open(disk, test::turned_settings());
    QueueStore queue(*store);
    SimulatedDisk::Faults faults;
    faults.capacity = 700'000;
    disk->set_faults(faults);
    std::vector<types::QueueId> accepted;
    Result<types::QueueId> last = fail(ErrorKind::internal, "not run");
    for (int i = 0; i < 100; ++i) {
      last = finish(*store, accept_message(queue, message_to(1), octets_of(i, size)));
      if (!last) break;
      accepted.push_back(*last);
    }
    ASSERT_FALSE(last.has_value());
    EXPECT_EQ(last.error().kind, ErrorKind::limit) << last.error().what;
    EXPECT_FALSE(store->broken().has_value());
    EXPECT_EQ(disk->list()->size(), size > 262144 ? accepted.size() : 0U) << "a refused body leaves no file";
    disk->set_faults({});
    auto now = finish(*store, accept_message(queue, message_to(1), octets_of(200, size)));
    ASSERT_TRUE(now.has_value()) << now.error().what;
    for (std::size_t i = 0; i < accepted.size(); ++i) {
      EXPECT_TRUE(finish(*store, test::whole_body(queue, accepted[i])).has_value());
    }
  }
}

// RFC 5321 4.5.3.1.10: 452 while there is no room.
TEST(StoreFaults, the_watermark_keeps_the_floor_free) {
  SimulatedDisk::Faults faults;
  faults.capacity = 50'000'000;
  auto disk = SimulatedDisk::make(14, faults);
  StoreSettings settings = test::turned_settings();
  settings.room_floor = ByteCount{40'000'000};
  auto store = *Store::open(disk, settings);
  EXPECT_TRUE(store->has_room(ByteCount{1'000'000}).has_value());
  auto refused = store->has_room(ByteCount{11'000'000});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
}

class PosixDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/danewerk-store-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = root_ + "/store";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  Result<std::unique_ptr<Store>> open() {
    StoreSettings settings;
    settings.room_floor = ByteCount{0};
    return Store::open(std::make_shared<PosixDisk>(directory_), settings);
  }
  std::string root_;
  std::string directory_;
};

mode_t mode_of(const std::filesystem::path& path) {
  struct stat facts{};
  return stat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777 : 0;
}

Task<Result<types::QueueId>> large_one(QueueStore& queue, std::uint64_t seed) {
  return accept_message(queue, message_to(1), octets_of(seed, 300'000));
}

Task<> work_with_threads(QueueStore& queue, std::vector<types::QueueId>& accepted) {
  std::vector<Task<Result<types::QueueId>>> tasks;
  for (std::uint64_t i = 0; i < 16; ++i) tasks.push_back(large_one(queue, i));
  for (int i = 0; i < 64; ++i) tasks.push_back(accept_message(queue, message_to(1), "small"));
  auto results = co_await together(std::move(tasks));
  for (auto& result : results) {
    EXPECT_TRUE(result.has_value());
    if (result) accepted.push_back(*result);
  }
  auto body = co_await test::whole_body(queue, accepted.at(5));
  EXPECT_TRUE(body.has_value() && body->ends_with(octets_of(5, 300'000)));
  auto due = co_await queue.claim_due(start_of_time, 1000);
  EXPECT_TRUE(due.has_value());
  for (auto& group : *due) {
    Recording recording{group.id, group.hop, start_of_time, {}, {}, {}};
    recording.results.push_back({0, types::RecipientState::delivered, {}, {2, 0, 0}, "", "", ""});
    if (group.id == accepted.at(5)) continue;
    auto recorded = co_await queue.record(std::move(recording));
    EXPECT_TRUE(recorded.has_value());
  }
}

TEST_F(PosixDiskTest, threads_files_and_permissions) {
  std::vector<types::QueueId> accepted;
  {
    auto store = open();
    ASSERT_TRUE(store.has_value()) << store.error().what;
    QueueStore queue(**store);
    run_to_end(work_with_threads(queue, accepted));
    EXPECT_LT((*store)->writer().commits(), 170U);
  }
  EXPECT_EQ(mode_of(directory_), 0700U);
  std::size_t bodies = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
    EXPECT_EQ(mode_of(entry.path()), entry.is_directory() ? 0700U : 0600U) << entry.path();
    bodies += entry.is_regular_file() && entry.path().parent_path().parent_path().filename() == "spool" ? 1U : 0U;
  }
  EXPECT_EQ(bodies, 1U);
}

TEST_F(PosixDiskTest, a_second_process_is_refused_by_name) {
  auto first = open();
  ASSERT_TRUE(first.has_value());
  auto second = open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_NE(second.error().what.find("process " + std::to_string(getpid())), std::string::npos) << second.error().what;
  first->reset();
  EXPECT_TRUE(open().has_value());
}

TEST_F(PosixDiskTest, opening_sweeps_orphans_and_reports_lost_bodies) {
  types::QueueId id = types::QueueId::from_number(1);
  {
    auto store = open();
    QueueStore queue(**store);
    std::optional<Result<types::QueueId>> result;
    run_to_end(test::keep_result(large_one(queue, 1), result));
    id = **result;
  }
  const PosixDisk disk(directory_);
  const auto orphan = types::QueueId::from_number(id.number() + 64).to_string();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ + "/spool")) {
    if (entry.path().filename() != id.to_string()) continue;
    std::filesystem::rename(entry.path(), entry.path().parent_path() / orphan);
    std::ofstream(entry.path().parent_path() / "README") << "not ours";
    break;
  }
  auto store = open();
  EXPECT_EQ((*store)->swept().orphans_removed, 1U);
  EXPECT_EQ((*store)->swept().bodies_missing, std::vector<types::QueueId>{id});
  QueueStore queue(**store);
  std::optional<Result<std::string>> body;
  run_to_end(test::keep_result(test::whole_body(queue, id), body));
  EXPECT_EQ(body->error().kind, ErrorKind::corrupt);
  std::size_t strangers = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ + "/spool")) {
    strangers += entry.path().filename() == "README" ? 1U : 0U;
  }
  EXPECT_EQ(strangers, 1U) << "what is not ours stays";
}

}  // namespace
}  // namespace danewerk::io
