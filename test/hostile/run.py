#!/usr/bin/env python3
"""Real runs with a host that lies, seeded: SQLite and programs that work with files, in the enclave.

Usage: test/hostile/run.py [--short] [--seed=N] BUILD
Allowed is the right result, an errno that the program reports, or a clean stop with a message. What the host may
decide (contents of its directories, times, whether it goes on) is not compared: a run on a host directory is held
against the right output only where all lies are outside the rules, and so must have come out as errors; in
memory and on a trusted volume always.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LIMIT = 60  # seconds for one run


def secret():
    """What test/hostile/guests/trusted.c keeps."""
    x, out = 0x2545F491, []
    for _ in range(32):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        out.append(x >> 11 & 255)
    return bytes(out).hex()


class Case:
    def __init__(self, name, kind, options, module, args, stdin=b"", compare=False):
        self.name, self.kind, self.options, self.module = name, kind, options, module
        self.args, self.stdin, self.compare = args, stdin, compare
        self.expected = None


def cases(build):
    sql = pathlib.Path("examples/sqlite/create.sql").read_text().replace("100000", "300")
    sql = (sql + pathlib.Path("examples/sqlite/query.sql").read_text()).encode()
    sqlite, files = f"{build}/examples/sqlite3.wasm", f"{build}/guests/files.wasm"
    memory, host = ["--tmp", "/data"], ["--dir", "{dir}::/data"]
    both = host + ["--tmp", "/memory"]
    volume = ["--volume", "{dir}/v.img::/data,create,cache=1M"]
    shop = ["-batch", "/data/shop.db"]
    return [
        Case("sqlite in memory", "any-", memory + ["--env", "HOME=/data"], sqlite, shop, sql, True),
        Case("sqlite on the host", "forbidden-", host + ["--env", "HOME=/data"], sqlite, shop, sql, True),
        Case("sqlite, all lies", "any", host + ["--env", "HOME=/data"], sqlite, shop, sql),
        Case("files in memory", "any-", memory, files, ["/data"], b"", True),
        Case("files on the host", "any", host, files, ["/data"]),
        Case("trusted beside host", "any", both, f"{build}/test/hostile_trusted.wasm", ["/data", "/memory"]),
        Case("trusted, native code", "any", both + ["--engine=native"], f"{build}/test/hostile_trusted_native.wasm",
             ["/data", "/memory"]),
        Case("sqlite on a volume", "any-", volume + ["--env", "HOME=/data"], sqlite, shop, sql, True),
        Case("files on a volume", "any", volume, files, ["/data"]),
        Case("volume read and written", "any-", volume, f"{build}/guests/volume_io.wasm", ["write", "/data/f", "3"]),
        Case("threads", "any-", [], f"{build}/guests/threads/queue.wasm", ["2", "2"], b"", True),
    ]


def run(build, case, seed, rate):
    """(status or None for a hang, standard output, standard error, how it ended, counts)"""
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(f"{work}/dir")
        told, ended = pathlib.Path(f"{work}/told"), pathlib.Path(f"{work}/ended")
        env = {**os.environ, "RETWINE_TOLD": str(told), "RETWINE_SECRET": secret(),
               "RETWINE_LIES": f"{seed} {rate} {case.kind}"}
        command = [f"{build}/test/retwine-hostile", "run", "--quiet", "--image", f"{build}/retwine-enclave.elf",
                   "--timeout", "20s", "--status-file", str(ended), *[o.replace("{dir}", f"{work}/dir") for o in case.options],
                   case.module, *case.args]
        try:
            done = subprocess.run(command, input=case.stdin, capture_output=True, timeout=LIMIT, env=env)
        except subprocess.TimeoutExpired:
            return None, b"", "", "", {}
        counts = {}
        for line in told.read_text().splitlines() if told.exists() else []:
            *key, n = line.split()
            counts[tuple(key)] = int(n)
        return (done.returncode, done.stdout, done.stderr.decode(errors="replace"),
                ended.read_text() if ended.exists() else "", counts)


def violation(case, status, out, err, ended):
    """What is not allowed about this end, or None."""
    if status is None:
        return f"ran longer than {LIMIT} s"
    if status < 0:
        return f"the process died of signal {-status}"
    if not re.match(r"(exited|trapped|refused|failed) \d+\n", ended):
        return f"ended in no known way: {status} {ended!r}"
    if "exception" in err + ended or "panic" in err or "invariant" in err or "Sanitizer" in err:
        return f"the enclave crashed: {err.strip()[-300:]}"
    if not ended.startswith("exited") and "retwine: " not in err:
        return "stopped without a message"
    if status == 99:
        return f"the program sees something wrong: {err.strip()[-300:]}"
    if case.compare and ended.startswith("exited 0") and out != case.expected:
        return "ended well with a wrong result"
    return None


def sees(build):
    """Does this see a secret that goes out, and a program's word that something is wrong?"""
    swapped = Case("self-test", "any", ["--dir", "{dir}::/data", "--tmp", "/memory"],
                   f"{build}/test/hostile_trusted.wasm", ["/memory", "/data"])
    leaks = run(build, swapped, 0, 0)[4].get(("leaks",), 0)
    wrong = any(violation(swapped, *run(build, swapped, seed, 30)[:4]) for seed in range(5))
    return leaks > 0 and wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("build")
    o = parser.parse_args()
    todo, told, bad, leaks, runs = [c for c in cases(o.build) if o.only in c.name], collections.Counter(), 0, 0, 0
    for case in todo:
        status, case.expected, err, ended, counts = run(o.build, case, 0, 0)
        if status != 0 or counts.get(("leaks",)) != 0:
            print(f"{case.name}: an honest host gives {status}: {err} {counts}")
            bad += 1
    if not sees(o.build):
        print("VIOLATION: neither leaks nor wrong results would be seen")
        bad += 1
    seeds, rates = o.seeds or (2 if o.short else 25), [3, 30, 300]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case in todo:
            ends = collections.Counter()
            jobs = [(s, r) for s in range(o.seed, o.seed + seeds) for r in rates]
            for (seed, rate), (status, out, err, ended, counts) in zip(
                    jobs, pool.map(lambda j, c=case: run(o.build, c, *j), jobs)):
                why = violation(case, status, out, err, ended)
                if counts.pop(("leaks",), 0):
                    why, leaks = "the enclave handed out the secret", leaks + 1
                told.update(counts)
                runs += 1
                right = case.compare and status == 0
                ends["right" if right else ended.split("\n")[0] or "?"] += 1
                if why:
                    bad += 1
                    print(f"VIOLATION: {case.name}, seed {seed}, rate {rate}: {why}")
            print(f"{case.name:22s} {', '.join(f'{k}: {n}' for k, n in sorted(ends.items()))}", flush=True)
    by_call, by_class = collections.Counter(), collections.Counter()
    for (call, lie), n in told.items():
        by_call[call] += n
        by_class[lie] += n
    print("lies by call:", ", ".join(f"{c} {n}" for c, n in sorted(by_call.items())))
    print("lies by class:", ", ".join(f"{c} {n}" for c, n in sorted(by_class.items())))
    print(f"seeds {o.seed} to {o.seed + seeds - 1}: {runs} runs, {sum(told.values())} lies, {bad} violations, {leaks} leaks")
    print(f"{runs - bad} passed, {bad} failed")
    return 1 if bad or not told else 0


if __name__ == "__main__":
    sys.exit(main())
