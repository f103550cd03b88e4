#!/usr/bin/env python3
"""Stands between a client and a server of deliveries. It takes one client on a port of its own, which it prints, and
does what a hostile machine could do with a connection:

  middle.py record  SERVER FILE     passes all on; writes the certificate that the server
                                    showed, in DER, and prints how much it sent
  middle.py digest  SERVER HEX      passes all on, but announces another launch digest
  middle.py nonce   SERVER HEX      passes all on, but announces another nonce
  middle.py flip    SERVER N        passes all on, with a bit of the server's byte N behind the hello turned
  middle.py cut     SERVER N        passes all on, and closes when the server has sent N bytes behind the hello
  middle.py silent  SERVER HEX      is a client itself: announces this launch digest and falls silent; prints "closed" when
                                    the server closes
  middle.py end     CERTIFICATE KEY ends the channel itself, with this certificate and key, in PEM

What the client sends inside a channel that it ends, `end` prints: it is to be nothing.
"""
import select
import socket
import ssl
import sys

HELLO_SIZE = 80
DIGEST_OFF = 8
NONCE_OFF = 40
ANSWER = b"RTWD\0\0\0\0"
RECORD_HANDSHAKE = 22
HANDSHAKE_CERTIFICATE = 11
LIMIT = 60


def receive_exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError("the connection ended")
        data += piece
    return data


def certificate_in(stream):
    """The certificate in what a server sent: TLS records (RFC 5246, 6.2.1, 7.4.2), in the clear up to there."""
    handshake = b""
    while len(stream) >= 5:
        size = int.from_bytes(stream[3:5], "big")
        if stream[0] == RECORD_HANDSHAKE:
            handshake += stream[5:5 + size]
        stream = stream[5 + size:]
    while len(handshake) >= 4:
        size = int.from_bytes(handshake[1:4], "big")
        if handshake[0] == HANDSHAKE_CERTIFICATE:
            first = int.from_bytes(handshake[7:10], "big")
            return handshake[10:10 + first]
        handshake = handshake[4 + size:]
    return None


def change(mode, value, data, done):
    """What becomes of a piece that the server sent, `done` bytes after the hello's answer; None: close."""
    if mode == "flip" and done <= int(value) < done + len(data):
        changed = bytearray(data)
        changed[int(value) - done] ^= 1
        return bytes(changed)
    if mode == "cut" and done + len(data) >= int(value):
        return None
    return data


def pass_on(mode, value, client, server):
    seen = b""
    done = -len(ANSWER)
    while True:
        ready, _, _ = select.select([client, server], [], [], LIMIT)
        if not ready:
            return seen
        for source in ready:
            try:
                data = source.recv(65536)
            except ConnectionError:
                data = b""
            if data and source is server:
                seen += data
                passed = change(mode, value, data, done)
                done += len(data)
                data = passed
            if not data:
                return seen
            (client if source is server else server).sendall(data)


def relay(mode, to, value, client):
    host, port = to.rsplit(":", 1)
    server = socket.create_connection((host, int(port)), LIMIT)
    hello = bytearray(receive_exactly(client, HELLO_SIZE))
    if mode == "digest":
        hello[DIGEST_OFF:DIGEST_OFF + 32] = bytes.fromhex(value)
    if mode == "nonce":
        hello[NONCE_OFF:NONCE_OFF + 32] = bytes.fromhex(value)
    server.sendall(hello)
    try:
        seen = pass_on(mode, value, client, server)
    except ConnectionError:
        return
    if mode == "record":
        with open(value, "wb") as out:
            out.write(certificate_in(seen[len(ANSWER):]) or b"")
        print("sent", len(seen) - len(ANSWER), flush=True)


def end(certificate, key, client):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    context.load_cert_chain(certificate, key)
    receive_exactly(client, HELLO_SIZE)
    client.sendall(ANSWER)
    try:
        with context.wrap_socket(client, server_side=True) as channel:
            while data := channel.recv(65536):
                print("got", len(data), "bytes", flush=True)
    except (OSError, ssl.SSLError) as why:
        print("the client went away:", why, flush=True)


def silent(to, digest):
    host, port = to.rsplit(":", 1)
    server = socket.create_connection((host, int(port)), LIMIT)
    server.sendall(b"RTWD" + (1).to_bytes(4, "little") + bytes.fromhex(digest) + bytes(40))
    receive_exactly(server, len(ANSWER))
    try:
        while server.recv(65536):
            pass
    except ConnectionError:
        pass
    print("closed")


def main():
    if sys.argv[1] == "silent":
        silent(sys.argv[2], sys.argv[3])
        return
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(LIMIT)
    print("port", listener.getsockname()[1], flush=True)
    client, _ = listener.accept()
    client.settimeout(LIMIT)
    if sys.argv[1] == "end":
        end(sys.argv[2], sys.argv[3], client)
    else:
        relay(sys.argv[1], sys.argv[2], sys.argv[3], client)
    client.close()


main()
