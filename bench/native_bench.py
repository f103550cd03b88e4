#!/usr/bin/env python3
"""
What native code costs: each kernel of bench/build.mk in every engine that is here, in turn, round after
round; medians against clang-19 -O3 of the same source. Usage:

    bench/native_bench.py [--build DIR] [--rounds N] [--only NAME,...] [--without RUNNER,...] NAME:N...

What a figure is, bench/measure.py says. node tells its own figure, taken after one run has gone ahead. Every result is compared with the native one: one that differs ends the
bench with 1. The interpreter, ten times as slow and more, runs a sixteenth of N.
"""
import argparse
import os
import shutil
import statistics
import sys

from measure import Series, geomean, row, run, spawn

KERNEL_TARGETS = {"native": 1.15, "native simd": 1.00}  # of plain -O3, geometric means
SQLITE_TARGET = 1.20


def runners(build):
    """By name: the command line before N, with {} for the kernel; how much of N it runs."""
    native = os.path.join(build, "bench/native/{}")
    retwine = [os.path.join(build, "retwine"), "run", "--quiet", "--invoke", "run"]
    node = ["node", "--no-liftoff", "bench/node_main.mjs"]
    all_runners = {
        "clang -O3": [native + ".o3"],
        "clang v3": [native + ".v3"],
        "native": retwine + [native + ".3.wasm"],
        "native simd": retwine + [native + ".3.simd.wasm"],
        "native -O1": retwine + [native + ".1.wasm"],
        "V8": node + [native + ".wasm"],
        "V8 simd": node + [native + ".simd.wasm"],
        "wasm2c": [native + ".w2c"],
        "interpreter": retwine + ["--engine=interp", native + ".wasm"],
    }
    if not shutil.which("node"):
        del all_runners["V8"], all_runners["V8 simd"]
    if not shutil.which("wasm2c"):
        del all_runners["wasm2c"]
    return all_runners


def bench_kernel(kernel, n, commands, rounds):
    """Seconds of one turn, by runner."""
    series = [Series(name, command) for name, command in commands.items()]
    native = commands["clang -O3"]
    expected = {m: run(native, kernel, m)[0] for m in {n, max(2, n // 16)}}
    for i in range(rounds):
        for s in series:
            if s.name != "interpreter" or i < 3:
                s.measure(kernel, n, expected)
    return {s.name: s.per_turn(n) for s in series}


def table(figures, names, base):
    """Ratios to one runner: a line each kernel, the geometric means, the worst."""
    ratios = {k: {name: f[name] / f[base] for name in names} for k, f in figures.items()}
    print(f"\n== time of a kernel, {base} = 1.00")
    row("", names)
    for kernel, r in ratios.items():
        row(kernel, [f"{r[name]:.2f}" for name in names])
    kernels = [k for k in ratios if k != "sqlite"]
    means = {name: geomean([ratios[k][name] for k in kernels]) for name in names} if kernels else {}
    if kernels:
        row("geomean", [f"{means[name]:.3f}" for name in names])
        print("             (sqlite is not in it)" if "sqlite" in ratios else "")
    for name in [n for n in names if n.startswith("native")]:
        worst = sorted(kernels, key=lambda k: -ratios[k][name])[:5]
        print(f"worst of {name}: " + ", ".join(f"{k} {ratios[k][name]:.2f}" for k in worst))
    return ratios, means


def verdict(title, figure, target):
    print(f"{title:52} {figure:6.3f}   target <= {target:.2f}   {'met' if figure <= target else 'MISSED'}")


def summary(ratios, means):
    print("\n== targets, against clang -O3")
    for name, target in KERNEL_TARGETS.items():
        if name in means:
            verdict(f"kernels, {name}, geomean", means[name], target)
    if "sqlite" in ratios:
        for name in [n for n in ratios["sqlite"] if n.startswith("native")]:
            verdict(f"SQLite, {name}", ratios["sqlite"][name], SQLITE_TARGET)
    for ours, theirs in (("native", "V8"), ("native", "wasm2c"), ("native simd", "V8 simd")):
        if ours in means and theirs in means:
            print(f"{ours} / {theirs}: kernels {means[ours] / means[theirs]:.3f}"
                  + (f", SQLite {ratios['sqlite'][ours] / ratios['sqlite'][theirs]:.3f}"
                     if "sqlite" in ratios else ""))


def bench_programs(build, rounds):
    """The scoring program on a file, and what compiling SQLite takes."""
    scoring = os.path.join(build, "examples/scoring")
    folder = os.path.join(build, "bench/native")
    spawn([scoring, "generate", "200000", f"{folder}/rows.csv"])
    spawn([scoring, "generate", "1", f"{folder}/row.csv"])
    retwine = [os.path.join(build, "retwine"), "run", "--quiet", "--dir", f"{folder}::/data:ro"]
    commands = {
        "clang -O2": [scoring, "score", folder],
        "native -O1": retwine + [f"{folder}/scoring.1.wasm", "score", "/data"],
        "interpreter": retwine + ["--engine=interp", f"{scoring}.wasm", "score", "/data"],
    }
    times = {name: ([], []) for name in commands}
    printed = {}
    for _ in range(rounds):
        for name, command in commands.items():
            for i, file in enumerate(("rows.csv", "row.csv")):
                out, seconds = spawn(command[:-1] + [f"{command[-1]}/{file}"])
                times[name][i].append(seconds)
                if printed.setdefault(file, out) != out:
                    sys.exit(f"scoring {file}, {name}: another output")
    print("\n== the scoring program, 200,000 rows, clang -O2 = 1.00")
    took = {name: statistics.median(t[0]) - statistics.median(t[1]) for name, t in times.items()}
    for name, seconds in took.items():
        print(f"{name:12} {seconds * 1e3:8.1f} ms {seconds / took['clang -O2']:8.2f}")


def bench_compiler(build):
    print("\n== retwine-compile of SQLite, one thread")
    module = os.path.join(build, "bench/native/sqlite.wasm")
    for level, target in (("-O1", 8), ("-O3", None)):
        _, seconds = spawn([os.path.join(build, "retwine-compile"), "--quiet", "-j1", level, module,
                            "-o", os.path.join(build, "bench/native/timed.wasm")])
        print(f"{level} {seconds:6.1f} s" + (f"   target <= {target} s" if target else ""))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--without", default="")
    parser.add_argument("kernels", nargs="+")
    options = parser.parse_args()
    commands = {name: command for name, command in runners(options.build).items()
                if name not in options.without.split(",")}
    only = [name for name in options.only.split(",") if name]
    figures = {}
    print(f"medians of {options.rounds} rounds; clang-19 -O3 -ffp-contract=off -fno-math-errno for all, "
          "wasm32 without and with (simd) -msimd128, sqlite simd with -mbulk-memory, too; "
          "v3: -march=x86-64-v3; native: retwine -O3; sizes: " + " ".join(options.kernels))
    row("ms", commands)
    for spec in options.kernels:
        kernel, n = spec.split(":")
        if only and kernel not in only:
            continue
        figures[kernel] = bench_kernel(kernel, int(n), commands, options.rounds)
        row(kernel, [f"{seconds * int(n) * 1e3:.1f}" for seconds in figures[kernel].values()])
    ratios, means = table(figures, list(commands), "clang -O3")
    table(figures, list(commands), "clang v3")
    summary(ratios, means)
    if not only:
        bench_programs(options.build, options.rounds)
        bench_compiler(options.build)


main()
