#!/usr/bin/env python3
"""Does doc/boundary.md describe the host calls as the code makes, answers and checks them?

Each call of boundary/calls.def must stand in the page, and no other, with its number and both rules; with as many
arguments (separated by ";") and with input or without, as the stub sends (hostcall/) and the service takes
(host/service/service.c); and with further rules for its reply where the stub checks some, and only there. Run from the root
of the repository; names each difference and fails.
"""

import collections
import re
import sys

Call = collections.namedtuple("Call", "number value data args input further")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


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


def shapes_of_service(text):
    """{name: (arguments, has input)} of host/service/service.c."""
    table = text[text.index("g_shapes[HOST_CALL_END] = {"):]
    found = re.findall(r"(?:CALL|ON_FILE|CHANGES)\((\w+), \w+, (\d), (\w+), \w+", table)
    return {name: (int(args), given != "NONE") for name, args, given in found}


def count(arguments):
    return len(arguments.split(", "))


def stub_arguments(function, name):
    """How many arguments a stub sends, and whether it has input; None: it leaves that to another."""
    m = re.search(r"\.call = HOST_CALL_%s(?:,\s*\.arg = \{([^}]*)\})?" % name, function)
    if m:
        given = ".in = " in function or "x.in = " in function or "exchange_name(" in function
        return count(m[1]) if m[1] else 0, given
    m = re.search(r"exchange_plain\(HOST_CALL_%s, (.*?)\);" % name, function, flags=re.S)
    if m:
        args = m[1].split(", ")
        while args and args[-1] == "0":
            args.pop()
        return len(args), False
    m = re.search(r"(clock_ask|read_at|write_at|exchange_two_names)\(HOST_CALL_%s, (.*?)\);" % name, function)
    if not m:
        sys.exit(f"hostcall/hostcall.c: not understood: {name}")
    if m[1] == "clock_ask":
        return 1, False
    if m[1] == "exchange_two_names":
        return 3, True
    offset = m[2].split(", ")[1]
    return 1 if offset == "0" else 2, m[1] == "write_at"


def stubs(text, names):
    """{name: (arguments, has input, has rules of its own)} of hostcall/hostcall.c."""
    found = {}
    for function in re.split(r"\n}\n", text[text.index("enum host_errno hostcall_prefault("):]):
        for name in set(re.findall(r"HOST_CALL_(\w+)", function)) & names:
            if f".call = HOST_CALL_{name}" in function or f"(HOST_CALL_{name}, " in function:
                own = "exchange_drop(" in function or "stat_take(" in function
                found[name] = (*stub_arguments(function, name), own)
    # POLL's stub stands before it in two parts.
    function = text[text.index("poll_into(struct host_poll"):text.index("enum host_errno hostcall_poll(")]
    found["POLL"] = (*stub_arguments(function, "POLL"), "exchange_drop(" in function)
    return found


def calls_of_page(text):
    """{name: Call} of the page's table, and the names that stand there twice."""
    calls, twice = {}, []
    for line in text.split("\n"):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 7 or not cells[0].isdigit():
            continue
        if cells[1] in calls:
            twice.append(cells[1])
        args = len(cells[2].split("; ")) if cells[2] else 0
        calls[cells[1]] = Call(int(cells[0]), cells[4], cells[5], args, cells[3] != "", cells[6] != "")
    return calls, twice


def differences(name, table, shapes, sent, page):
    """What is said of one call in one place and not in another."""
    if name not in table or name not in page:
        return [f"{name}: stands in {'calls.def' if name in table else 'the page'} alone"]
    if name not in shapes or name not in sent:
        return [f"{name}: the service or the stubs do not have it"]
    said, wrong = page[name], []
    if (said.number, said.value, said.data) != table[name]:
        wrong.append(f"{name}: calls.def says {table[name]}, the page {said.number, said.value, said.data}")
    if (said.args, said.input) != shapes[name]:
        wrong.append(f"{name}: the service takes (arguments, input) {shapes[name]}, the page has {said.args, said.input}")
    if (said.args, said.input, said.further) != sent[name]:
        wrong.append(f"{name}: the stub has (arguments, input, own rules) {sent[name]}, "
                     f"the page {said.args, said.input, said.further}")
    return wrong


def main():
    table, text = calls_of_table(read("boundary/calls.def")), read("doc/boundary.md")
    page, twice = calls_of_page(text)
    shapes = shapes_of_service(read("host/service/service.c"))
    sent = stubs(read("hostcall/hostcall.c"), set(table))
    wrong = [f"{name}: stands there twice" for name in twice]
    if len({number for number, _, _ in table.values()}) != len(table):
        wrong.append("boundary/calls.def: a number is used twice")
    for name in sorted(table.keys() | page.keys()):
        wrong += differences(name, table, shapes, sent, page)
    if f"for {len(table)} things" not in text:
        wrong.append(f"the page does not say that there are {len(table)} calls")
    for line in wrong:
        print(f"doc/boundary.md: {line}")
    return 1 if wrong or not table else 0


if __name__ == "__main__":
    sys.exit(main())
