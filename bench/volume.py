#!/usr/bin/env python3
"""
What the trusted volume costs, ratios in one run: all that is compared runs in turn, round after round; medians. Usage:

    bench/volume.py BUILD [--rounds N] [--mib N] [--cache SIZE] [--only io|sqlite|gain] [--directory DIR]...

io: in the first DIR, one file of at least eight times the volume's cache, read and written through WASI from native guest code
(bench/volume_guest.c), against (a) AES-256-GCM and a copy alone (bench/volume_baseline.c) and (b) the same program on a
host directory. The host's page cache is warm: the file has just been written.
sqlite: rows of 1,000 bytes (bench/volume_sqlite.c), against the same SQLite built natively on a plain file.
gain: transactions of several sizes with a rollback journal and with the volume's atomic commit (examples/sqlite_volume).
sqlite and gain in each DIR: by default the build folder, where fsync costs what the disk takes, and /dev/shm, where it is
free and only the processor counts (but a page of a mapping costs several times what it does in a file system with large folios).
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from svg import chart

MIB = 1 << 20
IO_TARGETS = {"read-4k-first": 0.5, "read-4k": 0.5, "read-4k-random": 0.3}
SQLITE_TARGETS = {"insert": 1.5, "read in a row": 1.3, "read at random": 1.3}
SQLITE_SIZES = (1000, 10000, 25000, 50000, 75000, 100000, 125000, 150000, 175000)
SQLITE_PARTS = ("insert", "read in a row", "read at random")


def run(command):
    """(standard output, standard error) as lines."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines(), done.stderr.splitlines()


class Machine:
    """The programs and how they are started."""

    def __init__(self, build, cache):
        self.build, self.cache = build, cache

    def guest(self, mount, module, *args):
        """(lines, the volume's counts if there is one)"""
        out, err = run([f"{self.build}/retwine", "run", "-q", "--stats=json", *mount, f"{self.build}/bench/{module}", *args])
        return out, (json.loads(err[-1]).get("volumes") or [None])[0]

    def on_volume(self, path, module, *args):
        key = f"{path}::/data,create,cache={self.cache}"
        return self.guest(["--volume", key], module, *args)

    def on_directory(self, path, module, *args):
        return self.guest(["--dir", f"{path}::/data"], module, *args)


def cache_bytes(size):
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(size[:-1]) * units[size[-1].upper()] if size[-1].upper() in units else int(size)


# ---- blocks ------------------------------------------------------------------------------------------------


def times(lines):
    """Nanoseconds of one operation, by phase."""
    return {name: int(ns) / int(count) for name, count, _, ns in (line.split() for line in lines)}


def io_rounds(machine, directory, mib, rounds):
    volume, plain = f"{directory}/io.rtw", f"{directory}/plain"
    os.mkdir(plain)
    machine.on_volume(volume, "volume_guest.3.wasm", "make", "/data/file", str(mib))
    machine.on_directory(plain, "volume_guest.3.wasm", "make", "/data/file", str(mib))
    series = {"baseline": [], "volume": [], "directory": []}
    for _ in range(rounds):
        series["baseline"].append(times(run([f"{machine.build}/bench/volume_baseline", str(mib)])[0]))
        lines, usage = machine.on_volume(volume, "volume_guest.3.wasm", "measure", "/data/file")
        series["volume"].append(times(lines))
        series["directory"].append(times(machine.on_directory(plain, "volume_guest.3.wasm", "measure", "/data/file")[0]))
    return {name: {phase: statistics.median(r[phase] for r in results) for phase in results[0]}
            for name, results in series.items()}, usage


def bench_io(machine, directory, mib, rounds):
    cache = cache_bytes(machine.cache)
    if mib * MIB < 8 * cache:
        sys.exit("the file must be at least eight times the cache")
    print(f"== the volume, a file of {mib} MiB, a cache of {machine.cache}; medians of {rounds} rounds, ns an operation")
    medians, usage = io_rounds(machine, directory, mib, rounds)
    base, volume, plain = medians["baseline"], medians["volume"], medians["directory"]
    print(f"{'':18}{'GCM + copy':>12}{'of a hot one':>14}{'volume':>12}{'directory':>12}{'(a)/volume':>12}{'(b)/volume':>12}")
    for phase, ns in volume.items():
        hot = base.get(f"{phase}-hot")
        target = IO_TARGETS.get(phase)
        ratio = base[phase] / ns
        verdict = f"   target >= {target} {'met' if ratio >= target else 'MISSED'}" if target else ""
        print(f"{phase:18}{base[phase]:12.0f}{f'{hot:.0f}' if hot else '':>14}{ns:12.0f}{plain[phase]:12.0f}"
              f"{ratio:12.2f}{plain[phase] / ns:12.2f}{verdict}", flush=True)
    print("(a): AES-256-GCM and one copy alone, over as many blocks as the file has: the target is against that column;\n"
          "(b): the same program on a host directory. Writes end with fsync. -first: each page of the host's mapping is touched\n"
          "for the first time, which costs a page fault of the host for every few; in the phases below they are there.")
    if usage:
        asked = usage["cache_hits"] + usage["cache_misses"]
        print(f"cache: {usage['cache_hits'] / asked * 100:.1f} % of {asked} blocks asked for; "
              f"{usage['blocks_written']} blocks written, {usage['commits']} commits, "
              f"the volume's file {usage['blocks'] * 4096 / MIB:.0f} MiB")
    print()


# ---- SQLite ------------------------------------------------------------------------------------------------


