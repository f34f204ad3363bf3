// The control protocol: its two ends over a real socket, and what either says to bad input.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <sstream>

#include "app/control/client.h"
#include "app/control/server.h"
#include "io/runtime/reactor.h"
#include "io/runtime/stopping.h"

namespace danewerk::app {
namespace {

TEST(Protocol, a_request_can_be_read_back) {
  const Request request{"queue.list", {{"hop", "b\u00fccher.test \"\n"}}, 12};
  const std::string line = to_line(request);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line, whatever it holds";
  const auto back = parse_request(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->operation, "queue.list");
  EXPECT_EQ(back->arguments, request.arguments);
  EXPECT_EQ(back->body, 12U);
  EXPECT_TRUE(parse_request(R"({"op":"status"})")->arguments.empty());
}

TEST(Protocol, an_answer_can_be_read_back) {
  EXPECT_EQ(*parse_answer(to_line(Result<Json>(Json{{"id", "x"}}))), (Json{{"id", "x"}}));
  for (const ErrorKind kind : {ErrorKind::malformed, ErrorKind::not_found, ErrorKind::conflict, ErrorKind::denied, ErrorKind::limit,
                               ErrorKind::unavailable, ErrorKind::corrupt, ErrorKind::internal, ErrorKind::cancelled}) {
    const auto back = parse_answer(to_line(Result<Json>(fail(kind, "what \"it\" was"))));
    EXPECT_EQ(back.error().kind, kind);
    EXPECT_EQ(back.error().what, "what \"it\" was");
  }
  const auto cut = parse_answer(to_line(Result<Json>(Json{{"text", "not UTF-8: \xff"}})));
  EXPECT_TRUE(cut.has_value()) << "what a peer said cannot make an answer unreadable";
}

TEST(Protocol, bad_requests_are_malformed) {
  for (const char* bad : {"", "hello", "[]", "{}", R"({"op":7})", R"({"op":"x")", R"({"op":"x","args":[]})", R"({"op":"x","args":"y"})",
                          R"({"op":"x","body":-1})", R"({"op":"x","body":"12"})", R"({"op":"x","body":1.5})"}) {
    const auto request = parse_request(bad);
    ASSERT_FALSE(request.has_value()) << bad;
    EXPECT_EQ(request.error().kind, ErrorKind::malformed);
  }
}

TEST(Protocol, bad_answers_are_errors) {
  for (const char* bad : {"", "null", "[]", R"({"result":1})", R"({"ok":false})", R"({"ok":false,"error":"text"})",
                          R"({"ok":false,"error":{"kind":3,"what":[]}})", R"({"ok":"yes"})"}) {
    const auto answer = parse_answer(bad);
    ASSERT_FALSE(answer.has_value()) << bad;
    EXPECT_FALSE(answer.error().what.empty()) << bad;
  }
}

io::Task<Result<Json>> echo(Call& call) {
  std::uint64_t octets = 0;
  std::string last;
  while (true) {
    CO_TRY(std::string_view piece, co_await call.body.next());
    if (piece.empty()) break;
    octets += piece.size();
    last = piece.substr(piece.size() - 1);
  }
  co_return Json{{"args", call.request.arguments}, {"who", call.who}, {"octets", octets}, {"last", last}};
}
io::Task<Result<Json>> refuse(Call&) { co_return fail(ErrorKind::denied, "not for you"); }

class WaitedLog final : public io::Log {
 public:
  void event(const types::LogEvent& kind, types::LogFields) override {
    EXPECT_EQ(kind.id, "control.accept_failed");
    const std::lock_guard guard(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool wait_for_one() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return count_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

class Served {
 public:
  Served() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-control-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    socket = directory_ + "/control.sock";
    operations_["echo"] = echo;
    operations_["refuse"] = refuse;
    server_.emplace(reactor_.executor(), operations_, log);
    const auto opened = server_->open(socket);
    EXPECT_TRUE(opened.has_value());
    reactor_.start();
  }
  ~Served() {
    io::ending_of(server_->group(), io::Cancel::yes).wait();
    reactor_.stop();
    server_.reset();
    std::filesystem::remove_all(directory_);
  }
  /// Sends octets as they are, says that no more will come, and reads to the end.
  std::string raw(const std::string& octets) const {
    const int fd = *io::connect_local(socket);
    for (std::size_t at = 0; at < octets.size();) {
      const ssize_t n = ::send(fd, octets.data() + at, octets.size() - at, MSG_NOSIGNAL);
      if (n <= 0) break;
      at += static_cast<std::size_t>(n);
    }
    ::shutdown(fd, SHUT_WR);
    std::string out(1 << 16, '\0');
    std::size_t got = 0;
    for (ssize_t n = 0; got < out.size() && (n = ::recv(fd, out.data() + got, out.size() - got, 0)) > 0;) got += static_cast<std::size_t>(n);
    ::close(fd);
    out.resize(got);
    return out;
  }
  std::string socket;
  WaitedLog log;

 private:
  std::string directory_;
  Operations operations_;
  io::Reactor reactor_{"control"};
  std::optional<ControlServer> server_;
};

TEST(Control, takes_a_request_with_its_body) {
  Served served;
  const std::string text = std::string(300'000, 'x') + "y";
  std::istringstream body(text);
  const auto answer = call(served.socket, {"echo", {{"a", 1}}, text.size()}, &body);
  ASSERT_TRUE(answer.has_value()) << answer.error().what;
  EXPECT_EQ((*answer)["octets"], 300'001);
  EXPECT_EQ((*answer)["last"], "y");
  EXPECT_EQ((*answer)["args"], (Json{{"a", 1}}));
  EXPECT_FALSE((*answer)["who"].get<std::string>().empty()) << "the kernel says who asks";
}

TEST(Control, octets_behind_the_body_are_not_the_body) {
  Served served;
  const auto answer = parse_answer(served.raw("{\"op\":\"echo\",\"body\":3}\nabcdef"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ((*answer)["octets"], 3);
  EXPECT_EQ((*answer)["last"], "c");
}

TEST(Control, bad_requests_get_an_answer) {
  Served served;
  EXPECT_EQ(parse_answer(served.raw("hello\n")).error().kind, ErrorKind::malformed);
  const auto unknown = parse_answer(served.raw("{\"op\":\"make.coffee\"}\n"));
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
  EXPECT_NE(unknown.error().what.find("'make.coffee'"), std::string::npos) << unknown.error().what;
  const auto cut = parse_answer(served.raw("{\"op\":\"echo\",\"body\":10}\nabc"));
  EXPECT_EQ(cut.error().what, "the message ended before its announced size");
  const auto endless = parse_answer(served.raw("{\"op\":\"" + std::string(longest_request + 100'000, 'x')));
  EXPECT_EQ(endless.error().kind, ErrorKind::limit);
  EXPECT_NE(endless.error().what.find("too long"), std::string::npos) << endless.error().what;
  EXPECT_TRUE(call(served.socket, {"echo", Json::object(), 0}).has_value()) << "and the next one is served";
}

TEST(Control, a_refusal_is_heard_though_its_body_was_not_read) {
  Served served;
  const std::string text(5'000'000, 'x');
  std::istringstream body(text);
  const auto answer = call(served.socket, {"refuse", Json::object(), text.size()}, &body);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::denied);
  EXPECT_EQ(answer.error().what, "not for you");
}

TEST(Control, a_client_that_waits_in_silence_does_not_keep_the_others_out) {
  Served served;
  const int silent = *io::connect_local(served.socket);
  EXPECT_TRUE(call(served.socket, {"echo", Json::object(), 0}).has_value());
  ::close(silent);
}

/// Allows so many more open files in its life, in the whole process.
class FewFiles {
 public:
  explicit FewFiles(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);  // the lowest number that is free
    ::close(next);
    const rlimit few{static_cast<rlim_t>(next) + more, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Control, running_out_of_files_passes) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer opens a pipe to look at memory, and takes its failure for the program's";
#endif
  Served served;
  std::future<Result<Json>> answer;
  {
    const FewFiles one_more(1);  // for the client's end; the server has none for its own
    const std::string socket = served.socket;
    answer = std::async(std::launch::async, [socket] { return call(socket, {"echo", Json::object(), 0}); });
    ASSERT_TRUE(served.log.wait_for_one());
  }
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(30)), std::future_status::ready) << "nobody accepts any more";
  EXPECT_TRUE(answer.get().has_value());
}

TEST(Control, says_what_to_do_where_nobody_serves) {
  const auto answer = call("/nonexistent/danewerk/control.sock", {"status", Json::object(), 0});
  ASSERT_FALSE(answer.has_value());
  EXPECT_NE(answer.error().what.find("/nonexistent/danewerk/control.sock"), std::string::npos) << answer.error().what;
  EXPECT_NE(answer.error().what.find("is `danewerk serve` running with this configuration?"), std::string::npos) << answer.error().what;
  std::string left;
  {
    Served served;
    left = served.socket;
  }
  EXPECT_NE(call(left, {"status", Json::object(), 0}).error().what.find("is `danewerk serve` running"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::app
