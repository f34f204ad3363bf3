#include "app/danewerk/bulk_verbs.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include "app/danewerk/bulk_progress.h"
#include "app/danewerk/bulk_rows.h"

namespace danewerk::app {
namespace {

constexpr int done = 0, could_not = 1, bad_usage = 2;

struct VerbOptions {
  std::string verb, file, failures, results, why;
  bool dry_run = false;
  std::uint32_t at_once = 8;
  double rate = 0;
};

/// What the threads share: the rows still to come, and what became of the others.
class Work {
 public:
  Work(const BulkAsking& asking, const VerbOptions& options, std::istream& in, std::uint64_t octets)
      : asking_(asking), options_(options), in_(in), rows_(in, Json::object()), progress_(octets), octets_(octets) {
    if (!options.failures.empty()) failures_.open(options.failures, std::ios::trunc);
    if (!options.results.empty()) results_.open(options.results, std::ios::trunc);
  }
  bool usable() const { return failures_.good() && results_.good(); }

  void run() {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < options_.at_once; ++i) threads.emplace_back([this] { loop(); });
    threads.clear();
    progress_.end();
  }
  const BulkTally& tally() const { return tally_; }
  const std::vector<std::string>& first_faults() const { return first_; }
  const std::string& ended_by() const { return ended_by_; }
  double seconds() const { return progress_.seconds(); }

 private:
  std::optional<BulkRow> take() {
    const std::lock_guard guard(mutex_);
    if (!ended_by_.empty()) return std::nullopt;
    auto row = rows_.next();
    if (!row) return row;
    ++taken_;
    const auto at = in_.tellg();
    progress_.show(tally_, at < 0 ? octets_ : static_cast<std::uint64_t>(at));
    return row;
  }
  void loop() {
    while (auto row = take()) {
      if (options_.rate > 0) {
        const double early = static_cast<double>(taken_) / options_.rate - progress_.seconds();
        if (early > 0) std::this_thread::sleep_for(std::chrono::duration<double>(early));
      }
      const std::string domain = row->row.contains("domain") && row->row["domain"].is_string() ? row->row["domain"].get<std::string>() : "";
      if (!row->fault.empty()) {
        note(*row, domain, fail(ErrorKind::malformed, row->fault));
        continue;
      }
      note(*row, domain, asking_.call("domain." + options_.verb, {{"domain", domain}, {"dry_run", options_.dry_run}, {"why", options_.why}}));
    }
  }
  void note(const BulkRow& row, const std::string& domain, const Result<Json>& answer) {
    const std::lock_guard guard(mutex_);
    ++tally_.rows;
    if (answer) {
      ++tally_.changed;
      if (results_.is_open()) results_ << answer->dump() << '\n';
      return;
    }
    if (answer.error().kind == ErrorKind::unavailable && answer.error().what.find("control.sock") != std::string::npos) ended_by_ = answer.error().what;
    ++tally_.failed;
    if (first_.size() < 10) first_.push_back("line " + std::to_string(row.line) + ": " + domain + ": " + answer.error().what);
    if (!failures_.is_open()) return;
    if (tally_.failed == 1) failures_ << "domain,fault\n";
    failures_ << csv_field(domain) << ',' << csv_field(answer.error().what) << '\n';
  }

  const BulkAsking& asking_;
  const VerbOptions& options_;
  std::istream& in_;
  std::mutex mutex_;
  BulkRows rows_;
  BulkProgress progress_;
  std::uint64_t octets_;
  std::uint64_t taken_ = 0;
  BulkTally tally_;
  std::vector<std::string> first_;
  std::string ended_by_;  // the program cannot be reached: no use going on
  std::ofstream failures_, results_;
};

int run_verb(const BulkAsking& asking, const VerbOptions& options) {
  std::ifstream file;
  std::error_code unknown;
  std::uint64_t octets = 0;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file) {
      std::cerr << "danewerk: cannot read " << options.file << "\n";
      return bad_usage;
    }
    octets = std::filesystem::file_size(options.file, unknown);
  }
  Work work(asking, options, options.file == "-" ? std::cin : file, unknown ? 0 : octets);
  if (!work.usable()) {
    std::cerr << "danewerk: cannot write " << options.failures << " or " << options.results << "\n";
    return bad_usage;
  }
  work.run();
  const BulkTally& tally = work.tally();
  if (asking.wants_json()) {
    const Json json{{"domains", tally.rows}, {"done", tally.changed}, {"failed", tally.failed}, {"seconds", work.seconds()}, {"dry_run", options.dry_run}};
    std::cout << json.dump(2) << "\n";
  } else {
    for (const std::string& line : work.first_faults()) std::cerr << line << "\n";
    std::cout << options.verb << ": " << with_commas(tally.changed) << " done, " << with_commas(tally.failed) << " failed, in "
              << with_commas(static_cast<std::uint64_t>(work.seconds() + 0.5)) << " s\n";
  }
  if (!work.ended_by().empty()) std::cerr << "danewerk: " << work.ended_by() << "; run the same command again to go on\n";
  return tally.failed > 0 ? could_not : done;
}

}  // namespace

void add_bulk_verbs(CLI::App& domain, int& exit_code, BulkAsking asking) {
  static VerbOptions options;
  auto* bulk = domain.add_subcommand("bulk", "a command for every domain of a file: status, verify, enable-dnssec, enable-dane, migrate, ...");
  bulk->add_option("verb", options.verb, "what to do with each")
      ->required()
      ->check(CLI::IsMember({"status", "verify", "enable-dnssec", "enable-dane", "disable-dane", "disable-dnssec", "migrate"}));
  bulk->add_option("file", options.file, "a list of domains, CSV with a column 'domain', or JSON lines; - is standard input")->required();
  bulk->add_flag("--dry-run", options.dry_run, "say what would change; change nothing");
  bulk->add_option("--failures", options.failures, "write the domains that failed, with the reason, to this CSV file");
  bulk->add_option("--results", options.results, "write each answer to this file, a line of JSON for each domain");
  bulk->add_option("--at-once", options.at_once, "domains worked on at the same time")->check(CLI::Range(1U, 64U))->capture_default_str();
  bulk->add_option("--rate", options.rate, "at most so many domains a second");
  bulk->add_option("--why", options.why, "for the ledger");
  asking.add_json(bulk);
  bulk->callback([&exit_code, asking] { exit_code = run_verb(asking, options); });
}

}  // namespace danewerk::app
