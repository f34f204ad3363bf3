// danewerk: the program. This file only looks at the first word.
#include <cstdio>
#include <string_view>

#include "app/cli/tlsa_command.h"
#include "app/danewerk/commands.h"

int main(int argc, char** argv) {
  // `tlsa` works on files alone and has exit codes of its own.
  if (argc > 1 && std::string_view(argv[1]) == "tlsa") return danewerk::cli::run_tlsa(argc - 1, argv + 1);
  return danewerk::app::run_command(argc, argv);
}
