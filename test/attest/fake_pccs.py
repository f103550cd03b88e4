#!/usr/bin/env python3
"""A service of collateral that answers from files, for tests: as Intel's PCCS and AMD's KDS do, or badly.

Usage: fake_pccs.py FOLDER [--tls CERTIFICATE KEY]
FOLDER/answers.json: {"/path?query": {"file": name, "status": 200, "headers": {name: value}, "repeat": 1}}; a value that begins
with @ is a file, URL-encoded. Writes the port to FOLDER/port and every path that is asked for to FOLDER/log.
"""
import http.server
import json
import os
import ssl
import sys
import urllib.parse

FOLDER = sys.argv[1]


def value_of(text):
    if not text.startswith("@"):
        return text
    with open(os.path.join(FOLDER, text[1:])) as f:
        return urllib.parse.quote(f.read())


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(os.path.join(FOLDER, "log"), "a") as log:
            log.write(self.path + "\n")
        with open(os.path.join(FOLDER, "answers.json")) as f:
            answer = json.load(f).get(self.path)
        if answer is None:
            self.send_error(404)
            return
        body = b""
        if "file" in answer:
            with open(os.path.join(FOLDER, answer["file"]), "rb") as f:
                body = f.read()
        body *= answer.get("repeat", 1)
        self.send_response(answer.get("status", 200))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value_of(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # the other side has had enough

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(FOLDER, "port.new"), "w") as out:
    out.write(str(server.server_address[1]))
os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
server.serve_forever()
