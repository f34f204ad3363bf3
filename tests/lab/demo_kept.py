"""The demo as a person uses it: run it, leave it running, talk to it as it says, and remove it.

    /usr/bin/python3 -m tests.lab.demo_kept --run build/lab-demo      (as root, from the project's root)

The lines that `./demo --keep` prints are run as they stand; afterwards `--clean` must leave no process, no namespace and no file.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

from lab.net import Net

MODULE = ["/usr/bin/python3", "-m", "lab.demo", "--run"]


def printed_commands(account: str) -> list[str]:
    return [line.strip() for line in account.splitlines() if line.strip().startswith("lab/sh ")]


def left_behind(run_dir: Path) -> list[str]:
    net = Net(run_dir)
    return [f"process {pid}" for pid in net.processes()] + net.namespaces() + ([str(run_dir)] if run_dir.exists() else [])


def faults(run_dir: Path) -> list[str]:
    kept = subprocess.run([*MODULE, str(run_dir), "--keep"], stdout=subprocess.PIPE, text=True, check=False)
    print(kept.stdout, flush=True)
    if kept.returncode != 0:
        return [f"the demo ended with {kept.returncode}"]
    found = [] if "Done: every step held." in kept.stdout else ["the account does not end with success"]
    commands = printed_commands(kept.stdout)
    if not commands:
        found.append("nothing is said of how to talk to it")
    for command in commands:
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
        print(f"$ {command}\n{done.stdout}{done.stderr}", flush=True)
        if done.returncode != 0 or not done.stdout.strip():
            found.append(f"`{command}` ended with {done.returncode}")
        if command.endswith(" status") and not all(word in done.stdout for word in ("zone mx.hoster.example", "must hold: ", "serving, TLSA 3 1 1", "next: ")):
            found.append("status does not say in words how the zone stands")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("build/lab-demo"), help="directory for everything the lab writes")
    run_dir = parser.parse_args().run
    if run_dir.is_absolute():
        run_dir = Path(os.path.relpath(run_dir))
    found = faults(run_dir)
    if found:
        for log in sorted(run_dir.glob("hosts/danewerk/*.log")):
            print(f"-- {log}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]))
    if subprocess.run([*MODULE, str(run_dir), "--clean"], check=False).returncode != 0:
        found.append("--clean failed")
    found += [f"--clean left {thing}" for thing in left_behind(run_dir)]
    print("\n".join(found) or "\nthe demo ran, was talked to, and is gone")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
