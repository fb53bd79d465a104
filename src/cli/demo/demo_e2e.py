#!/usr/bin/env python3
"""Runs the whole demo as it is, with a rule of the protocol broken, or interrupted.

Usage: demo_e2e.py <strata> none|interrupt|terminate|<rule>
"""

import json
import os
import signal
import subprocess
import sys
import tempfile

SIGNALS = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM}
READS = 12000  # Enough for the check to see; the full demo's 50,000 are for people.


def run(program, rule, folder):
    command = [program, "demo", "--json", "--reads", str(READS)]
    if rule != "none" and rule not in SIGNALS:
        command += ["--break", rule]
    print(" ".join(command))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, TMPDIR=folder))
    if rule in SIGNALS:
        wait_for_file(process, folder)
        process.send_signal(SIGNALS[rule])
    output, messages = process.communicate(timeout=110)
    print(messages, end="")
    print(output)
    return process.returncode, output


def wait_for_file(process, folder):
    """Returns when the demo has begun to write its files."""
    while process.poll() is None:
        if any(files for _, _, files in os.walk(folder)):
            return


def check_working(code, figures):
    """Yields what is wrong with a run of the protocol as it is."""
    if figures["problems"] or code != 0:
        yield f"exit code {code}, problems {figures['problems']}"
    if figures["stale_reads"] != 0:
        yield f"{figures['stale_reads']} stale reads"
    if figures["checked_reads"] < READS:
        yield f"only {figures['checked_reads']} reads were checked"
    if figures["burst"]["origin_calls"] != 1:
        yield f"{figures['burst']['origin_calls']} origin calls in the burst"
    if figures["outage"]["failed_reads"] != 0:
        yield f"{figures['outage']['failed_reads']} reads failed in the outage"
    traffic = figures["traffic"]
    if traffic["invalidations"]["by_source"] != 2:
        yield "no source was invalidated"
    if traffic["invalidations"]["during_a_load"] < 10:
        yield "hardly a change was aimed at a running load"
    if min(tier["hits"] for tier in traffic["tiers"]) == 0:
        yield "a tier never answered"


def check_broken(code, figures, rule):
    """Yields what is wrong with a run of a protocol that is broken: that nobody noticed."""
    if figures["mutant"] != rule:
        yield f"the broken rule is {figures['mutant']}"
    if code != 1:
        yield f"exit code {code}"
    if figures["stale_reads"] == 0:
        yield "the broken protocol went unnoticed"
    elif not figures["stories"]:
        yield "no story tells of the stale reads"


def check(rule, code, output):
    if rule in SIGNALS:
        if code != 130 or output:
            yield f"exit code {code} and {len(output)} bytes of output after an interrupt"
    elif rule == "none":
        yield from check_working(code, json.loads(output))
    else:
        yield from check_broken(code, json.loads(output), rule)


def main():
    program, rule = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        problems = list(check(rule, *run(program, rule, folder)))
        if os.listdir(folder):
            problems.append(f"left behind: {os.listdir(folder)}")
    for problem in problems:
        print("demo:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
