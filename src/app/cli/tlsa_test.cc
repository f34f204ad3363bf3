#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/cli/tlsa_command.h"
#include "io/tls/certificate_forge.h"

namespace danewerk::cli {
namespace {

using Json = nlohmann::json;
namespace forge = danewerk::tls::forge;
using forge::Forgery;
using forge::Identity;

const Instant now = forge::instant("2026-06-01T00:00:00Z");

struct Ran {
  int exit = -1;
  std::string out;
  std::string err;
  Json json() const { return Json::parse(out, nullptr, false); }
};

Ran run(const std::vector<std::string>& arguments, const std::string& input = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int exit = run_tlsa(arguments, {in, out, err}, now);
  return {exit, out.str(), err.str()};
}

Forgery host(const std::string& name) {
  Forgery forgery{name};
  forgery.dns_names = {name};
  return forgery;
}

class Tlsa : public testing::Test {
 private:
  std::vector<std::string> files_;  // before `chain`, whose making adds to it

 protected:
  Identity ca = forge::forge(forge::authority("Test CA"), forge::ec_key("ca"));
  Identity leaf = forge::forge(host("mx.example.com"), forge::ec_key("leaf"), &ca);
  std::string chain_text = forge::pem(leaf) + forge::pem(ca);
  std::string chain = file("chain.pem", chain_text);

