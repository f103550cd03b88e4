#!/usr/bin/env python3
"""Runs WASI programs in the manner of WebAssembly/wasi-testsuite: *.wasm with a *.json beside each.

Usage: test/wasi/run.py [--engine=native] [--mode=strict] [--mount=tmp|volume] [--jobs=N] [--only=TEXT] [-v]
           BUILD DIR...
       test/wasi/run.py --coverage SOURCES      which functions and errnos of table.txt no program meets

Keys of a JSON file, all optional. As in the public set:
  args, env          words and a mapping for the program
  dirs               directories given under their own names; root: one given as /
                     (a copy, when there is one beside the file; else an empty one is made)
  exit_code, stdout, stderr   what has to come out (0, and anything)
Ours:
  read_only          of those directories, the ones that are given read-only
  stdin              text
  setup, after       shell commands in the folder that the directories are in: make files before; have to
                     succeed behind the program
  stdout_kind        "closed_pipe": nobody reads
  user               "nobody": without the rights of root, where the runner has them
  options            more options of `retwine run`; {port} is a free port of this machine,
                     {work} the folder that the directories are in
  client             what a client of that port does meanwhile: "connect", "send TEXT", "expect TEXT", "end"
                     (it sends no more), "expect end", "close"; several "connect" are one after the other
  host_only          not in the enclave's memory and not on a volume, although no key says so
With --mount=tmp those that need nothing of the host's in their directories run in the enclave's memory, with
--mount=volume on trusted volumes.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 60  # seconds for one program


class Failed(Exception):
    pass


def shell(command, where):
    done = subprocess.run(["bash", "-ec", command], cwd=where, capture_output=True, text=True,
                          errors="replace", timeout=LIMIT)
    if done.returncode != 0:
        raise Failed(f"'{command}' gave {done.returncode}: {done.stderr or done.stdout}".strip())


def in_memory(config, beside):
    """Can its directories be in the enclave's memory?"""
    names = config.get("dirs", []) + [config[key] for key in ("root",) if key in config]
    of_host = any(key in config for key in ("setup", "after", "user", "read_only", "host_only"))
    return bool(names) and not of_host and not any((beside / name).is_dir() for name in names)


