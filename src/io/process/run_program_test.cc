// A program that is waited for: its words, its end, and that neither a hang nor a grandchild holds us up.
#include "io/process/run_program.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace danewerk::io {
namespace {

using How = ProgramEnd::How;

ChildSpec shell(const std::string& script) {
  ChildSpec spec;
  spec.name = "shell";
  spec.argv = {"/bin/sh", "-c", script};
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}

TEST(RunProgram, brings_back_exit_code_and_output) {
  const auto end = run_program(shell("echo one; echo two >&2; exit 3"), std::chrono::minutes(5), ByteCount{4096}, -1);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, How::exited);
  EXPECT_EQ(end->code, 3);
  EXPECT_EQ(end->output, "one\ntwo\n");
}

TEST(RunProgram, keeps_the_beginning_and_the_end_of_much_output) {
  const auto end = run_program(shell("echo first; yes | head -c 3000000; echo last"), std::chrono::minutes(5), ByteCount{1000}, -1);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 0);
  EXPECT_LT(end->output.size(), 1100U);
  EXPECT_TRUE(end->output.starts_with("first\n")) << end->output;
  EXPECT_TRUE(end->output.ends_with("last\n")) << end->output;
}

TEST(RunProgram, kills_at_the_deadline_whatever_it_said) {
  const auto end = run_program(shell("echo waiting; exec sleep 1000"), std::chrono::milliseconds(300), ByteCount{4096}, -1);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, How::deadline);
}

TEST(RunProgram, does_not_wait_for_a_grandchild_that_keeps_the_output) {
  const auto end = run_program(shell("sleep 1000 & echo $!; exit 0"), std::chrono::minutes(5), ByteCount{4096}, -1);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, How::exited);
  kill(std::stoi(end->output), SIGKILL);
}

TEST(RunProgram, stops_when_told_and_says_what_cannot_run) {
  const int stop = eventfd(1, EFD_CLOEXEC);
  const auto end = run_program(shell("exec sleep 1000"), std::chrono::minutes(5), ByteCount{4096}, stop);
  close(stop);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, How::stopped);
  ChildSpec none;
  none.name = "acme";
  none.argv = {"/nowhere/uacme"};
  EXPECT_EQ(run_program(none, std::chrono::seconds(1), ByteCount{10}, -1).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace danewerk::io
