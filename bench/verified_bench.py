#!/usr/bin/env python3
"""
What verification costs the code: each kernel as `retwine compile` makes it for the enclave, against what its
compiler makes before anything is verified, recompiled or proved, which runs in an image without a verifier
(bench/unverified.c). In turn, round after round; ratios of rounds: median and quartiles. Usage:

    bench/verified_bench.py [--build DIR] [--rounds N] [--only NAME,...] NAME:N...
"""
import argparse
import json
import os
import statistics
import subprocess

from measure import Series, geomean, row, run, spawn

TARGET = 1.03
TARGET_MS, TARGET_MIB, TARGET_SIZE = 100, 4, 1.5  # of SQLite: verifying, its memory, section to code
KINDS = {"-O3": "3", "-O3 simd": "3.simd", "-O1": "1"}


def commands(build, kind):
    native = os.path.join(build, f"bench/native/{{}}.{kind}")
    retwine = [os.path.join(build, "retwine"), "run", "--quiet", "--engine=native", "--invoke", "run"]
    image = ["--image", os.path.join(build, "bench/unverified.elf")]
    return {"unverified": retwine + image + [native + ".raw.wasm"], "verified": retwine + [native + ".wasm"]}


def quartiles(kernel, n, pair, rounds):
    """Of the ratio verified to unverified: lower quartile, median, upper quartile."""
    first, second = (Series(name, command) for name, command in pair.items())
    expected = {n: run(pair["unverified"], kernel, n)[0]}
    for i in range(rounds):
        for s in (first, second) if i % 2 else (second, first):
            s.measure(kernel, n, expected)
    base = statistics.median(first.short)
    ratios = [(b - statistics.median(second.short)) / max(a - base, 1e-6)
              for a, b in zip(first.long, second.long)]
    return statistics.quantiles(ratios, n=4)


def bench_load(build, rounds):
    """SQLite's shell, which says its version and ends: with the verifier in the image and without."""
    module = os.path.join(build, "bench/native/shell.1.wasm")
    retwine = [os.path.join(build, "retwine"), "run", "--quiet", "--engine=native"]
    images = {"verified": [], "unverified": ["--image", os.path.join(build, "bench/unverified.elf")]}
    times = {name: [] for name in images}
    for _ in range(rounds):
        for name, image in images.items():
            times[name].append(spawn(retwine + image + [module, "-version"])[1])
    ms = (statistics.median(times["verified"]) - statistics.median(times["unverified"])) * 1e3
    told = subprocess.run([retwine[0], "inspect", "--native", "--format=json", module], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    total = json.loads(told)["total"]
    size = total["section_size"] / total["code_size"]
    print(f"\n== SQLite's shell, -O1: {total['functions']} functions, {total['code_size']} bytes of code")
    for title, figure, target, unit in (("verified inside the enclave in", ms, TARGET_MS, "ms"),
                                        ("memory for that", total["verifier_memory"] / 2**20, TARGET_MIB, "MiB"),
                                        ("section with facts, to code", size, TARGET_SIZE, "")):
        print(f"{title:32} {figure:7.2f} {unit:3}   target <= {target}   {'met' if figure <= target else 'MISSED'}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("kernels", nargs="+")
    options = parser.parse_args()
    only = [name for name in options.only.split(",") if name]
    print(f"== verified against unverified code, {options.rounds} rounds: lower quartile, median, upper quartile")
    row("", [title for kind in KINDS for title in (kind, "", "")])
    medians = {kind: {} for kind in KINDS}
    for spec in options.kernels:
        kernel, n = spec.split(":")
        if only and kernel not in only:
            continue
        cells = []
        for kind, suffix in KINDS.items():
            if kind == "-O1" and kernel != "sqlite":
                continue
            q = quartiles(kernel, int(n), commands(options.build, suffix), options.rounds)
            medians[kind][kernel] = q[1]
            cells += [f"{v:.3f}" for v in q]
        row(kernel, cells)
    for kind, ratios in medians.items():
        kernels = [v for k, v in ratios.items() if k != "sqlite"]
        figures = {"kernels, geomean": geomean(kernels)} if kernels else {}
        if "sqlite" in ratios:
            figures["SQLite"] = ratios["sqlite"]
        for title, figure in figures.items():
            print(f"{title} {kind:10} {figure:6.3f}   target <= {TARGET}   {'met' if figure <= TARGET else 'MISSED'}")
    if not only:
        bench_load(options.build, options.rounds)


main()