def prepare(work, config, beside, mount):
    """Makes the directories and returns the options that give them."""
    options = []
    for number, guest in enumerate(["/"] * ("root" in config) + config.get("dirs", []) if mount != "host" else []):
        options += (["--tmp", f"{guest}:64M"] if mount == "tmp" else
                    ["--volume", f"{work / f'volume{number}'}::{guest},create,label=v{number}"])
    if mount != "host":
        return options
    places = [(name, name) for name in config.get("dirs", [])]
    if "root" in config:
        places.insert(0, (config["root"], "/"))
    for name, guest in places:
        if (beside / name).is_dir():
            shutil.copytree(beside / name, work / name, symlinks=True)
        else:
            (work / name).mkdir(parents=True)
        for left in (work / name).rglob("*.cleanup"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        suffix = ":ro" if name in config.get("read_only", []) else ""
        options += ["--dir", f"{work / name}::{guest}{suffix}"]
    for command in config.get("setup", []):
        shell(command, work)
    return options


def as_nobody(work, config):
    """What the run gets to have no rights but those of anybody."""
    if config.get("user") != "nobody" or os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    work.chmod(0o755)
    cache = work / "cache of native code"
    cache.mkdir()
    os.chown(cache, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [],
            "env": {**os.environ, "XDG_CACHE_HOME": str(cache)}}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connect(port, over):
    """The program may not listen yet; when its run is over it never will."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=LIMIT / 2)
        except ConnectionRefusedError:
            if over.is_set():
                raise
            time.sleep(0.01)


def expect(connection, text):
    got = b""
    while len(got) < len(text):
        piece = connection.recv(len(text) - len(got))
        if not piece:
            break
        got += piece
    if got != text:
        raise Failed(f"the client got {got!r}, must be {text!r}")


def client(port, steps, over):
    """Follows the steps; what it returns is why that failed."""
    connection = None
    try:
        for step in steps:
            verb, _, text = step.partition(" ")
            if step == "connect":
                connection = connect(port, over)
            elif step == "end":
                connection.shutdown(socket.SHUT_WR)
            elif step == "close":
                connection.close()
            elif step == "expect end":
                if connection.recv(1):
                    raise Failed("the client got more")
            elif verb == "send":
                connection.sendall(text.encode())
            elif verb == "expect":
                expect(connection, text.encode())
            else:
                raise Failed(f"no such step: {step}")
    except (Failed, OSError) as why:
        return f"client: {why}"
    finally:
        if connection:
            connection.close()
    return None


def execute_with_client(command, config, work):
    port = free_port()
    command = [word.replace("{port}", str(port)) for word in command]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        over = threading.Event()
        peer = pool.submit(client, port, config["client"], over)
        try:
            result = execute(command, config, work)
        finally:
            over.set()
        if result[0] == config.get("exit_code", 0) and peer.result():
            raise Failed(peer.result())
    return result


def execute(command, config, work):
    """Runs it: status, standard output, standard error."""
    output = subprocess.PIPE
    if config.get("stdout_kind") == "closed_pipe":
        read, output = os.pipe()
        os.close(read)
    text = config.get("stdin", "").encode()
    try:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE,
                                 **as_nobody(work, config))
    finally:
        if output != subprocess.PIPE:
            os.close(output)
    try:
        out, err = child.communicate(text, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise Failed(f"ran longer than {LIMIT} s") from None
    return child.returncode, (out or b"").decode(errors="replace"), err.decode(errors="replace")


def command_of(options, config, module, mounts, work):
    command = [str(options.retwine), "run", "--quiet", *options.run]
    command += mounts + [word.replace("{work}", str(work)) for word in config.get("options", [])]
    for name, value in config.get("env", {}).items():
        command += ["--env", f"{name}={value}"]
    return command + [str(module), *config.get("args", [])]


def compare(config, status, out, err):
    wanted = config.get("exit_code", 0)
    if status != wanted:
        raise Failed(f"exit status {status}, must be {wanted}\n{err.strip()}")
    for name, text in (("stdout", out), ("stderr", err)):
        if name in config and config[name] != text:
            raise Failed(f"{name} is {text[:300]!r}, must be {config[name][:300]!r}")


def run_one(options, module):
    """None, or why it failed; "skipped: ..." where it cannot run."""
    description = module.with_suffix(".json")
    config = json.loads(description.read_text()) if description.exists() else {}
    if options.mount != "host" and not in_memory(config, module.parent):
        return "skipped: needs a directory of the host"
    work = pathlib.Path(tempfile.mkdtemp(prefix="retwine-wasi-"))
    try:
        mounts = prepare(work, config, module.parent, options.mount)
        run = execute_with_client if "client" in config else execute
        compare(config, *run(command_of(options, config, module, mounts, work), config, work))
        for command in config.get("after", []):
            shell(command, work)
    except (Failed, OSError) as why:
        return str(why)
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", work], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(work)
    return None


def engine_options(options):
    if options.mode == "strict":
        options.run.append("--strict-simulation")
    if options.engine == "native":
        options.run += ["--engine", "native"]
        os.environ.setdefault("XDG_CACHE_HOME", str(options.build / "wasi" / "cache"))


def run_all(options):
    modules = [module for d in options.dirs for module in sorted(pathlib.Path(d).rglob("*.wasm"))
               if options.only in str(module)]
    if not modules:
        sys.exit("no programs there")
    engine_options(options)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for module, why in zip(modules, pool.map(lambda m: run_one(options, m), modules)):
            kind = "passed" if why is None else "skipped" if why.startswith("skipped: ") else "failed"
            counts[kind] += 1
            if kind == "failed" or (kind == "skipped" and options.verbose):
                print(f"{'FAIL' if kind == 'failed' else 'skip'} {module}: {why}")
            elif options.verbose:
                print(f"ok {module}")
    print(", ".join(f"{n} {kind}" for kind, n in counts.items()))
    return 1 if counts["failed"] else 0


# ---- coverage ---------------------------------------------------------------------------------
CLAIM = re.compile(r"\b(?:OK\(|EXPECT\((\w+),|EXPECT2\((\w+),\s*(\w+),)\s*([a-z]\w+)\s*\(")
NEVER_SUCCEED = ("proc_exit", "proc_raise")
EVENT = re.compile(r"\bEXPECT_EVENT\((\w+),")


def claims_of(source):
    """The pairs of function and errno that the sources claim; "A|B" for one of two."""
    found = {}
    for path in sorted(pathlib.Path(source).rglob("*.[ch]")):
        text = path.read_text()
        for one, a, b, function in CLAIM.findall(text):
            errno = f"{a}|{b}" if a else one or "SUCCESS"
            found.setdefault((function, errno), set()).add(path.stem)
        for errno in EVENT.findall(text):
            found.setdefault(("event", errno), set()).add(path.stem)
        if "wasi_proc_exit(" in text:
            found.setdefault(("proc_exit", "CALLED"), set()).add(path.stem)
    return found


def table_of(path):
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            function, _, errnos = line.partition(":")
            yield function, errnos.split()


def met(found, function, errno):
    """The programs that meet it, in the table's spelling or with one of its alternatives."""
    names = set()
    for (f, e), programs in found.items():
        if f == function and set(e.split("|")) <= set(errno.split("|")):
            names |= programs
    return names


def coverage(source):
    found = claims_of(source)
    table = dict(table_of(HERE / "table.txt"))
    functions = re.findall(r"^WASI_FUNC\w*\((\w+)", (HERE / "../../wasi/funcs.def").read_text(), re.MULTILINE)
    missing = len(set(functions) - set(table))
    for function in sorted(set(functions) - set(table)):
        print(f"{function + ':':24} not in table.txt")
    for function, errnos in table.items():
        row = []
        for errno in errnos if function in NEVER_SUCCEED else ["SUCCESS"] + errnos:
            n = len(met(found, function, errno))
            row.append(f"{errno} {n}" if n else f"{errno} MISSING")
            missing += not n
        print(f"{function + ':':24} {', '.join(row)}")
    print(f"{missing} missing")
    return 1 if missing else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--engine", choices=["interpreter", "native"], default="interpreter")
    parser.add_argument("--mode", choices=["fast", "strict"], default="fast")
    parser.add_argument("--mount", choices=["host", "tmp", "volume"], default="host")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("build")
    parser.add_argument("dirs", nargs="*")
    options = parser.parse_args()
    if options.coverage:
        return coverage(options.build)
    options.build = pathlib.Path(options.build).resolve()
    options.retwine = options.build / "retwine"
    options.run = []
    return run_all(options)


if __name__ == "__main__":
    sys.exit(main())