  ~Tlsa() override {
    for (const std::string& path : files_) std::remove(path.c_str());
  }
  std::string file(const std::string& name, std::string_view content) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string path = testing::TempDir() + "danewerk_" + test->name() + "_" + name;
    std::ofstream(path, std::ios::binary) << content;
    files_.push_back(path);
    return path;
  }
  static std::string record(const Identity& identity, int usage, int selector, int matching) {
    return tls::record_for(identity.info(), types::TlsaUsage(usage), types::TlsaSelector(selector), types::TlsaMatching(matching))
        .to_string();
  }
  Ran verify(const std::vector<std::string>& records, std::vector<std::string> more = {"--base-domain", "mx.example.com"}) {
    std::vector<std::string> arguments{"verify", "--chain", chain};
    for (const std::string& one : records) arguments.insert(arguments.end(), {"--tlsa", one});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(Tlsa, matched_is_0_and_names_record_and_depth) {
  const Ran ee = verify({record(ca, 3, 1, 1), record(leaf, 3, 1, 1)});
  EXPECT_EQ(ee.exit, 0) << ee.err;
  EXPECT_NE(ee.out.find("MATCHED: DANE-EE(3) SPKI(1) SHA2-256(1) matches at depth 0"), std::string::npos) << ee.out;
  EXPECT_NE(ee.out.find(record(leaf, 3, 1, 1)), std::string::npos);
  const Ran ta = verify({record(ca, 2, 0, 1)}, {"--base-domain", "MX.example.com.", "--json"});
  EXPECT_EQ(ta.exit, 0) << ta.err;
  EXPECT_EQ(ta.json()["depth"], 1);
  EXPECT_EQ(ta.json()["record"], record(ca, 2, 0, 1));
  EXPECT_EQ(ta.json()["matched_name"], "mx.example.com");
  EXPECT_EQ(ta.json()["chain"].size(), 2U);
}

TEST_F(Tlsa, names_and_time_count_under_dane_ta) {
  EXPECT_EQ(verify({record(ca, 2, 0, 1)}, {"--base-domain", "mx2.example.com"}).exit, 1);
  EXPECT_EQ(verify({record(ca, 2, 0, 1)}, {"--base-domain", "mx2.example.com", "--name", "mx.example.com"}).exit, 0);
  EXPECT_EQ(verify({record(ca, 2, 0, 1)}, {"--name", "mx.example.com", "--base-domain", "mx2.example.com", "--name", "x.test"}).exit, 0);
  const Ran late = verify({record(ca, 2, 0, 1)}, {"--base-domain", "mx.example.com", "--at", "2027-06-01T00:00:00Z", "--json"});
  EXPECT_EQ(late.exit, 1);
  EXPECT_EQ(late.json()["failure"], "certificate-expired");
  EXPECT_EQ(late.json()["failure_reason_code"], "X509_V_ERR_CERT_HAS_EXPIRED");
  EXPECT_EQ(verify({record(leaf, 3, 1, 1)}, {"--base-domain", "x.test", "--at", "2099-06-01T00:00:00+02:00"}).exit, 0);
}

TEST_F(Tlsa, not_matched_is_1_and_says_what_was_presented) {
  const Ran run = verify({"3 1 1 " + std::string(64, '0')});
  EXPECT_EQ(run.exit, 1);
  EXPECT_NE(run.out.find("NOT MATCHED: tlsa-invalid"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(record(leaf, 3, 1, 1)), std::string::npos) << run.out;
}

TEST_F(Tlsa, readable_but_useless_records_are_unusable_2) {  // TL-12, TL-11 (b)
  const std::string digest(64, 'a');
  for (const std::string& useless : {std::string("3 1 1"), "3 1 1 " + digest.substr(2), "1 1 1 " + digest, "0 0 1 " + digest,
                                     "3 2 1 " + digest, "3 1 9 " + digest, std::string("3 0 0 abcd"), std::string("PKIX-EE SPKI SHA2-256 00")}) {
    const Ran one = verify({useless}, {"--base-domain", "mx.example.com", "--json"});
    EXPECT_EQ(one.exit, 2) << useless;
    EXPECT_EQ(one.json()["result"], "all-unusable") << useless;
    EXPECT_EQ(verify({useless, record(leaf, 3, 1, 1)}).exit, 0) << useless;
    EXPECT_EQ(verify({useless, "3 1 2 " + digest + digest}).exit, 1) << useless;
  }
}

TEST_F(Tlsa, bad_input_is_3_and_says_what) {
  const std::string good = record(leaf, 3, 1, 1);
  struct Row {
    Ran run;
    const char* says;
  };
  const Row rows[] = {
      {verify({}), "no TLSA record"},
      {verify({good, "3 1"}), "record 2"},
      {verify({"3 1 1 xyz"}), "hexadecimal"},
      {verify({"256 1 1 00"}), "certificate usage"},
      {verify({""}), "record 1"},
      {verify({good}, {"--base-domain", "a b"}), "base domain"},
      {verify({good}, {"--base-domain", "."}), "root"},
      {verify({good}, {"--base-domain", "b\xc3\xbc" "cher.example"}), "A-labels"},
      {verify({good}, {"--base-domain", "mx.example.com", "--name", "-..-"}), "name:"},
      {verify({good}, {"--base-domain", "mx.example.com", "--at", "yesterday"}), "RFC 3339"},
      {verify({good}, {}), "--base-domain"},
      {verify({good}, {"--base-domain", "mx.example.com", "--nonsense"}), "--nonsense"},
      {run({"verify", "--chain", "/nonexistent", "--tlsa", good, "--base-domain", "a.b"}), "cannot read '/nonexistent'"},
      {run({"verify", "--chain", testing::TempDir(), "--tlsa", good, "--base-domain", "a.b"}), "cannot read"},
      {run({"verify", "--chain", file("bad.pem", chain_text.substr(0, 900)), "--tlsa", good, "--base-domain", "a.b"}), "no END line"},
      {run({"verify", "--chain", file("empty.pem", ""), "--tlsa", good, "--base-domain", "a.b"}), "empty"},
      {run({"verify", "--tlsa", good, "--base-domain", "a.b"}), "--chain"},
      {run({"verify", "--batch", "--tlsa", good}), "--batch"},
      {run({}), "subcommand"},
      {run({"frobnicate"}), ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.run.exit, 3) << row.says;
    EXPECT_NE(row.run.err.find(row.says), std::string::npos) << row.says << " not in: " << row.run.err;
    EXPECT_EQ(row.run.out, "");
  }
  const Ran json = verify({"3 1"}, {"--base-domain", "mx.example.com", "--json"});
  EXPECT_EQ(json.exit, 3);
  EXPECT_EQ(json.json()["exit"], 3);
}

// A first certificate that is passed over would make the second the server's own.
TEST_F(Tlsa, no_certificate_of_a_file_is_passed_over) {
  const auto judge = [this](const std::string& text) {
    return run({"verify", "--chain", file("odd.pem", text), "--tlsa", "3 1 1 " + std::string(64, '0'), "--base-domain", "mx.example.com", "--json"});
  };
  const std::string whole = judge(chain_text).json()["chain"].dump();
  EXPECT_EQ(judge("\xef\xbb\xbf" + chain_text).json()["chain"].dump(), whole) << "a byte order mark";
  const Ran inside = judge("Certificate: " + chain_text);
  EXPECT_EQ(inside.exit, 3);
  EXPECT_NE(inside.out.find("line 1: a PEM block begins in the middle of a line"), std::string::npos) << inside.out;
  std::string joined = forge::pem(leaf);
  joined.pop_back();  // `cat` of files without a line break at their end
  const Ran one_line = judge(joined + forge::pem(ca));
  EXPECT_EQ(one_line.exit, 3);
  EXPECT_NE(one_line.out.find("a line break is missing"), std::string::npos) << one_line.out;
}

TEST_F(Tlsa, chain_from_standard_input_and_der) {
  const std::string good = record(leaf, 3, 1, 1);
  EXPECT_EQ(run({"verify", "--chain", "-", "--tlsa", good, "--base-domain", "a.b"}, chain_text).exit, 0);
  EXPECT_EQ(run({"verify", "--chain", "-", "--tlsa", good, "--base-domain", "a.b"}, std::string(as_text(leaf.der()))).exit, 0);
}

TEST_F(Tlsa, batch_answers_every_line) {
  const Json good{{"id", "a"}, {"chain", chain_text}, {"tlsa", {record(leaf, 3, 1, 1)}}, {"base_domain", "mx.example.com"}};
  const auto with = [&good](const char* field, const Json& value) {
    Json changed = good;
    changed[field] = value;
    return changed.dump();
  };
  std::string deep = R"({"id":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  const std::vector<std::pair<std::string, int>> lines{
      {good.dump(), 0},
      {with("tlsa", {"3 1 1 " + std::string(64, '0')}), 1},
      {with("tlsa", {"1 1 1 00"}), 2},
      {with("tlsa", Json::array()), 3},
      {with("tlsa", "3 1 1 00"), 3},
      {with("tlsa", {1, 2}), 3},
      {with("tlsa", {"3 1 1 zz"}), 3},
      {with("chain", "no certificate"), 3},
      {with("chain", nullptr), 3},
      {with("base_domain", 5), 3},
      {with("names", {"a b"}), 3},
      {with("names", nullptr), 0},
      {with("at", "soon"), 3},
      {with("at", "2027-06-01T00:00:00Z"), 0},
      {with("id", 7), 0},
      {"{", 3},
      {"[]", 3},
      {"\xff\xfe", 3},
      {std::string("\0", 1), 3},
      {deep, 3},
      {good.dump() + "\r", 0},
  };
  std::string input = "\n";
  for (const auto& [line, exit] : lines) input += line + "\n\n";
  input.pop_back();
  input.pop_back();  // the last line has no end
  const Ran batch = run({"verify", "--batch"}, input);
  EXPECT_EQ(batch.exit, 0);
  std::istringstream out(batch.out);
  for (const auto& [line, exit] : lines) {
    std::string text;
    ASSERT_TRUE(std::getline(out, text));
    const Json answer = Json::parse(text, nullptr, false);
    EXPECT_EQ(answer["exit"], exit) << line.substr(0, 100) << " -> " << text;
    EXPECT_TRUE(answer.contains("id") && answer.contains("depth") && answer.contains("record") && answer.contains("reason")) << text;
    EXPECT_EQ(answer["depth"].is_null(), exit != 0) << text;
    EXPECT_EQ(answer["record"].is_null(), exit != 0) << text;
    EXPECT_FALSE(answer["reason"].get<std::string>().empty());
  }
  EXPECT_EQ(out.peek(), EOF);
}

TEST_F(Tlsa, what_generate_makes_verify_matches) {
  const std::string key = file("key.der", as_text(forge::private_key_der(leaf.key)));
  EXPECT_EQ(run({"generate", chain}).out, record(leaf, 3, 1, 1) + "\n");
  EXPECT_EQ(run({"generate", key}).out, record(leaf, 3, 1, 1) + "\n");
  EXPECT_EQ(run({"generate", "--key", key, "--matching", "2"}).out, record(leaf, 3, 1, 2) + "\n");
  EXPECT_EQ(run({"generate", "--cert", chain, "--usage", "DANE-TA", "--selector", "0"}).out, record(ca, 2, 0, 1) + "\n");
  EXPECT_EQ(run({"generate", chain, "--position", "2", "--matching", "0"}).out, record(ca, 3, 1, 0) + "\n");
  for (const char* usage : {"2", "3"}) {
    for (const char* selector : {"0", "1"}) {
      for (const char* matching : {"0", "1", "2"}) {
        Ran made = run({"generate", chain, "--usage", usage, "--selector", selector, "--matching", matching});
        ASSERT_EQ(made.exit, 0) << made.err;
        made.out.pop_back();
        EXPECT_EQ(verify({made.out}).exit, 0) << made.out;
      }
    }
  }
  const Ran pkix = run({"generate", chain, "--usage", "1"});
  EXPECT_EQ(pkix.exit, 0);
  EXPECT_NE(pkix.err.find("warning"), std::string::npos);
}

TEST_F(Tlsa, generate_prints_zone_lines) {
  const Ran run_ = run({"generate", chain, "--name", "MX.example.com.", "--name", "mx2.example.com"});
  EXPECT_EQ(run_.out, "_25._tcp.mx.example.com. IN TLSA " + record(leaf, 3, 1, 1) + "\n_25._tcp.mx2.example.com. IN TLSA " +
                          record(leaf, 3, 1, 1) + "\n");
  const Ran json = run({"generate", chain, "--name", "mx.example.com", "--port", "587", "--json"});
  EXPECT_EQ(json.json()["zone"][0], "_587._tcp.mx.example.com. IN TLSA " + record(leaf, 3, 1, 1));
  EXPECT_EQ(json.json()["record"], record(leaf, 3, 1, 1));
}

TEST_F(Tlsa, generate_refuses_with_the_reason) {
  const std::string key = file("key.der", as_text(forge::private_key_der(leaf.key)));
  const std::string only_leaf = file("leaf.pem", forge::pem(leaf));
  std::string longest = "a";
  while (longest.size() < 250) longest += ".a";
  struct Row {
    std::vector<std::string> arguments;
    const char* says;
  };
  const Row rows[] = {
      {{"generate", only_leaf, "--usage", "2"}, "no CA"},
      {{"generate", chain, "--usage", "2", "--position", "1"}, "no CA"},
      {{"generate", chain, "--position", "3"}, "holds 2 certificates"},
      {{"generate", chain, "--position", "0"}, "holds 2 certificates"},
      {{"generate", key, "--selector", "0"}, "only a key"},
      {{"generate", chain, "--usage", "4"}, "usage"},
      {{"generate", chain, "--selector", "2"}, "selector"},
      {{"generate", chain, "--matching", "3"}, "matching type"},
      {{"generate", chain, "--matching", "x"}, "matching type"},
      {{"generate", chain, "--name", "a b"}, "not a domain name"},
      {{"generate", chain, "--name", longest}, "longer than 253"},
      {{"generate", chain, "--name", "."}, "root"},
      {{"generate", chain, "--port", "70000"}, "port"},
      {{"generate", file("junk", "junk")}, "neither a certificate"},
      {{"generate", "--key", file("chain2.pem", forge::pem(leaf))}, "holds no key"},
      {{"generate", "/nonexistent"}, "cannot read"},
      {{"generate"}, "needs a certificate or key file"},
  };
  for (const Row& row : rows) {
    const Ran refused = run(row.arguments);
    EXPECT_EQ(refused.exit, 3) << row.says;
    EXPECT_NE(refused.err.find(row.says), std::string::npos) << row.says << " not in: " << refused.err;
    EXPECT_EQ(refused.out, "");
  }
}

TEST_F(Tlsa, help_is_0) {
  EXPECT_EQ(run({"--help"}).exit, 0);
  const Ran help = run({"verify", "--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_NE(help.out.find("Exit codes"), std::string::npos);
  EXPECT_EQ(run({"generate", "--help"}).exit, 0);
}

}  // namespace
}  // namespace danewerk::cli
