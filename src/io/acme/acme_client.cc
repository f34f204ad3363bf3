#include "io/acme/acme_client.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "io/process/run_program.h"
#include "io/store/workers.h"

namespace danewerk::io {
namespace {

constexpr ByteCount most_output{64 * 1024};
constexpr std::size_t longest_chain = 256 * 1024;

/// For /bin/sh.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Result<void> write_file(const std::string& path, const std::string& text, mode_t mode) {
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file || ::chmod(fresh.c_str(), mode) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return fail(ErrorKind::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }
  return {};
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() <= longest_chain ? text : std::string{};
}

AcmeFailure ours(const Error& error) { return {error.what, std::nullopt}; }

}  // namespace

struct AcmeClient::State {
  AcmeSettings settings;
  const Clock& clock;
  int stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<Workers> worker = std::make_unique<Workers>(1, "acme");  // one thread: one order at a time

  Result<void> prepare() const;
  Result<void, AcmeFailure> run(std::vector<std::string> arguments) const;
  Result<std::string, AcmeFailure> order(const std::string& label, const std::string& request) const;
};

AcmeClient::AcmeClient(AcmeSettings settings, const Clock& clock) : state_(new State{std::move(settings), clock}) {}

AcmeClient::~AcmeClient() {
  stop();
  state_->worker.reset();
  ::close(state_->stop_event);
}

void AcmeClient::stop() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(state_->stop_event, &one, sizeof one));
}

Result<void> AcmeClient::State::prepare() const {
  std::error_code error;
  std::filesystem::create_directories(settings.home + "/orders", error);
  if (error) return fail(ErrorKind::denied, "cannot prepare " + settings.home + ": " + error.message());
  if (::chmod(settings.home.c_str(), 0700) != 0) return fail(ErrorKind::denied, "cannot protect " + settings.home + ": " + std::strerror(errno));
  std::string script = "#!/bin/sh\nexec";
  for (const std::string& word : settings.hook) script += " " + quoted(word);
  return write_file(settings.home + "/hook", script + " \"$@\"\n", 0700);
}

/// The client, to its end; success where it says so.
Result<void, AcmeFailure> AcmeClient::State::run(std::vector<std::string> arguments) const {
  ChildSpec spec;
  spec.name = "acme client";
  spec.argv = {settings.program, "-vvv", "-y", "-c", settings.home, "-a", settings.directory, "-h", settings.home + "/hook"};
  if (!settings.external_account.empty()) spec.argv.insert(spec.argv.end(), {"-e", settings.external_account});
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=" + settings.home};
  const auto end = run_program(std::move(spec), settings.deadline, most_output, stop_event);
  if (!end) return Failure{AcmeFailure{end.error().what + " (acme.program; Debian's package is uacme)", std::nullopt}};
  if (end->how == ProgramEnd::How::exited && end->code == 0) return {};
  if (end->how == ProgramEnd::How::stopped) return Failure{AcmeFailure{"stopped, for danewerk stops", std::nullopt}};
  AcmeFailure failure = read_client_words(end->output, clock.now());
  if (end->how == ProgramEnd::How::deadline) failure.words = "no certificate within " + to_string(settings.deadline) + "; last: " + failure.words;
  return Failure{std::move(failure)};
}

Result<std::string, AcmeFailure> AcmeClient::State::order(const std::string& label, const std::string& request) const {
  const std::string base = settings.home + "/orders/" + label;
  if (const auto ready = prepare(); !ready) return Failure{ours(ready.error())};
  if (const auto written = write_file(base + ".csr", request, 0600); !written) return Failure{ours(written.error())};
  ::unlink((base + "-cert.pem").c_str());  // of an order that a crash cut off
  std::vector<std::string> account{"new"};
  if (!settings.contact.empty()) account.push_back(settings.contact);
  const auto registered = run(std::move(account));  // uacme counts it as a failure where there is one already
  if (!registered && registered.error().words.find("Account already exists") == std::string::npos) return Failure{registered.error()};
  TRY_VOID(run({"-f", "issue", base + ".csr"}));
  std::string chain = read_file(base + "-cert.pem");
  ::unlink((base + ".csr").c_str());
  ::unlink((base + "-cert.pem").c_str());
  if (chain.empty()) return Failure{AcmeFailure{"the ACME client says it has a certificate, and none lies in " + base + "-cert.pem", std::nullopt}};
  return chain;
}

Task<Result<std::string, AcmeFailure>> AcmeClient::order(std::string label, std::string request_pem) {
  using Answer = Result<std::string, AcmeFailure>;
  std::function<Answer(std::size_t)> work = [state = state_.get(), label, request_pem](std::size_t) { return state->order(label, request_pem); };
  co_return co_await state_->worker->run<Answer>(std::move(work));
}

}  // namespace danewerk::io