class Database:
    """One way to keep a database: runs the program and gives rows {size: {part: ns a row}}."""

    def __init__(self, machine, directory, kind, name, vfs, journal, synchronous):
        self.machine, self.directory, self.kind, self.name = machine, directory, kind, name
        self.args = [vfs, journal, synchronous]

    def run(self, transaction, sizes):
        tail = self.args + [str(transaction)] + [str(size) for size in sizes]
        path = f"{self.directory}/db"
        for name in os.listdir(self.directory):
            os.remove(f"{self.directory}/{name}")
        if self.kind == "native":
            return run([f"{self.machine.build}/bench/volume_sqlite", path] + tail)[0]
        if self.kind == "native memory":
            return run([f"{self.machine.build}/bench/volume_sqlite", ":memory:"] + tail)[0]
        if self.kind == "guest memory":
            return self.machine.guest([], "volume_sqlite.3.wasm", ":memory:", *tail)[0]
        return self.machine.on_volume(path, "volume_sqlite.3.wasm", "/data/db", *tail)[0]


def rows_of(lines):
    rows = {}
    for line in lines:
        size, *words = (int(word) for word in line.split())
        rows[size] = {part: words[i * 2 + 1] / words[i * 2] for i, part in enumerate(SQLITE_PARTS)}
    return rows


def measure(databases, transaction, sizes, rounds):
    """Medians of all rounds: {name: {size: {part: ns}}}."""
    runs = {d.name: [] for d in databases}
    for _ in range(rounds):
        for d in databases:
            runs[d.name].append(rows_of(d.run(transaction, sizes)))
    return {name: {size: {part: statistics.median(r[size][part] for r in results) for part in SQLITE_PARTS}
                   for size in sizes} for name, results in runs.items()}


def bench_sqlite(machine, directory, where, rounds):
    native, ours = "native, plain file", "volume, VFS volume"
    databases = [
        Database(machine, directory, "native", native, "unix", "truncate", "full"),
        Database(machine, directory, "volume", "volume, rollback journal", "unix-none", "truncate", "full"),
        Database(machine, directory, "volume", ours, "volume", "delete", "full"),
        Database(machine, directory, "native memory", "native, in memory", "unix", "memory", "off"),
        Database(machine, directory, "guest memory", "guest, in memory", "unix-none", "memory", "off"),
    ]
    print(f"== SQLite in {where}: blobs of 1,000 bytes, page cache 8 MiB, 1,000 rows a transaction, synchronous=FULL,\n"
          f"   journal_mode=TRUNCATE (VFS volume: none); microseconds a row; medians of {rounds} rounds")
    results = measure(databases, 1000, SQLITE_SIZES, rounds)
    for part in SQLITE_PARTS:
        print(f"{part:18}" + "".join(f"{d.name:>26}" for d in databases))
        for size in SQLITE_SIZES:
            print(f"{size:18}" + "".join(f"{results[d.name][size][part] / 1000:26.2f}" for d in databases), flush=True)
        chart(f"{machine.build}/bench/volume-sqlite-{where}-{part.replace(' ', '-')}.svg",
              f"SQLite, {part}, {where}", "rows of 1,000 bytes (thousands)", "microseconds a row",
              {d.name: [(size / 1000, results[d.name][size][part] / 1000) for size in SQLITE_SIZES] for d in databases})
    for name, base in ((ours, native), ("volume, rollback journal", native), ("guest, in memory", "native, in memory")):
        for part in SQLITE_PARTS:
            ratio = statistics.geometric_mean(results[name][s][part] / results[base][s][part] for s in SQLITE_SIZES)
            target = SQLITE_TARGETS[part]
            verdict = f"   target <= {target} {'met' if ratio <= target else 'MISSED'}" if name.startswith("volume") else ""
            print(f"{name + ' / ' + base:46} {part:16}{ratio:6.2f}{verdict}")
    print("Each read is a transaction of its own: natively that takes and drops locks of the file and looks for a journal by\n"
          "system calls, on a volume they are calls within the enclave.")
    print()


def bench_gain(machine, directory, where, rounds):
    ways = [
        Database(machine, directory, "volume", "rollback journal", "unix-none", "truncate", "full"),
        Database(machine, directory, "volume", "VFS volume", "volume", "delete", "full"),
        Database(machine, directory, "native", "native, rollback journal", "unix", "truncate", "full"),
    ]
    print(f"== SQLite in {where}: what the volume's atomic commit gains; synchronous=FULL, milliseconds a transaction")
    print(f"{'rows of one':>12}" + "".join(f"{d.name:>28}" for d in ways) + f"{'gain':>8}")
    for transaction, rows in ((1, 200), (10, 1000), (100, 5000)):
        result = measure(ways, transaction, (rows,), rounds)
        ms = [result[d.name][rows]["insert"] * transaction / 1e6 for d in ways]
        print(f"{transaction:12}" + "".join(f"{m:28.3f}" for m in ms) + f"{ms[0] / ms[1]:7.1f}x", flush=True)
    print()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--cache", default="16M")
    parser.add_argument("--only", choices=("io", "sqlite", "gain"))
    parser.add_argument("--directory", action="append")
    options = parser.parse_args()
    machine = Machine(options.build, options.cache)
    folders = options.directory or [f"{options.build}/bench", "/dev/shm"]
    for folder in folders:
        where = "memory" if folder.startswith("/dev/shm") else "files"
        with tempfile.TemporaryDirectory(dir=folder) as directory:
            if options.only in (None, "io") and folder == folders[0]:
                bench_io(machine, directory, options.mib, options.rounds)
                shutil.rmtree(directory)
                os.mkdir(directory)
            if options.only in (None, "sqlite"):
                bench_sqlite(machine, directory, where, options.rounds)
            if options.only in (None, "gain"):
                bench_gain(machine, directory, where, options.rounds)


if __name__ == "__main__":
    main()
