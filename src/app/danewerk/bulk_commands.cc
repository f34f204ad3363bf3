#include "app/danewerk/bulk_commands.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "app/danewerk/bulk_progress.h"
#include "app/danewerk/bulk_rows.h"
#include "app/danewerk/bulk_verbs.h"
#include "app/danewerk/exit_codes.h"

namespace danewerk::app {
namespace {

struct ImportOptions {
  std::string file = "-", tenant, route, failures, why;
  bool verified = false, dnssec = false, dane = false, dry_run = false, update = false;
  std::uint32_t batch = 2000;
  double rate = 0;
};

/// A failed row as it came, with why: a file that can be mended and imported again. A row that could not be read stands there as
/// one field.
class Failures {
 public:
  Failures(const std::string& path, bool wanted) : wanted_(wanted) {
    if (wanted) out_.open(path, std::ios::trunc);
  }
  bool usable() {
    if (wanted_) out_.flush();
    return !wanted_ || out_.good();
  }
  void add(const BulkRow& row, const std::string& why) {
    const std::string domain = row.text.empty() ? text(row.row, "domain") : row.text;
    if (first_.size() < shown) first_.push_back("line " + std::to_string(row.line) + ": " + domain + ": " + why);
    if (!wanted_) return;
    if (!begun_) out_ << "domain,tenant,route,verified,dnssec,dane,fault\n";
    begun_ = true;
    out_ << csv_field(domain) << ',';
    for (const char* column : {"tenant", "route", "verified", "dnssec", "dane"}) out_ << csv_field(text(row.row, column)) << ',';
    out_ << csv_field(why) << '\n';
  }
  const std::vector<std::string>& first() const { return first_; }

