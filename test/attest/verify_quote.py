#!/usr/bin/env python3
"""Verifies SGX and TDX quotes (versions 3, 4, 5) with collateral, at a given time, and says the status.

A second opinion on `retwine verify`: written from Intel's documents alone, over the standard library alone, down to the
arithmetic of P-256; nothing is shared with attest/. It judges authenticity and TCB status; identity and policy (debug
among them) are not its business.

Usage: verify_quote.py --time UNIX [--collateral FILE|DIR]... [--root SHA256] [--without-crl] QUOTE
Prints one line, "STATUS [ADVISORY,...]", then reasons, one a line. Exit status 0 when the quote is authentic and
its status known, else 1.
"""
import argparse
import binascii
import datetime
import hashlib
import json
import os
import re
import struct
import sys

# The key of Intel's root, x and y: it has had more than one certificate.
INTEL_ROOT = ("0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5"
              "67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394")


class Refused(Exception):
    """status, reason"""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


def need(condition, reason, status="Invalid"):
    if not condition:
        raise Refused(status, reason)


# ---- P-256 (SEC 1, 4.1.4) ------------------------------------------------------------------------------------------

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(p, q):
    """Sum of two points; None is the one at infinity."""
    if p is None:
        return q
    if q is None:
        return p
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    if p == q:
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def multiply(k, p):
    out = None
    while k:
        if k & 1:
            out = add(out, p)
        p = add(p, p)
        k >>= 1
    return out


def ecdsa(key, message, r, s):
    """Does r, s sign the message (SHA-256)? key: 64 bytes, x and y."""
    x, y = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
    if x >= P or y >= P or (y * y - x * x * x - A * x - B) % P or not (0 < r < N and 0 < s < N):
        return False
    e = int.from_bytes(hashlib.sha256(message).digest(), "big")
    w = pow(s, -1, N)
    point = add(multiply(e * w % N, G), multiply(r * w % N, (x, y)))
    return point is not None and point[0] % N == r


