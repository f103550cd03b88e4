#!/usr/bin/env python3
"""Do doc/boundary.md and boundary/calls.def describe the same host calls?

Each call of the table must stand in the page with its number and both rules, and no other. Run from the
root of the repository; names each difference and fails.
"""

import re
import sys


def calls_of_table(text):
    """{name: (number, value rule, data rule)} of calls.def."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    calls = {}
    for entry in text.split("\n"):
        if not entry.strip():
            continue
        m = re.fullmatch(r"HOST_CALL\((\w+), (\d+), VALUE_(\w+), DATA_(\w+)\)", entry.strip())
        if not m:
            sys.exit(f"boundary/calls.def: not understood: {entry}")
        calls[m[1]] = (int(m[2]), m[3], m[4])
    return calls


def calls_of_page(text):
    """The same of the page's table, and the names that stand there twice."""
    calls, twice = {}, []
    for line in text.split("\n"):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 7 or not cells[0].isdigit():
            continue
        if cells[1] in calls:
            twice.append(cells[1])
        calls[cells[1]] = (int(cells[0]), cells[4], cells[5])
    return calls, twice


def main():
    with open("boundary/calls.def", encoding="utf-8") as f:
        table = calls_of_table(f.read())
    with open("doc/boundary.md", encoding="utf-8") as f:
        text = f.read()
    page, twice = calls_of_page(text)
    wrong = [f"{name}: stands there twice" for name in twice]
    if len({number for number, _, _ in table.values()}) != len(table):
        wrong.append("boundary/calls.def: a number is used twice")
    for name in sorted(table.keys() | page.keys()):
        if table.get(name) != page.get(name):
            wrong.append(f"{name}: calls.def says {table.get(name)}, the page {page.get(name)}")
    if f"for {len(table)} things" not in text:
        wrong.append(f"the page does not say that there are {len(table)} calls")
    for line in wrong:
        print(f"doc/boundary.md: {line}")
    return 1 if wrong or not table else 0


if __name__ == "__main__":
    sys.exit(main())
