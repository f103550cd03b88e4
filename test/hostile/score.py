#!/usr/bin/env python3
"""Does hostile_lies notice when a rule for replies is missing? Takes each of test/hostile/rules.txt out, alone.

Usage: test/hostile/score.py CLANG FLAGS LIBS OBJECT... [--only=TEXT]
FLAGS, LIBS: one word each, as the Makefile has them; OBJECT: those of hostile_lies, and libretwine.a.
Works on copies of the sources; prints each rule that is not noticed, and `N of M noticed`.
"""
import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

LIMIT = 100  # seconds for one run


def rules(text):
    """[(name, [(file, text, text without the rule)])]"""
    found = []
    for block in "\n".join(l for l in text.split("\n") if not l.startswith("#")).split("\n\n"):
        if not block.strip():
            continue
        name, _, rest = block.strip("\n").partition("\n")
        changes = []
        for change in rest.split("\n&&"):
            file, _, body = change.partition("\n")
            old, arrow, new = body.partition("\n->")
            if not arrow:
                sys.exit(f"rules.txt: {name} has no ->")
            changes.append((file, old, new))
        found.append((name, changes))
    return found


def sources_without(name, changes, work):
    """Writes the changed sources below work; their names."""
    texts = {}
    for file, old, new in changes:
        text = texts.get(file) or pathlib.Path(file).read_text()
        if text.count(old) != 1:
            sys.exit(f"rules.txt: {name}: its text stands {text.count(old)} times in {file}")
        texts[file] = text.replace(old, new)
    for file, text in texts.items():
        path = work / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(texts)


def build(work, files, clang, flags, libs, objects):
    """A hostile_lies with the changed sources; the transport comes with what includes it."""
    changed = []
    for file in files:
        source = "test/hostile/transport.c" if file == "enclave/transport.c" else file
        out = work / (source.replace("/", "_") + ".o")
        # The copies are found first.
        subprocess.run([clang, f"-I{work}", *flags, "-Wno-error", "-w", "-c", work / file if source == file else source,
                        "-o", out], check=True)
        changed.append((source, out))
    replaced = {f"{source[:-2]}.o" for source, _ in changed}
    kept = [o for o in objects if not any(o.endswith("/" + r) for r in replaced)]
    program = work / "hostile_lies"
    subprocess.run([clang, *flags, *[out for _, out in changed], *kept, "-o", program, *libs], check=True)
    return program


def noticed(rule, clang, flags, libs, objects):
    name, changes = rule
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        program = build(work, sources_without(name, changes, work), clang, flags, libs, objects)
        try:
            done = subprocess.run([program, "--short"], capture_output=True, timeout=LIMIT, errors="replace")
        except subprocess.TimeoutExpired:
            return name, "hang"
        if done.returncode == 0:
            return name, None
        lines = (done.stdout + done.stderr).split("\n")
        return name, next((l for l in lines if "VIOLATION" in l or "ERROR" in l or "panic" in l), "ended")


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--only=")]
    only = [w[7:] for w in sys.argv[1:] if w.startswith("--only=")]
    clang, flags, libs, objects = words[0], shlex.split(words[1]), shlex.split(words[2]), words[3:]
    todo = [r for r in rules(pathlib.Path("test/hostile/rules.txt").read_text())
            if not only or only[0] in r[0]]
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for name, how in pool.map(lambda r: noticed(r, clang, flags, libs, objects), todo):
            print(f"{name:40s} {how or 'NOT NOTICED'}", flush=True)
            missed += how is None
    print(f"{len(todo) - missed} of {len(todo)} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
