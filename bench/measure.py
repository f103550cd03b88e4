"""
What the benches of native code share: running commands, figures of one kernel in one runner.

A figure is time of the processor, user and system, so that other programs on the machine count little. A
runner is a process that prints run(N); what starting costs is measured as run(1) and subtracted, so that
what is left is time in the kernel's loop: (t(N) - t(1)) / (N - 1). A runner that prints seconds, too, has
taken the time itself.
"""
import math
import os
import statistics
import subprocess
import sys


def spawn(command):
    """What a command prints, and the processor's seconds that it took."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = child.stdout.read(), child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {child.returncode}\n{err}")
    return out.split(), usage.ru_utime + usage.ru_stime


def run(command, kernel, n):
    """run(n) as an unsigned number; seconds; did the runner take the time itself?"""
    words, seconds = spawn([word.format(kernel) for word in command] + [str(n)])
    own = len(words) > 1
    return int(words[0]) % 2**64, float(words[1]) if own else seconds, own


class Series:
    """All figures of one runner and one kernel."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.part = 16 if name == "interpreter" else 1
        self.long, self.short, self.own = [], [], False

    def measure(self, kernel, n, expected):
        n = max(2, n // self.part)
        result, seconds, self.own = run(self.command, kernel, n)
        if result != expected[n]:
            sys.exit(f"{kernel}, {self.name}: {result} instead of {expected[n]}")
        self.long.append(seconds)
        if not self.own:
            self.short.append(run(self.command, kernel, 1)[1])

    def per_turn(self, n):
        """Seconds of one turn of the kernel."""
        n = max(2, n // self.part)
        if self.own:
            return statistics.median(self.long) / n
        return max(statistics.median(self.long) - statistics.median(self.short), 1e-6) / (n - 1)


def geomean(values):
    return math.exp(statistics.fmean(math.log(v) for v in values))


def row(title, cells):
    print(f"{title:12}" + "".join(f"{cell:>12}" for cell in cells), flush=True)