 private:
  static constexpr std::size_t shown = 10;
  static std::string text(const Json& row, const char* column) {
    if (!row.contains(column)) return {};
    const Json& value = row[column];
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    return value.is_string() ? value.get<std::string>() : value.dump();
  }
  std::ofstream out_;
  bool wanted_;
  bool begun_ = false;
  std::vector<std::string> first_;
};

/// Sends one batch and counts what became of each row. Error: that of the call: nothing of the batch is known to be done.
Result<void> send_batch(const DomainAsking& asking, const ImportOptions& options, std::vector<BulkRow>& batch, BulkTally& tally, Failures& failures) {
  Json rows = Json::array();
  std::vector<const BulkRow*> sent;
  for (const BulkRow& row : batch) {
    ++tally.rows;
    if (row.fault.empty()) {
      sent.push_back(&row);
      rows.push_back(row.row);
    } else {
      ++tally.failed;
      failures.add(row, row.fault);
    }
  }
  Json arguments = object({{"rows", std::move(rows)}, {"dry_run", options.dry_run}, {"update", options.update}, {"why", options.why}});
  TRY(const Json answer, asking.call("domain.import", std::move(arguments)));
  tally.added += answer.value("added", std::uint64_t{0});
  tally.changed += answer.value("changed", std::uint64_t{0});
  tally.unchanged += answer.value("unchanged", std::uint64_t{0});
  for (const Json& failed : answer["failed"]) {
    ++tally.failed;
    const auto at = failed.value("row", sent.size());
    const BulkRow nobody{0, object({{"domain", failed.value("domain", "")}}), {}, {}};
    failures.add(at < sent.size() ? *sent[at] : nobody, failed.value("what", ""));
  }
  batch.clear();
  return {};
}

void report(const DomainAsking& asking, const ImportOptions& options, const BulkTally& tally, const Failures& failures, double seconds) {
  if (asking.json) {
    Json json = object({{"rows", tally.rows}, {"added", tally.added}, {"changed", tally.changed}, {"unchanged", tally.unchanged}, {"failed", tally.failed},
                        {"seconds", seconds}, {"dry_run", options.dry_run}});
    std::cout << json.dump(2) << "\n";
    return;
  }
  for (const std::string& line : failures.first()) std::cerr << line << "\n";
  if (tally.failed > failures.first().size()) std::cerr << "and " << with_commas(tally.failed - failures.first().size()) << " more\n";
  std::cout << (options.dry_run ? "would be added " : "added ") << with_commas(tally.added) << ", changed " << with_commas(tally.changed) << ", unchanged "
            << with_commas(tally.unchanged) << ", failed " << with_commas(tally.failed) << "; " << with_commas(tally.rows) << " rows in "
            << with_commas(static_cast<std::uint64_t>(seconds + 0.5)) << " s\n";
  if (tally.failed > 0 && !options.failures.empty()) std::cout << "the failed rows are in " << options.failures << "\n";
}

Json defaults_of(const ImportOptions& options) {
  Json out = Json::object();
  if (!options.tenant.empty()) put(out, {"tenant", options.tenant});
  if (!options.route.empty()) put(out, {"route", options.route});
  if (options.verified) put(out, {"verified", true});
  if (options.dnssec) put(out, {"dnssec", true});
  if (options.dane) put(out, {"dane", true});
  return out;
}

int import_rows(const DomainAsking& asking, const ImportOptions& options, std::istream& in, std::uint64_t octets) {
  Failures failures(options.failures, !options.failures.empty());
  if (!failures.usable()) return say_why("cannot write " + options.failures, bad_usage);
  BulkRows rows(in, defaults_of(options));
  BulkProgress progress(octets);
  BulkTally tally;
  std::vector<BulkRow> batch;
  std::size_t octets_in_batch = 0;
  bool more = true;
  std::uint64_t last_line = 0;
  while (more) {
    auto row = rows.next();
    more = row.has_value();
    if (row) {
      octets_in_batch += row->row.dump().size() + 1;
      batch.push_back(*std::move(row));
    }
    const bool full = batch.size() >= options.batch || octets_in_batch > longest_request / 2;
    if (batch.empty() || (more && !full)) continue;
    octets_in_batch = 0;
    const std::uint64_t line = batch.back().line;
    const auto sent = send_batch(asking, options, batch, tally, failures);
    if (!sent) {
      progress.end();
      report(asking, options, tally, failures, progress.seconds());
      return say_why(sent.error().what + "; all up to line " + std::to_string(last_line) + " is done: run the same command again to go on", could_not);
    }
    last_line = line;
    const auto at = in.tellg();
    progress.show(tally, at < 0 ? octets : static_cast<std::uint64_t>(at));
    if (options.rate > 0) {
      const double early = static_cast<double>(tally.rows) / options.rate - progress.seconds();
      if (early > 0) std::this_thread::sleep_for(std::chrono::duration<double>(early));
    }
  }
  progress.end();
  report(asking, options, tally, failures, progress.seconds());
  if (!failures.usable()) return say_why("could not write all of " + options.failures, could_not);
  return tally.failed > 0 ? could_not : done;
}

int import_file(const DomainAsking& asking, const ImportOptions& options) {
  if (options.file == "-") return import_rows(asking, options, std::cin, 0);
  std::ifstream in(options.file, std::ios::binary);
  if (!in) return say_why("cannot read " + options.file, bad_usage);
  std::error_code ignored;
  if (std::filesystem::equivalent(options.file, options.failures, ignored)) {
    return say_why("--failures names the file that is read; name another", bad_usage);
  }
  const auto octets = std::filesystem::file_size(options.file, ignored);
  return import_rows(asking, options, in, ignored ? 0 : octets);
}

}  // namespace

void add_bulk_commands(CLI::App& domain, const DomainAsking& asking) {
  static ImportOptions options;
  auto* import = domain.add_subcommand("import", "add a file of domains, CSV or one JSON object a line; may be run again after any interruption");
  import->add_option("file", options.file, "the file; - is standard input")->required();
  import->add_option("--tenant", options.tenant, "whose they are, where a row does not say");
  import->add_option("--route", options.route, "where their mail goes, where a row does not say");
  import->add_flag("--verified", options.verified, "their control counts as proven, where a row does not say");
  import->add_flag("--dnssec", options.dnssec, "switch DNSSEC on, where a row does not say");
  import->add_flag("--dane", options.dane, "switch DNSSEC and DANE on, where a row does not say");
  import->add_flag("--update", options.update, "give domains that are here already the route of their row");
  import->add_flag("--dry-run", options.dry_run, "say what would become of each row; change nothing");
  import->add_option("--failures", options.failures, "write the rows that failed, with the reason, to this CSV file: mend it and import it");
  import->add_option("--rate", options.rate, "at most so many rows a second");
  import->add_option("--batch", options.batch, "rows in one commit")->check(CLI::Range(1U, 5000U))->capture_default_str();
  import->add_option("--why", options.why, "for the ledger");
  import->add_flag("--json", asking.json, "print JSON");
  add_bulk_verbs(domain, asking);
  import->callback([&asking] { asking.exit_code = import_file(asking, options); });
}

}  // namespace danewerk::app
