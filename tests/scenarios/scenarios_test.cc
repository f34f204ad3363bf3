// Runs every scenario of the text files beside this source. A difference is printed as the lines a corrected file would
// hold, so that a deliberate change of behaviour can be read, judged, and only then written down.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/policy/explain.h"
#include "engine/policy/plan.h"
#include "scenario.h"
#include "world.h"

namespace danewerk::scenarios {
namespace {

std::vector<Scenario> load_all() {
  std::vector<Scenario> out;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SCENARIO_DIR)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    auto parsed = parse_scenarios(text.str(), path.filename().string());
    if (!parsed) {
      ADD_FAILURE() << parsed.error().what;
      continue;
    }
    for (Scenario& scenario : *parsed) out.push_back(std::move(scenario));
  }
  return out;
}

bool line_matches(const std::string& expected, const std::string& actual) {
  if (!expected.ends_with("...")) return expected == actual;
  return actual.starts_with(expected.substr(0, expected.size() - 3));
}

bool lines_match(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  if (expected.size() != actual.size()) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!line_matches(expected[i], actual[i])) return false;
  }
  return true;
}

std::string as_directives(const std::string& key, const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += key + ": " + line + "\n";
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

void run(const Scenario& scenario) {
  SCOPED_TRACE(scenario.file + ": " + scenario.title + " [" + scenario.rule + "]");
  EXPECT_FALSE(scenario.rule.empty()) << "a scenario names the rule it holds";
  EXPECT_FALSE(scenario.plan.empty()) << "a scenario expects a plan";
  const Gathered gathered = gather(scenario.world, scenario.rules, scenario.demands.dane);
  std::vector<std::string> asked;
  for (const auto& round : gathered.rounds) asked.push_back(to_string(round));
  EXPECT_FALSE(gathered.unanswerable) << "asked what the world does not hold: " << gathered.unanswerable->to_string();
  EXPECT_FALSE(gathered.endless);
  EXPECT_TRUE(lines_match(scenario.asked, asked)) << "actual:\n" << as_directives("asked", asked);

  const types::DeliveryPlan plan =
      policy::plan(gathered.facts, scenario.demands, scenario.rules, world_time(), scenario.seed);
  const std::vector<std::string> actual = lines_of(to_string(plan));
  EXPECT_TRUE(lines_match(scenario.plan, actual)) << "actual:\n" << as_directives("plan", actual);

  const std::string explained = policy::to_text(policy::explain(gathered.facts, plan, scenario.rules));
  for (const std::string& text : scenario.explained) {
    EXPECT_NE(explained.find(text), std::string::npos) << "not explained: " << text << "\nin:\n" << explained;
  }
}

TEST(Scenarios, every_file) {
  const std::vector<Scenario> all = load_all();
  ASSERT_GE(all.size(), 60U) << "the scenario files were not found";
  for (const Scenario& scenario : all) run(scenario);
}

TEST(Scenarios, a_malformed_file_says_where) {
  EXPECT_EQ(parse_scenarios("=== t\nnonsense", "f").error().what, "f:2: a line reads 'directive: value'");
  EXPECT_EQ(parse_scenarios("=== t\ncolour: red", "f").error().what, "f:2: directive 'colour' is unknown");
  EXPECT_EQ(parse_scenarios("dns: a A secure 1.2.3.4", "f").error().what,
            "f:1: a directive before the first '=== title'");
}

}  // namespace
}  // namespace danewerk::scenarios
