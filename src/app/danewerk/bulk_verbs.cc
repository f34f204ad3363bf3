#include "app/danewerk/bulk_verbs.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "app/danewerk/bulk_progress.h"
#include "app/danewerk/bulk_rows.h"
#include "app/danewerk/exit_codes.h"

namespace danewerk::app {
namespace {

struct VerbOptions {
  std::string verb, file, failures, results, why;
  bool dry_run = false, resume = false;
  std::uint32_t at_once = 8;
  double rate = 0;
};

Json result_of(const std::string& domain, const VerbOptions& options, const Json& answer) {
  return object({{"domain", domain}, {"verb", options.verb}, {"dry_run", options.dry_run}, {"answer", answer}});
}

/// The domains that a file of results has an answer to this command for. A last line that was cut off is no answer.
std::unordered_set<std::string> answered_in(const std::string& path, const VerbOptions& options) {
  std::unordered_set<std::string> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const Json json = parse_json(line);
    if (!json.is_object() || text_argument_or(json, "verb", "") != options.verb || json.value("dry_run", Json()) != Json(options.dry_run)) continue;
    out.insert(text_argument_or(json, "domain", ""));
  }
  return out;
}

/// What the threads share: the rows still to come, and what became of the others.
class Work {
 public:
  Work(const DomainAsking& asking, const VerbOptions& options, std::istream& in, std::uint64_t octets)
      : asking_(asking), options_(options), in_(in), rows_(in, Json::object()), progress_(octets), octets_(octets) {
    if (options.resume) answered_ = answered_in(options.results, options);
    if (!options.failures.empty()) failures_.open(options.failures, std::ios::trunc);
    if (!options.results.empty()) results_.open(options.results, options.resume ? std::ios::app : std::ios::trunc);
    if (options.resume) results_ << '\n';  // ends a line that was cut off; empty lines mean nothing
  }
  bool usable() {
    const std::lock_guard guard(mutex_);
    failures_.flush();
    results_.flush();
    return (options_.failures.empty() || failures_.good()) && (options_.results.empty() || results_.good());
  }

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
  struct Taken {
    BulkRow row;
    std::string domain;
    double not_before = 0;  ///< seconds after the beginning
  };
  std::optional<Taken> take() {
    const std::lock_guard guard(mutex_);
    while (ended_by_.empty()) {
      auto row = rows_.next();
      if (!row) return std::nullopt;
      const std::string domain = text_argument_or(row->row, "domain", row->text);
      if (answered_.contains(domain)) {
        ++tally_.rows;
        ++tally_.unchanged;
        continue;
      }
      const auto at = in_.tellg();
      progress_.show(tally_, at < 0 ? octets_ : static_cast<std::uint64_t>(at));
      const double not_before = options_.rate > 0 ? static_cast<double>(taken_++) / options_.rate : 0;
      return Taken{*std::move(row), domain, not_before};
    }
    return std::nullopt;
  }
  void loop() {
    while (const auto taken = take()) {
      const double early = taken->not_before - progress_.seconds();
      if (early > 0) std::this_thread::sleep_for(std::chrono::duration<double>(early));
      Result<Json> answer = fail(ErrorKind::malformed, taken->row.fault);
      if (taken->row.fault.empty()) {
        answer = asking_.call("domain." + options_.verb, object({{"domain", taken->domain}, {"dry_run", options_.dry_run}, {"why", options_.why}}));
      }
      const bool reached = answer || !taken->row.fault.empty() || asking_.call("status", Json::object());
      note(*taken, answer, reached);
    }
  }
  void note(const Taken& taken, const Result<Json>& answer, bool reached) {
    const std::lock_guard guard(mutex_);
    if (!reached) {
      ended_by_ = answer.error().what;  // no use going on; this domain was not answered for
      return;
    }
    ++tally_.rows;
    if (answer) {
      ++tally_.changed;
      if (results_.is_open()) results_ << result_of(taken.domain, options_, *answer).dump() << std::endl;
      return;
    }
    ++tally_.failed;
    if (first_.size() < 10) first_.push_back("line " + std::to_string(taken.row.line) + ": " + taken.domain + ": " + answer.error().what);
    if (!failures_.is_open()) return;
    if (tally_.failed == 1) failures_ << "domain,fault\n";
    failures_ << csv_field(taken.domain) << ',' << csv_field(answer.error().what) << '\n';
  }

