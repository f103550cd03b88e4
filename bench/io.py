#!/usr/bin/env python3
"""How often a program leaves the enclave: host calls and exits of programs that work with files of a host directory.
Usage: bench/io.py BUILD. Counts, the same at every run, but for the readiness of streams."""

import json
import os
import subprocess
import sys
import tempfile

MIB = 1 << 20
FILES = 10000
READ_MIB = 1024


def run(build, directory, module, *args, stdin=None):
    """(counters, text) of one run with `directory` as /data."""
    command = [f"{build}/retwine", "run", "-q", "--stats=json", "--dir", f"{directory}::/data", module, *args]
    done = subprocess.run(command, stdin=stdin or subprocess.DEVNULL, capture_output=True, text=True)
    lines = done.stderr.strip().splitlines()
    if done.returncode != 0 or not lines:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(lines[-1]), done.stdout.strip()


def show(what, stats, unit=None, units=0):
    calls = stats["host_calls"]
    most = sorted(calls.items(), key=lambda item: -item[1])[:5]
    exits = stats["enters"] + stats["resumes"]
    each = f"{exits / units:8.3f} a {unit}" if unit else ""
    print(f"{what:44} {sum(calls.values()):9} {exits:9} {stats['bytes_in'] / MIB:9.1f} {stats['bytes_out'] / MIB:9.1f}"
          f"  {each:22} {', '.join(f'{name} {count}' for name, count in most)}")


def main(build):
    guest, shell = f"{build}/bench/io.wasm", f"{build}/examples/sqlite3.wasm"
    print("== host calls, files in a host directory, 4 KiB at a time")
    print(f"{'':44} {'calls':>9} {'exits':>9} {'MiB in':>9} {'MiB out':>9}")
    with tempfile.TemporaryDirectory() as directory:
        with open("examples/sqlite/create.sql", encoding="utf-8") as sql:
            stats, _ = run(build, directory, shell, "-batch", "/data/shop.db", stdin=sql)
        show("SQLite, a table of 100,000 rows", stats)
        os.mkdir(f"{directory}/tree")
        stats, _ = run(build, directory, guest, "make", "/data/tree")
        show(f"make {FILES} files in 100 directories", stats, "file", FILES)
        stats, text = run(build, directory, guest, "walk", "/data/tree")
        if text != f"{FILES} files, {FILES * 4096} bytes":
            sys.exit(f"the walk saw {text}")
        show("walk over them: readdir, stat, open, read", stats, "file", FILES)
        stats, _ = run(build, directory, guest, "write", "/data/large", str(READ_MIB))
        show("write 1 GiB", stats, "64 KiB", READ_MIB * 16)
        stats, text = run(build, directory, guest, "read", "/data/large")
        if text != f"1 files, {READ_MIB * MIB} bytes":
            sys.exit(f"the read saw {text}")
        show("read 1 GiB", stats, "64 KiB", READ_MIB * 16)
    print("target: sequential, at most one exit a 64 KiB")


if __name__ == "__main__":
    main(sys.argv[1])
