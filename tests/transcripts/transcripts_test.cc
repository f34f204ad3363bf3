// One test for each file and piece size. DANEWERK_SHOW_TRANSCRIPT=<file> prints the log of a play instead of judging it:
// the way to write a new transcript, which is then read line by line before it is believed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "transcript.h"

namespace danewerk::transcripts {
namespace {

std::string play(const std::string& path, std::size_t piece) {
  const auto lines = read_transcript(path);
  return path.find("/server/") != std::string::npos ? play_server(lines, piece) : play_client(lines, piece);
}

class Transcript : public testing::Test {
 public:
  Transcript(std::string path, std::size_t piece) : path_(std::move(path)), piece_(piece) {}
  void TestBody() override { EXPECT_EQ(expected(read_transcript(path_)), play(path_, piece_)) << path_ << " in pieces of " << piece_; }

 private:
  std::string path_;
  std::size_t piece_;
};

int register_side(const std::string& side) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(DANEWERK_SOURCE_DIR) + "/tests/transcripts/" + side)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    for (std::size_t piece : {1, 2, 7, 65536}) {
      const std::string name = file.stem().string() + "/" + std::to_string(piece);
      testing::RegisterTest(side.c_str(), name.c_str(), nullptr, nullptr, file.c_str(), 1,
                            [=]() -> testing::Test* { return new Transcript(file.string(), piece); });
    }
  }
  return static_cast<int>(files.size());
}

}  // namespace
}  // namespace danewerk::transcripts

int main(int argc, char** argv) {
  using namespace danewerk::transcripts;
  if (const char* path = std::getenv("DANEWERK_SHOW_TRANSCRIPT")) {
    std::fputs(play(path, 65536).c_str(), stdout);
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  const int server = register_side("server");
  const int client = register_side("client");
  if (server == 0 || client == 0) return std::fputs("no transcripts found\n", stderr), 1;
  return RUN_ALL_TESTS();
}
