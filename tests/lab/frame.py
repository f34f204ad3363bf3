"""The frame of a lab test: its arguments, its cases, the end of the lab, the exit code.

    def play(test, given) -> None:                      # test: an Account with attributes `world` and `danewerk`, as a Bench is
        test.up(); test.section("Groups"); test.case("one is split", test.split)

    if __name__ == "__main__":
        sys.exit(frame.run(__doc__, lambda given: Groups(given.run, given.program), play))

A case that fails does not end the test. If all held, the lab is removed; if not, it stays as it is, to be looked at (the next run
removes it), and the last lines of what Danewerk said are printed.
"""
import argparse
import subprocess
import sys
import time
import traceback
from pathlib import Path

from lab.danewerk import PROGRAM
from lab.net import LabError


def demand(holds, what: str) -> None:
    if not holds:
        raise LabError(what)


class Account:
    """What held and what did not. `failed`: names of cases; `started`: when."""

    def __init__(self):
        self.failed: list[str] = []
        self.started = time.monotonic()

    def section(self, title: str) -> None:
        print(f"\n{title}  [{time.monotonic() - self.started:.1f} s]", flush=True)

    def case(self, name: str, run, *arguments) -> None:
        """Runs one case; what it returns is shown behind its name."""
        try:
            said = run(*arguments) or ""
            print(f"ok    {name}{': ' + said if said else ''}", flush=True)
        except Exception as error:  # noqa: BLE001: whatever it is, the case failed and the next one runs
            self.failed.append(name)
            print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, LabError):
                traceback.print_exc(file=sys.stdout)

    def note(self, text: str) -> None:
        print(f"note  {text}", flush=True)


def stop_in_good_order(test) -> None:
    """Where it still runs."""
    process = test.danewerk.process
    if process is not None and process.poll() is None:
        test.case("Danewerk stops in good order", lambda: demand(test.danewerk.stop() == 0, "exit code"))


def show_logs(test) -> None:
    """`more_logs()`, where the test has it, names files whose ends tell as much as Danewerk's own log."""
    print("\n".join(test.danewerk.log_lines()[-25:]), flush=True)
    for path in getattr(test, "more_logs", list)():
        print(f"-- {path}\n{path.read_text(errors='replace')[-1500:] if path.exists() else 'is not there'}", flush=True)


def run(description: str, make, play, options=None) -> int:
    """The exit code. `make(given)` makes the test, `play(test, given)` brings up its world and tries all; `options(parser)` adds arguments."""
    default = Path("build") / ("lab-" + Path(sys.argv[0]).stem.replace("_", "-"))
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--run", type=Path, default=default, help="the lab's run directory")
    parser.add_argument("--program", type=Path, default=PROGRAM, help="the program to test")
    parser.add_argument("--keep", action="store_true", help="leave the lab running")
    if options:
        options(parser)
    given = parser.parse_args()
    test = make(given)
    try:
        play(test, given)
        if not given.keep:
            stop_in_good_order(test)
    except (LabError, OSError, subprocess.SubprocessError) as error:
        test.failed.append("the lab")
        print(f"FAIL  the lab: {error}", flush=True)
    took = f"in {time.monotonic() - test.started:.1f} s"
    if test.failed:
        show_logs(test)
        print(f"\n{len(test.failed)} failed {took}: {', '.join(test.failed)}\nlogs: {given.run}/hosts/*/", flush=True)
        return 1
    print(f"\nall held {took}", flush=True)
    if not given.keep:
        test.world.down()
    return 0
