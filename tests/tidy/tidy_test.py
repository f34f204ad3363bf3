#!/usr/bin/python3
"""tidy.py must catch what it claims to: each case plants one fault in a tiny tree."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tidy  # noqa: E402


def faults(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [what for _, _, what in tidy.all_faults(root)]


HEADER = "// Prose.\n#pragma once\n"


class Tidy(unittest.TestCase):
    def assert_fault(self, files, words):
        found = faults(files)
        self.assertTrue(any(words in what for what in found), found)

    def test_a_clean_tree_is_clean(self):
        self.assertEqual(faults({"src/types/a.h": HEADER + '#include "base/b.h"\n'}), [])

    def test_rings(self):
        self.assert_fault({"src/types/a.h": HEADER + '#include "engine/dane/x.h"\n'}, "ring types includes ring engine")
        self.assert_fault({"src/io/net/a.h": HEADER + '#include "engine/dane/x.h"\n'}, "ring io includes ring engine")
        self.assert_fault({"src/service/edge/a.h": HEADER + '#include "service/queue/x.h"\n'}, "services do not include")

    def test_third_party_headers_stay_home(self):
        self.assert_fault({"src/io/net/a.cc": "#include <openssl/ssl.h>\n"}, "only io/tls")
        self.assert_fault({"src/service/edge/a.cc": "#include <boost/asio/post.hpp>\n"}, "only io")
        self.assert_fault({"src/app/a.cc": "#include <sqlite3.h>\n"}, "only io/store")

    def test_engines_are_pure(self):
        self.assert_fault({"src/engine/dane/a.cc": "#include <mutex>\n"}, "pure")
        self.assert_fault({"src/engine/dane/a.cc": "auto t = std::chrono::system_clock::now();\n"}, "now()")
        self.assertEqual(faults({"src/engine/dane/a.cc": "// the clock's now() is an argument\n"}), [])

    def test_the_compiler_trap(self):
        self.assert_fault({"src/io/net/a.cc": "auto x = co_await ask({name, type});\n"}, "name it first")
        self.assert_fault({"src/io/net/a.cc": "co_await ask(a, Question{name});\n"}, "name it first")
        self.assert_fault({"src/io/net/a.cc": "co_await ask(name ? *name : none);\n"}, "name it first")
        self.assertEqual(faults({"src/io/net/a.cc": "auto x = co_await ask(question);\n"}), [])

    def test_sizes_and_names(self):
        self.assert_fault({"src/base/a.cc": "int x;\n" * 901}, "901 lines")
        self.assert_fault({"src/base/a.cc": "void f() {\n" + "  g();\n" * 70 + "}\n"}, "a function of 72 lines")
        self.assert_fault({"src/base/utils.cc": "int x;\n"}, "names a bag")
        self.assert_fault({"src/base/a.h": "#pragma once\n"}, "opens with prose")

    def test_the_lab_shares_no_decision(self):
        self.assert_fault({"src/base/a.cc": "int x;\n", "lab/x.py": "import 'src/engine'\n"}, "the lab uses an engine")


if __name__ == "__main__":
    unittest.main()