def ecdsa_raw(key, message, signature):
    return ecdsa(key, message, int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


# ---- DER -----------------------------------------------------------------------------------------------------------


def der(data, at=0):
    """Tag, contents, end of the value at `at`."""
    need(at + 2 <= len(data), "DER ends early")
    tag, size, at = data[at], data[at + 1], at + 2
    if size >= 0x80:
        n = size & 0x7F
        need(0 < n <= 4 and at + n <= len(data), "DER: a length of another form")
        size, at = int.from_bytes(data[at:at + n], "big"), at + n
    need(at + size <= len(data), "DER ends early")
    return tag, data[at:at + size], at + size


def children(data):
    at, out = 0, []
    while at < len(data):
        start = at
        tag, body, at = der(data, at)
        out.append((tag, body, data[start:at]))
    return out


def oid(body):
    first, out, value = True, [], 0
    for byte in body:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            if first:
                out += [min(value // 40, 2), value - 40 * min(value // 40, 2)]
                first = False
            else:
                out.append(value)
            value = 0
    return ".".join(map(str, out))


def der_time(tag, body):
    text = body.decode("ascii")
    if tag == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    return int(datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp())


def der_signature(body):
    tag, inner, _ = der(body)
    r, s = children(inner)
    return int.from_bytes(r[1], "big"), int.from_bytes(s[1], "big")


def common_name(name):
    for _, rdn, _ in children(name):
        for _, pair, _ in children(rdn):
            kind, value = children(pair)
            if oid(kind[1]) == "2.5.4.3":
                return value[1].decode("utf-8")
    return ""


class Certificate:
    def __init__(self, raw):
        self.raw = raw
        tag, body, end = der(raw)
        need(tag == 0x30 and end == len(raw), "no certificate")
        tbs, algorithm, signature = children(body)
        need(oid(children(algorithm[1])[0][1]) == "1.2.840.10045.4.3.2", "a certificate is signed in another way")
        self.tbs, self.signature = tbs[2], signature[1][1:]
        fields = children(tbs[1])
        need(fields[0][0] == 0xA0, "no version in a certificate")
        self.serial = int.from_bytes(fields[1][1], "big")
        self.issuer, self.subject = fields[3][2], fields[5][2]
        self.name = common_name(fields[5][1])
        begin, end = children(fields[4][1])
        self.window = der_time(*begin[:2]), der_time(*end[:2])
        algorithm, key = children(fields[6][1])
        kinds = [oid(c[1]) for c in children(algorithm[1])]
        need(kinds == ["1.2.840.10045.2.1", "1.2.840.10045.3.1.7"] and key[1][:2] == b"\0\4" and len(key[1]) == 66,
             "a key that is not of P-256")
        self.key = key[1][2:]
        self.extensions = {}
        for field in fields[7:]:
            if field[0] == 0xA3:
                for _, extension, _ in children(children(field[1])[0][1]):
                    parts = children(extension)
                    self.extensions[oid(parts[0][1])] = parts[-1][1]

    def signed_by(self, key):
        return ecdsa(key, self.tbs, *der_signature(self.signature))

    def is_authority(self):
        constraints = self.extensions.get("2.5.29.19")
        return constraints is not None and any(t == 1 and b != b"\0" for t, b, _ in children(der(constraints)[1]))

    def digest(self):
        return hashlib.sha256(self.raw).hexdigest()


class RevocationList:
    def __init__(self, raw):
        self.raw = raw
        tbs, _, signature = children(der(raw)[1])
        self.tbs, self.signature = tbs[2], signature[1][1:]
        fields = children(tbs[1])
        if fields[0][0] == 0x02:
            fields = fields[1:]
        self.issuer = fields[1][2]
        need(fields[3][0] in (0x17, 0x18), "a list of revoked certificates without an end")
        self.window = der_time(*fields[2][:2]), der_time(*fields[3][:2])
        self.serials = set()
        if len(fields) > 4 and fields[4][0] == 0x30:
            self.serials = {int.from_bytes(children(e)[0][1], "big") for _, e, _ in children(fields[4][1])}

    def signed_by(self, key):
        return ecdsa(key, self.tbs, *der_signature(self.signature))


def pem_blocks(text, label):
    pattern = r"-----BEGIN %s-----(.*?)-----END %s-----" % (label, label)
    return [binascii.a2b_base64(b) for b in re.findall(pattern, text, re.S)]


def pem_certificates(text):
    return [Certificate(b) for b in pem_blocks(text, "CERTIFICATE")]


# ---- collateral ------------------------------------------------------------------------------------------------------


def json_slice(text, member):
    """The exact bytes of an object that is a member of the outermost one."""
    at = re.search(r'"%s"\s*:\s*\{' % member, text)
    need(at, "no " + member)
    start, depth, quoted, escaped = at.end() - 1, 0, False, False
    for i in range(start, len(text)):
        c = text[i]
        if quoted:
            escaped, quoted = c == "\\" and not escaped, c != '"' or escaped
        elif c == '"':
            quoted = True
        elif c in "{[":
            depth += 1
        elif c in "}]":
            depth -= 1
            if not depth:
                return text[start:i + 1]
    raise Refused("Invalid", "JSON ends early")


class Signed:
    """An object of Intel's and the signature over its bytes."""

    def __init__(self, text, signature):
        self.text, self.signature, self.value = text, bytes.fromhex(signature), json.loads(text)
        self.window = tuple(self.date(m) for m in ("issueDate", "nextUpdate"))

    def date(self, member):
        when = datetime.datetime.strptime(self.value[member], "%Y-%m-%dT%H:%M:%SZ")
        return int(when.replace(tzinfo=datetime.timezone.utc).timestamp())


class Collateral:
    def __init__(self):
        self.tcb_infos, self.identities, self.certificates, self.lists = [], [], [], []

    def add_crl(self, raw):
        self.lists.append(RevocationList(raw))

    def add_json(self, text):
        value = json.loads(text)
        if "tcbInfo" in value:
            self.tcb_infos.append(Signed(json_slice(text, "tcbInfo"), value["signature"]))
        if "enclaveIdentity" in value:
            self.identities.append(Signed(json_slice(text, "enclaveIdentity"), value["signature"]))
        if "tcb_info" in value:
            self.tcb_infos.append(Signed(value["tcb_info"], value["tcb_info_signature"]))
            self.identities.append(Signed(value["qe_identity"], value["qe_identity_signature"]))
            for member in ("tcb_info_issuer_chain", "qe_identity_issuer_chain", "pck_crl_issuer_chain"):
                self.certificates += pem_certificates(value.get(member, ""))
            for member in ("root_ca_crl", "pck_crl"):
                if value.get(member):
                    self.add_crl(bytes.fromhex(value[member]))

    def add(self, data):
        if data[:1] == b"\x30":
            self.add_crl(data)
            return
        text = data.decode("utf-8")
        if text.lstrip().startswith("{"):
            self.add_json(text)
        elif "-----BEGIN" in text:
            self.certificates += pem_certificates(text)
            for raw in pem_blocks(text, "X509 CRL"):
                self.add_crl(raw)
        elif re.fullmatch(r"[0-9a-fA-F\s]+", text):
            self.add_crl(bytes.fromhex(text))

    def add_path(self, path):
        if not os.path.isdir(path):
            with open(path, "rb") as f:
                self.add(f.read())
            return
        for name in sorted(os.listdir(path)):
            if os.path.isfile(os.path.join(path, name)):
                try:
                    self.add_path(os.path.join(path, name))
                except (Refused, ValueError, KeyError, IndexError):
                    pass  # not collateral


# ---- the quote -------------------------------------------------------------------------------------------------------


class Quote:
    def __init__(self, data):
        self.data = data
        need(len(data) >= 48, "the quote ends early")
        version, key_type = struct.unpack_from("<HH", data)
        need(version in (3, 4, 5) and key_type == 2, "another version or kind of key")
        need(data[12:28].hex() == "939a7233f79c4ca9940a0db3957f0607", "another vendor's quoting enclave")
        tee = 0 if version == 3 else struct.unpack_from("<I", data, 4)[0]
        need(tee in (0, 0x81), "neither SGX nor TDX")
        at, size = 48, 384 if tee == 0 else 584
        if version == 5:
            need(len(data) >= 54, "the quote ends early")
            kind, size = struct.unpack_from("<HI", data, 48)
            need({1: (384, 0), 2: (584, 0x81), 3: (648, 0x81), 4: (885, 0x81)}.get(kind) == (size, tee), "the body's kind and size disagree")
            at = 54
        self.tdx, self.version = tee == 0x81, version
        self.body, self.message = self.take(at, size), self.take(0, at + size)
        length, = struct.unpack("<I", self.take(at + size, 4))
        self.read_signature(self.take(at + size + 4, length))

    def take(self, at, size):
        need(at + size <= len(self.data), "the quote ends early")
        return self.data[at:at + size]

    def read_signature(self, data):
        need(len(data) >= 128, "the signature ends early")
        self.signature, self.key, rest = data[:64], data[64:128], data[128:]
        if self.version > 3:
            need(len(rest) >= 6, "the signature ends early")
            kind, size = struct.unpack_from("<HI", rest)
            need(kind == 6 and size == len(rest) - 6, "certification data of another kind or size")
            rest = rest[6:]
        need(len(rest) >= 450, "the signature ends early")
        self.qe_report, self.qe_signature = rest[:384], rest[384:448]
        n, = struct.unpack_from("<H", rest, 448)
        need(len(rest) >= 456 + n, "the signature ends early")
        self.auth = rest[450:450 + n]
        kind, size = struct.unpack_from("<HI", rest, 450 + n)
        need(size == len(rest) - 456 - n, "certification data of another size")
        self.kind, self.certification = kind, rest[456 + n:]


# ---- the verdict -----------------------------------------------------------------------------------------------------

SGX_EXTENSION = "1.2.840.113741.1.13.1"


class Platform:
    """What the PCK certificate says."""

    def __init__(self, certificate):
        value = certificate.extensions.get(SGX_EXTENSION)
        need(value is not None, "the PCK certificate has no SGX extension")
        fields = {oid(children(f)[0][1]): children(f)[1] for _, f, _ in children(der(value)[1])}
        tcb = {oid(children(f)[0][1]): children(f)[1][1] for _, f, _ in children(fields[SGX_EXTENSION + ".2"][1])}
        self.components = [int.from_bytes(tcb["%s.2.%d" % (SGX_EXTENSION, i)], "big") for i in range(1, 17)]
        self.pcesvn = int.from_bytes(tcb[SGX_EXTENSION + ".2.17"], "big")
        self.pceid = fields[SGX_EXTENSION + ".3"][1].hex()
        self.fmspc = fields[SGX_EXTENSION + ".4"][1].hex()


class Verifier:
    def __init__(self, collateral, now, root, without_crl):
        self.collateral, self.now, self.root, self.without_crl = collateral, now, root, without_crl

    def in_time(self, window, what):
        need(window[0] <= self.now <= window[1], what + " is not valid at this time", "ExpiredOrNotYetValid")

    def is_root(self, certificate):
        return self.root in (certificate.digest(), certificate.key.hex())

    def chain(self, certificates, names, what):
        """Leaf first; the last is the root."""
        need(len(certificates) == len(names), what + " has another number of certificates")
        for c, name in zip(certificates, names):
            need(re.fullmatch(name, c.name), what + ": a certificate is named " + c.name)
        for lower, upper in zip(certificates, certificates[1:] + certificates[-1:]):
            need(lower.issuer == upper.subject and upper.is_authority(), what + ": another issuer")
            need(lower.signed_by(upper.key), what + ": a signature does not hold")
        need(self.is_root(certificates[-1]), what + " ends in a root that is not trusted")
        for c in certificates:
            self.in_time(c.window, what + ": " + c.name)

    def not_revoked(self, issuer, certificates):
        """The newest list of the issuer."""
        lists = [c for c in self.collateral.lists if c.issuer == issuer.subject]
        if not lists and self.without_crl:
            return
        need(lists, "no list of revoked certificates of " + issuer.name, "MissingCollateral")
        valid = [c for c in lists if c.window[0] <= self.now <= c.window[1]] or lists
        newest = max(valid, key=lambda c: c.window[0])
        need(newest.signed_by(issuer.key), "the list of %s is not signed by it" % issuer.name)
        for c in certificates:
            need(c.serial not in newest.serials, c.name + " was revoked", "Revoked")
        self.in_time(newest.window, "the list of " + issuer.name)

    def pck_chain(self, quote):
        given = []
        if quote.kind == 5:
            given = pem_certificates(quote.certification.decode("latin-1"))
        if quote.kind != 5 or not given:
            need(quote.kind in (1, 2, 3, 4, 5), "certification data of another kind")
            given = self.collateral.certificates
        leaves = [c for c in given if SGX_EXTENSION in c.extensions]
        need(leaves, "no PCK certificate", "MissingCollateral")
        certificates = leaves[:1]
        while certificates[-1].issuer != certificates[-1].subject:
            above = [c for c in given if c.subject == certificates[-1].issuer]
            need(above, "no issuer of the PCK certificate", "MissingCollateral")
            certificates.append(above[0])
        self.chain(certificates, [r".* PCK Certificate", r".* PCK (Processor |Platform )?CA", r".* Root CA"],
                   "the PCK chain")
        self.not_revoked(certificates[2], certificates[1:2])
        self.not_revoked(certificates[1], certificates[:1])
        return certificates

    def choose(self, candidates, what):
        """The newest that is valid now, or the newest."""
        need(candidates, "no " + what, "MissingCollateral")
        valid = [c for c in candidates if c.window[0] <= self.now <= c.window[1]]
        chosen = max(valid or candidates, key=lambda c: c.window[0])
        signers = [c for c in self.collateral.certificates if re.fullmatch(r".* TCB Signing", c.name)]
        need(signers, "no certificate of a TCB signer", "MissingCollateral")
        by = [c for c in signers if ecdsa_raw(c.key, chosen.text.encode(), chosen.signature)]
        need(by, what + " is not signed by the TCB signer")
        by = [c for c in by if c.window[0] <= self.now <= c.window[1]] or by
        roots = [c for c in self.collateral.certificates if c.subject == by[0].issuer]
        need(roots, "no root certificate with the TCB signer's", "MissingCollateral")
        self.chain([by[0], roots[0]], [r".* TCB Signing", r".* Root CA"], "the signer of the " + what)
        self.not_revoked(roots[0], by[:1])
        self.in_time(chosen.window, what)
        return chosen.value

    def tcb_info(self, quote, platform):
        tee = "TDX" if quote.tdx else "SGX"
        fits = [c for c in self.collateral.tcb_infos
                if c.value.get("id", "SGX") == tee and c.value["fmspc"].lower() == platform.fmspc]
        info = self.choose(fits, "TCB info")
        need(info["pceId"].lower() == platform.pceid, "the TCB info is for another PCE")
        return info

    def qe_status(self, quote):
        name = "TD_QE" if quote.tdx else "QE"
        identity = self.choose([c for c in self.collateral.identities if c.value["id"] == name], "QE identity")
        report = quote.qe_report
        # Digits stand for bytes as they lie in the report.
        for member, at, size, what in (("miscselect", 16, 4, "another MISCSELECT"), ("attributes", 48, 16, "other attributes")):
            mask, wanted = bytes.fromhex(identity[member + "Mask"]), bytes.fromhex(identity[member])
            need(all(a & m == w & m for a, m, w in zip(report[at:at + size], mask, wanted)),
                 "the quoting enclave has " + what)
        need(report[128:160].hex() == identity["mrsigner"].lower(), "the quoting enclave has another signer")
        product, svn = struct.unpack_from("<HH", report, 256)
        need(product == identity["isvprodid"], "the quoting enclave is another product")
        for level in identity["tcbLevels"]:
            if level["tcb"]["isvsvn"] <= svn:
                return level["tcbStatus"], level.get("advisoryIDs", [])
        raise Refused("NotSupported", "no TCB level of the quoting enclave matches")

    @staticmethod
    def components(tcb, kind):
        if kind + "tcbcomponents" in tcb:
            return [c["svn"] for c in tcb[kind + "tcbcomponents"]]
        return [tcb["%stcbcomp%02dsvn" % (kind, i)] for i in range(1, 17)]

    def level(self, info, platform, svn):
        """svn: of the TDX module, None for SGX."""
        for level in info["tcbLevels"]:
            tcb = level["tcb"]
            if any(have < want for have, want in zip(platform.components, self.components(tcb, "sgx"))):
                continue
            if platform.pcesvn < tcb["pcesvn"]:
                continue
            if svn:
                first = 2 if svn[1] > 0 else 0
                if any(svn[i] < want for i, want in enumerate(self.components(tcb, "tdx")) if i >= first):
                    continue
            return level["tcbStatus"], level.get("advisoryIDs", [])
        raise Refused("NotSupported", "no TCB level matches")

    def module_status(self, info, quote, svn):
        """Of a TDX module; None where the level says it all."""
        signer, attributes = quote.body[64:112], quote.body[112:120]
        if svn[1] == 0:
            module, levels = info["tdxModule"], None
        else:
            found = [m for m in info.get("tdxModuleIdentities", []) if m["id"] == "TDX_%02X" % svn[1]]
            need(found, "no identity of the TDX module", "NotSupported")
            module, levels = found[0], found[0]["tcbLevels"]
        mask, wanted = bytes.fromhex(module["attributesMask"]), bytes.fromhex(module["attributes"])
        need(signer.hex() == module["mrsigner"].lower(), "the TDX module has another signer")
        need(all(a & m == w for a, m, w in zip(attributes, mask, wanted)), "the TDX module has other attributes")
        return self.module_level(levels, svn[0]) if levels else (None, [])

    def evaluate(self, info, platform, quote, svn, qe_status):
        """The platform's status under that TDX module, and the advisories."""
        status, advisories = self.level(info, platform, svn)
        if svn:
            module, more = self.module_status(info, quote, svn)
            status, advisories = self.converge(status, module), advisories + more
        return self.converge(status, qe_status), advisories

    @staticmethod
    def relaunch(launch, now):
        """Of a TD that outlived the module that started it."""
        if now == "Revoked" or not launch.startswith("OutOfDate") or now.startswith("OutOfDate"):
            return now if now == "Revoked" else launch
        return "TDRelaunchAdvised" + ("ConfigurationNeeded" if "Configuration" in launch + now else "")

    @staticmethod
    def module_level(levels, svn):
        for level in levels:
            if level["tcb"]["isvsvn"] <= svn:
                return level["tcbStatus"], level.get("advisoryIDs", [])
        raise Refused("NotSupported", "no TCB level of the TDX module matches")

    @staticmethod
    def converge(status, part):
        if part == "Revoked":
            return "Revoked"
        if part == "OutOfDate":
            return {"UpToDate": "OutOfDate", "SWHardeningNeeded": "OutOfDate",
                    "ConfigurationNeeded": "OutOfDateConfigurationNeeded",
                    "ConfigurationAndSWHardeningNeeded": "OutOfDateConfigurationNeeded"}.get(status, status)
        return status

    def verify(self, quote):
        certificates = self.pck_chain(quote)
        platform = Platform(certificates[0])
        need(ecdsa_raw(certificates[0].key, quote.qe_report, quote.qe_signature), "the quoting enclave's report is forged")
        need(quote.qe_report[320:384] == hashlib.sha256(quote.key + quote.auth).digest() + bytes(32),
             "the attestation key is not the quoting enclave's")
        need(ecdsa_raw(quote.key, quote.message, quote.signature), "the quote is not signed by the attestation key")
        info = self.tcb_info(quote, platform)
        qe_status, qe_advisories = self.qe_status(quote)
        status, advisories = self.evaluate(info, platform, quote, quote.body[:16] if quote.tdx else None, qe_status)
        if len(quote.body) >= 648:
            now, _ = self.evaluate(info, platform, quote, quote.body[584:600], qe_status)
            status = self.relaunch(status, now)
        need(status != "Revoked", "the TCB level was revoked", "Revoked")
        return status, sorted(set(advisories) | set(qe_advisories))


def read_quote(path):
    with open(path, "rb") as f:
        data = f.read()
    digits = re.fullmatch(rb"(?:0x)?([0-9a-fA-F]+)\s*", data)
    if digits:
        data = bytes.fromhex(digits.group(1).decode())
    return Quote(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--time", type=int, required=True)
    parser.add_argument("--collateral", action="append", default=[])
    parser.add_argument("--root", default=INTEL_ROOT, help="SHA-256 of a certificate")
    parser.add_argument("--without-crl", action="store_true")
    parser.add_argument("quote")
    options = parser.parse_args()
    try:
        collateral = Collateral()
        for path in options.collateral:
            collateral.add_path(path)
        verifier = Verifier(collateral, options.time, options.root.lower(), options.without_crl)
        status, advisories = verifier.verify(read_quote(options.quote))
    except Refused as refused:
        print(refused.status)
        print(refused.reason)
        return 1
    except (ValueError, KeyError, IndexError, struct.error) as error:
        print("Invalid")
        print("malformed: %r" % error)
        return 1
    print(status, ",".join(advisories))
    return 0


if __name__ == "__main__":
    sys.exit(main())
