#!/usr/bin/python3
"""A queue of 50,000 messages of one tenant costs another's mail little: the same rates as on an empty queue, within wide bounds.

    queue_bench_test.py QUEUE_BENCH

The figures of a million, and bounds as narrow as they are worth, are in bench/README.md: on a machine that others use too, a test
can only tell "the same" from "by the length of the queue". CPU is compared, which the neighbours disturb least.
"""
import json
import subprocess
import sys
import tempfile

QUEUED = 50_000


def main():
    with tempfile.TemporaryDirectory(prefix="danewerk-queue-bench-") as directory:
        done = subprocess.run([sys.argv[1], directory, str(QUEUED), "3200"], capture_output=True, text=True, timeout=280)
    print(done.stdout, done.stderr)
    if done.returncode != 0:
        return 1
    figures = json.loads(done.stdout)
    empty, full = figures["empty"], figures["full"]
    faults = []
    if full["cpu_us_per_message"] > 1.6 * empty["cpu_us_per_message"]:
        faults.append("a message costs more CPU because others wait")
    if full["messages_per_second"] < empty["messages_per_second"] / 3:
        faults.append("messages are slower because others wait")
    if figures["rss_mib_after"] - figures["rss_mib_before"] > 60:
        faults.append("memory goes with the number of messages")
    if figures["held"] != QUEUED:
        faults.append(f"hold changed {figures['held']} of {QUEUED}")
    for fault in faults:
        print("FAILED:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
