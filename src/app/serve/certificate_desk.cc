#include "app/serve/certificate_desk.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "app/serve/serve.h"
#include "io/runtime/blocking.h"
#include "io/runtime/stopping.h"
#include "service/certificates/staged.h"

namespace danewerk::app {
namespace {

constexpr std::string_view challenge_path = "/.well-known/acme-challenge/";
constexpr std::size_t longest_challenge = 4096;

/// Bridges: the certificate service and the publisher do not know each other.
class AcmeSource final : public service::CertificateSource {
 public:
  explicit AcmeSource(service::AcmeIssuer& issuer) : issuer_(issuer) {}
  std::string name() const override { return "acme"; }
  io::Task<Result<types::CertificateAnswer>> obtain(types::CertificateOrder order) override { return issuer_.obtain(std::move(order)); }

 private:
  service::AcmeIssuer& issuer_;
};

class StagedSource final : public service::CertificateSource {
 public:
  StagedSource(io::CertificateStore& store, const io::Clock& clock) : store_(store), clock_(clock) {}
  std::string name() const override { return "files"; }
  io::Task<Result<types::CertificateAnswer>> obtain(types::CertificateOrder order) override {
    return service::staged_for(store_, std::move(order), clock_.now());
  }

 private:
  io::CertificateStore& store_;
  const io::Clock& clock_;
};

std::string home_of(const Settings& settings) { return settings.server.state_directory + "/acme"; }
/// Where the operator's own ACME tool may put its challenges (its "webroot").
std::string webroot_of(const Settings& settings) { return settings.server.state_directory + "/webroot"; }

Result<std::string> external_account(const std::string& path) {
  if (path.empty()) return std::string{};
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.find(':') == std::string::npos) {
    return fail(ErrorKind::unavailable, "acme.external_account_file " + path + ": expected one line KEYID:KEY, readable by the mail user");
  }
  return line;
}

/// Of the process before this one: an order it was in the middle of must not be taken for one that runs.
io::Task<> end_cut_off(io::CertificateStore& store, Instant now, Result<void>& result) { result = co_await store.end_cut_off(now); }

io::Task<> listen_there(io::HttpServer& server, const std::vector<types::Endpoint>& at, Result<void>& result) {
  result = server.listen(at);
  co_return;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string_view::npos;
}

std::optional<std::string> file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(longest_challenge, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

Result<void> listen_on(io::Reactor& home, io::HttpServer& server, const std::vector<types::Endpoint>& at) {
  Result<void> listening;
  io::run_on(home.executor(), listen_there(server, at, listening));
  return listening;
}

Result<std::unique_ptr<CertificateDesk>> CertificateDesk::open(DeskParts parts) {
  std::unique_ptr<CertificateDesk> out(new CertificateDesk(std::move(parts)));
  const Settings& settings = out->parts_.settings;
  out->build_challenges();
  if (settings.acme.accept_terms == "yes") TRY_VOID(out->build_acme());
  TRY_VOID(out->listen());
  const CertificatesFrom from = settings.certificates.source;
  if (from == CertificatesFrom::acme) out->source_ = std::make_unique<AcmeSource>(*out->issuer_);
  if (from == CertificatesFrom::files) out->source_ = std::make_unique<StagedSource>(out->store_, out->parts_.clock);
  const std::string source = out->source_ ? out->source_->name() : "self";
  out->operated_ = std::make_unique<CertificateOperated>(CertificateOperated{out->store_, out->parts_.keys, out->parts_.clock, source, out->parts_.names_of,
                                                                             out->parts_.trust, *out->challenges_, out->issuer_.get(),
                                                                             out->parts_.next_key_awaits});
  return out;
}

void CertificateDesk::build_challenges() {
  service::ChallengeParts proofs{store_, parts_.clock, parts_.log};
  if (service::ChallengeRecords* records = parts_.records) {
    proofs.publish_record = [records](types::DomainName name, std::string value) { return records->publish(std::move(name), std::move(value)); };
    proofs.remove_record = [records](types::DomainName name, std::string value) { return records->remove(std::move(name), std::move(value)); };
  }
  challenges_ = std::make_unique<service::Challenges>(std::move(proofs), parts_.settings.zone.name);
}

Result<void> CertificateDesk::build_acme() {
  const Settings& settings = parts_.settings;
  io::AcmeSettings acme;
  acme.program = settings.acme.program;
  acme.directory = settings.acme.directory;
  acme.contact = settings.acme.contact;
  acme.home = home_of(settings);
  acme.deadline = settings.acme.deadline;
  acme.hook = {own_program(), "--config", settings.read_from, "acme-hook"};
  TRY(acme.external_account, external_account(settings.acme.external_account_file));
  client_ = std::make_unique<io::AcmeClient>(std::move(acme), parts_.clock);
  service::IssuerRules rules;
  for (const types::DomainName& name : settings.acme.caa) rules.ca_names.push_back(name.to_string());
  rules.proves_by_http = !settings.http.listen.empty();
  rules.limits.most_a_week = settings.acme.orders_per_week;
  rules.names_an_hour = settings.acme.names_per_hour;
  rules.limits.first_wait = settings.acme.first_retry;
  rules.limits.longest_order = settings.acme.deadline + std::chrono::minutes(5);
  rules.spread = static_cast<double>(std::hash<types::DomainName>{}(settings.edge.hostname) % 1000) / 1000;
  rules.check_names = std::min<Duration>(rules.check_names, settings.acme.first_retry);
  const auto order = [this](std::string label, std::string request) { return client_->order(std::move(label), std::move(request)); };
  const auto alert = [this](const std::string& subject, const std::optional<std::string>& fault) { parts_.alerts.set(subject, fault); };
  Result<void> ended;
  io::run_on(parts_.home.executor(), end_cut_off(store_, parts_.clock.now(), ended));
  if (!ended) return ended;
  issuer_ = std::make_unique<service::AcmeIssuer>(
      service::IssuerParts{store_, *challenges_, parts_.resolver, parts_.clock, parts_.log, parts_.home.executor(), order, alert}, std::move(rules));
  parts_.home.post([this] { issuer_->group().spawn("names", issuer_->keep_names()); });
  return {};
}

Result<void> CertificateDesk::listen() {
  const std::vector<types::Endpoint>& at = parts_.settings.http.listen;
  if (at.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(webroot_of(parts_.settings) + std::string(challenge_path), error);
  if (error) return fail(ErrorKind::denied, "cannot prepare " + webroot_of(parts_.settings) + ": " + error.message());
  const auto handler = [this](io::HttpCall call) { return answer(std::move(call)); };
  http_ = std::make_unique<io::HttpServer>(parts_.home.executor(), handler, nullptr, io::HttpServer::Limits{});
  return listen_on(parts_.home, *http_, at);
}

/// RFC 8555 8.3: what an order of ours put there, else what the operator's own tool did; nothing else is served.
io::Task<io::HttpReply> CertificateDesk::answer(io::HttpCall call) {
  io::HttpReply reply;
  reply.body = "not found\n";
  if (!call.target.starts_with(challenge_path)) co_return reply;
  const std::string token = call.target.substr(challenge_path.size());
  if (!is_token(token)) co_return reply;
  std::optional<std::string> found = challenges_->answer(token);
  if (!found) {
    const std::string path = webroot_of(parts_.settings) + std::string(challenge_path) + token;
    std::function<std::optional<std::string>(std::size_t)> read = [path](std::size_t) { return file_text(path); };
    found = co_await parts_.store.files().run<std::optional<std::string>>(std::move(read));
  }
  if (!found) co_return reply;
  reply.status = 200;
  reply.type = "application/octet-stream";
  reply.body = *found;
  co_return reply;
}

void CertificateDesk::stop() {
  if (client_) client_->stop();
  if (http_) io::ending_of(http_->group(), io::Cancel::yes).wait();
  if (issuer_) io::ending_of(issuer_->group(), io::Cancel::yes).wait();
}

}  // namespace danewerk::app