  const DomainAsking& asking_;
  const VerbOptions& options_;
  std::istream& in_;
  std::mutex mutex_;
  BulkRows rows_;
  BulkProgress progress_;
  std::uint64_t octets_;
  std::uint64_t taken_ = 0;
  BulkTally tally_;  // changed: done; unchanged: passed over
  std::unordered_set<std::string> answered_;
  std::vector<std::string> first_;
  std::string ended_by_;  // the program cannot be reached
  std::ofstream failures_, results_;
};

void report(const DomainAsking& asking, const VerbOptions& options, const Work& work) {
  const BulkTally& tally = work.tally();
  if (asking.json) {
    const Json json = object({{"domains", tally.rows}, {"done", tally.changed}, {"passed_over", tally.unchanged}, {"failed", tally.failed},
                              {"seconds", work.seconds()}, {"dry_run", options.dry_run}});
    std::cout << json.dump(2) << "\n";
    return;
  }
  for (const std::string& line : work.first_faults()) std::cerr << line << "\n";
  if (tally.failed > work.first_faults().size()) std::cerr << "and " << with_commas(tally.failed - work.first_faults().size()) << " more\n";
  std::cout << options.verb << ": " << with_commas(tally.changed) << " done, ";
  if (tally.unchanged > 0) std::cout << with_commas(tally.unchanged) << " passed over, ";
  std::cout << with_commas(tally.failed) << " failed, in " << with_commas(static_cast<std::uint64_t>(work.seconds() + 0.5)) << " s\n";
}

int run_rows(const DomainAsking& asking, const VerbOptions& options, std::istream& in, std::uint64_t octets) {
  Work work(asking, options, in, octets);
  const std::string cannot_write = "cannot write " + options.failures + (options.failures.empty() || options.results.empty() ? "" : " or ") + options.results;
  if (!work.usable()) return say_why(cannot_write, bad_usage);
  work.run();
  report(asking, options, work);
  if (!work.ended_by().empty()) {
    const char* again = options.results.empty() ? "; run the same command again" : "; run the same command again with --resume";
    return say_why(work.ended_by() + again, could_not);
  }
  if (!work.usable()) return say_why(cannot_write, could_not);
  return work.tally().failed > 0 ? could_not : done;
}

int run_verb(const DomainAsking& asking, const VerbOptions& options) {
  if (options.file == "-") return run_rows(asking, options, std::cin, 0);
  std::error_code ignored;
  for (const std::string& written : {options.failures, options.results}) {
    if (std::filesystem::equivalent(options.file, written, ignored)) return say_why(written + " is the file that is read; name another", bad_usage);
  }
  std::ifstream file(options.file, std::ios::binary);
  if (!file) return say_why("cannot read " + options.file, bad_usage);
  const auto octets = std::filesystem::file_size(options.file, ignored);
  return run_rows(asking, options, file, ignored ? 0 : octets);
}

}  // namespace

void add_bulk_verbs(CLI::App& domain, const DomainAsking& asking) {
  static VerbOptions options;
  auto* bulk = domain.add_subcommand("bulk", "a command for every domain of a file: status, verify, enable-dnssec, enable-dane, migrate, ...");
  bulk->add_option("verb", options.verb, "what to do with each")
      ->required()
      ->check(CLI::IsMember({"status", "verify", "enable-dnssec", "enable-dane", "disable-dane", "disable-dnssec", "migrate", "remove"}));
  bulk->add_option("file", options.file, "a list of domains, CSV with a column 'domain', or JSON lines; - is standard input")->required();
  bulk->add_flag("--dry-run", options.dry_run, "say what would change; change nothing");
  bulk->add_option("--failures", options.failures, "write the domains that failed, with the reason, to this CSV file");
  auto* results = bulk->add_option("--results", options.results, "write each answer to this file, a line of JSON for each domain");
  bulk->add_flag("--resume", options.resume, "go on with a run that was interrupted: pass over the domains the results have an answer for")->needs(results);
  bulk->add_option("--at-once", options.at_once, "domains worked on at the same time")->check(CLI::Range(1U, 64U))->capture_default_str();
  bulk->add_option("--rate", options.rate, "at most so many domains a second");
  bulk->add_option("--why", options.why, "for the ledger");
  bulk->add_flag("--json", asking.json, "print JSON");
  bulk->callback([&asking] { asking.exit_code = run_verb(asking, options); });
}

}  // namespace danewerk::app
