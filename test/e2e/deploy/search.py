#!/usr/bin/env python3
"""Searches the memory of processes, all that the kernel gives, for a string, while they stand still.

  search.py FILE PID...     FILE holds the string, without its line end

Prints "inside N" and "outside N": how often it was found in the address range of an enclave (ELRANGE: 64 GiB that are
aligned to 64 GiB, mapped without a gap), and elsewhere, with the places. Exit status 2 when a process is gone.
"""
import os
import signal
import sys

ELRANGE = 1 << 36
PAGE = 4096
BLOCK = 1024 * PAGE
PART = 16  # bytes of the string that are looked for: a part of it is a find, too
PRESENT = 0xC000000000000000  # in memory or in swap (pagemap)


def mappings(pid):
    """(start, end, name) of each mapping, in order."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            words = line.split(None, 5)
            start, end = (int(x, 16) for x in words[0].split("-"))
            yield start, end, words[5].strip() if len(words) > 5 else ""


def elranges(areas):
    """Aligned blocks of 64 GiB that mappings fill without a gap."""
    runs = []
    for start, end, _ in areas:
        if runs and runs[-1][1] == start:
            runs[-1][1] = end
        else:
            runs.append([start, end])
    for start, end in runs:
        base = -(-start // ELRANGE) * ELRANGE
        while base + ELRANGE <= end:
            yield base, base + ELRANGE
            base += ELRANGE


def present(pagemap, start, end):
    """Runs of pages that exist, as (start, end); all of it where the kernel does not tell."""
    at = start
    while at < end:
        stop = min(end, at + BLOCK * 64)
        pagemap.seek(at // PAGE * 8)
        entries = memoryview(pagemap.read((stop - at) // PAGE * 8)).cast("Q")
        if not any(entries):
            at = stop
            continue
        first = None
        for i, entry in enumerate(entries):
            if entry & PRESENT and first is None:
                first = i
            if not entry & PRESENT and first is not None:
                yield at + first * PAGE, at + i * PAGE
                first = None
        if first is not None:
            yield at + first * PAGE, at + len(entries) * PAGE
        at = stop


def find(memory, marker, start, end):
    """Addresses of the marker; blocks overlap by its length."""
    at = start
    while at < end:
        size = min(BLOCK, end - at)
        try:
            memory.seek(at)
            data = memory.read(min(size + len(marker) - 1, end - at))
        except OSError:  # no memory that can be read: a device's, the kernel's own
            return
        index = data.find(marker)
        while index >= 0:
            if index < size:
                yield at + index
            index = data.find(marker, index + 1)
        at += size


def search(pid, marker):
    """Returns how often (inside, outside)."""
    areas = list(mappings(pid))
    ranges = list(elranges(areas))
    count = [0, 0]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for start, end, name in areas:
            inside = any(low <= start and end <= high for low, high in ranges)
            if name == "[vsyscall]":
                continue
            for low, high in present(pagemap, start, end):
                for address in find(memory, marker, low, high):
                    count[0 if inside else 1] += 1
                    if not inside:
                        print(f"process {pid}: at {address:#x} in {name or 'memory without a name'}")
    return count


def main():
    with open(sys.argv[1], "rb") as file:
        marker = file.read().rstrip(b"\n")[:PART]
    pids = [int(word) for word in sys.argv[2:]]
    total = [0, 0]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for pid in pids:
            inside, outside = search(pid, marker)
            total[0] += inside
            total[1] += outside
    except (ProcessLookupError, FileNotFoundError):
        sys.exit(2)
    finally:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
    print("inside", total[0])
    print("outside", total[1])


main()
