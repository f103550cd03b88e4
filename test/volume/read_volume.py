#!/usr/bin/env python3
"""
Reads a volume by doc/volume.md alone: in Python's standard library, with an AES-GCM of its own, and nothing of Retwine's code.
Usage: read_volume.py VOLUME KEYFILE, the key a provisioned one. Prints the state, and each file with its size and SHA-256; every
block on the way is opened, and what two places say of one thing is compared. Any contradiction ends it with status 1.
"""
import hashlib
import hmac
import struct
import sys

BLOCK = 4096
HOLE = bytes(32)


# ---- AES-256-GCM (FIPS 197, SP 800-38D) ----

def _sbox():
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1) & 255 ^ (0x1b if p & 128 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 255
        if q & 128:
            q ^= 9
        x = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)
        box[p] = (x ^ 0x63) & 255
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = _sbox()
DOUBLE = [x << 1 ^ (0x11b if x & 128 else 0) for x in range(256)]
# A column's contribution to a round, by its row.
T0 = [DOUBLE[s] << 24 | s << 16 | s << 8 | DOUBLE[s] ^ s for s in SBOX]
T = [[t >> 8 * r | (t << 32 - 8 * r) & 0xffffffff for t in T0] for r in range(4)]


def _expand(key):
    w, rcon = list(struct.unpack(">8I", key)), 1
    sub = lambda x: sum(SBOX[x >> s & 255] << s for s in (0, 8, 16, 24))
    for i in range(8, 60):
        t = w[i - 1]
        if i % 8 == 0:
            t = sub((t << 8 | t >> 24) & 0xffffffff) ^ rcon << 24
            rcon = DOUBLE[rcon]
        elif i % 8 == 4:
            t = sub(t)
        w.append(w[i - 8] ^ t)
    return w


class Gcm:
    def __init__(self, key):
        self.w = _expand(key)
        h = int.from_bytes(self._aes(bytes(16)), "big")
        self.rows = []  # h times each value of each byte
        powers = []
        for _ in range(128):
            powers.append(h)
            h = h >> 1 ^ (0xe1 << 120 if h & 1 else 0)
        for byte in range(16):
            row = [0] * 256
            for v in range(1, 256):
                low = v & -v
                row[v] = row[v ^ low] ^ powers[8 * byte + 8 - low.bit_length()]
            self.rows.append(row)

    def _aes(self, block):
        w = self.w
        a, b, c, d = (x ^ k for x, k in zip(struct.unpack(">4I", block), w))
        t0, t1, t2, t3 = T
        for r in range(4, 56, 4):
            a, b, c, d = (
                t0[a >> 24] ^ t1[b >> 16 & 255] ^ t2[c >> 8 & 255] ^ t3[d & 255] ^ w[r],
                t0[b >> 24] ^ t1[c >> 16 & 255] ^ t2[d >> 8 & 255] ^ t3[a & 255] ^ w[r + 1],
                t0[c >> 24] ^ t1[d >> 16 & 255] ^ t2[a >> 8 & 255] ^ t3[b & 255] ^ w[r + 2],
                t0[d >> 24] ^ t1[a >> 16 & 255] ^ t2[b >> 8 & 255] ^ t3[c & 255] ^ w[r + 3])
        s, out = SBOX, []
        for i, (e, f, g, h) in enumerate(((a, b, c, d), (b, c, d, a), (c, d, a, b), (d, a, b, c))):
            out.append((s[e >> 24] << 24 | s[f >> 16 & 255] << 16 | s[g >> 8 & 255] << 8 | s[h & 255]) ^ w[56 + i])
        return struct.pack(">4I", *out)

    def _hash(self, data, y):
        for i in range(0, len(data), 16):
            y ^= int.from_bytes(data[i:i + 16].ljust(16, b"\0"), "big")
            z = 0
            for byte, v in enumerate(y.to_bytes(16, "big")):
                z ^= self.rows[byte][v]
            y = z
        return y

    def open(self, nonce, sealed, aad):
        cipher, tag = sealed[:-16], sealed[-16:]
        y = self._hash(cipher, self._hash(aad, 0))
        y = self._hash(struct.pack(">QQ", 8 * len(aad), 8 * len(cipher)), y)
        want = y ^ int.from_bytes(self._aes(nonce + struct.pack(">I", 1)), "big")
        if want != int.from_bytes(tag, "big"):
            raise ValueError("a tag does not hold")
        pad = b"".join(self._aes(nonce + struct.pack(">I", 2 + i)) for i in range((len(cipher) + 15) // 16))
        return bytes(x ^ k for x, k in zip(cipher, pad))


def hkdf(salt, secret, info):
    prk = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\1", hashlib.sha256).digest()


def must(holds, what):
    if not holds:
        raise ValueError(what)


# ---- the volume ----

class Volume:
    def __init__(self, data, key):
        self.data = data
        self.keys = {}
        self.salts = []
        self.read_header(key)
        self.read_super()

    def block(self, n):
        return self.data[n * BLOCK:(n + 1) * BLOCK]

    def derive(self, label):
        return hkdf(self.id, self.master, label)

    def read_header(self, key):
        copies = [self.data[at:at + 16384] for at in (0, 16384)]
        h = max(copies, key=lambda c: struct.unpack_from("<Q", c, 16))
        version, count = struct.unpack_from("<II", h, 8)
        self.id = h[24:40]
        must(h[:8] == b"RTWVOL1\0" and version == 1 and count <= 16 and not any(h[40:64]), "header")
        must(not any(h[64 + 528 * count:16352]), "what is behind the slots")
        self.master = next(filter(None, (self.open_slot(h[64 + 528 * i:592 + 528 * i], key) for i in range(count))))
        mac = hmac.new(self.derive(b"retwine.volume.header.v1"), h[:16352], hashlib.sha256).digest()
        must(mac == h[16352:], "the header's MAC")

    def open_slot(self, place, key):
        kind, size, zero = struct.unpack_from("<IIQ", place)
        must(zero == 0 and not any(place[16 + size:]), "a slot")
        if kind != 3:
            return None
        clear, wrapped = place[16:113], place[113:16 + size]
        kek = hkdf(clear[65:], key, b"retwine.volume.provisioned.v1")
        try:
            return Gcm(kek).open(wrapped[:12], wrapped[12:], b"retwine.volume.slot.v1" + self.id + bytes([kind]) + clear)
        except ValueError:
            return None

    def read_super(self):
        cipher, intact = Gcm(self.derive(b"retwine.volume.super.v1")), []
        for place in (0, 1):
            sealed = self.block(8 + place)
            try:
                plain = cipher.open(sealed[:12], sealed[12:], self.id + struct.pack("<I", place))
            except ValueError:
                continue
            intact.append((struct.unpack_from("<Q", plain, 16)[0], plain, hashlib.sha256(sealed).digest()))
        intact.sort()
        self.sequence, p, self.root = intact[-1]
        if len(intact) == 2:
            must(p[48:80] == intact[0][2], "the parent")
        version, blocks, used, epochs = struct.unpack_from("<IIII", p)
        must(version == 1 and not any(p[200:]), "the superblock")
        trees = [(p[at:at + 32], p[at + 32]) for at in (80, 120, 160)]
        for i in range((epochs + 127) // 128):
            table = self.read(1, trees[0], i)
            self.salts += [table[at:at + 32] for at in range(0, BLOCK, 32)]
        bits = b"".join(self.read(2, trees[1], i) for i in range((blocks + 32767) // 32768))
        must(sum(bin(b).count("1") for b in bits) == used, "the map's count")
        self.table = trees[2]

    def open(self, ref, ino, index, level):
        block, epoch, counter = struct.unpack_from("<IIQ", ref)
        if block == 0:
            must(ref == HOLE, "a hole")
            return bytes(BLOCK)
        if ino == 1:
            label, nonce = b"retwine.volume.epochs.v1", struct.pack("<QI", counter, epoch)
        else:
            label, nonce = b"retwine.volume.block.v1" + self.salts[epoch], struct.pack("<QI", counter, 0)
        if label not in self.keys:
            self.keys[label] = Gcm(self.derive(label))
        aad = self.id + struct.pack("<QQB", ino, index, level)
        return self.keys[label].open(nonce, self.block(block) + ref[16:], aad)

    def read(self, ino, tree, index):
        ref, depth = tree
        for level in range(depth, 0, -1):
            node = self.open(ref, ino, index >> 7 * level, level)
            at = 32 * (index >> 7 * (level - 1) & 127)
            ref = node[at:at + 32]
        return self.open(ref, ino, index, 0)

    def inode(self, ino):
        return self.read(3, self.table, ino // 16)[256 * (ino % 16):][:256]

    def contents(self, ino):
        record = self.inode(ino)
        size, = struct.unpack_from("<Q", record, 8)
        if record[0] == 3 and size <= 128:
            return record[128:128 + size]
        tree = record[56:88], record[1]
        return b"".join(self.read(ino, tree, i) for i in range((size + BLOCK - 1) // BLOCK))[:size]

    def names(self, ino):
        record, found = self.inode(ino), {}
        bits, tree = record[2], (record[56:88], record[1])
        size, = struct.unpack_from("<Q", record, 8)
        count, = struct.unpack_from("<Q", record, 48)
        tables = max(1, (1 << bits) // 1024) if bits else 0
        buckets = size // BLOCK - tables
        table = {i % tables: self.read(ino, tree, i) for i in range(buckets, buckets + tables)}
        key = self.derive(b"retwine.volume.names.v1") + bytes(32)
        for number in range(buckets):
            bucket = self.read(ino, tree, number)
            depth, zero, used, following, prefix = struct.unpack_from("<BBHIQ", bucket)
            must(zero == 0 and depth <= bits, "a bucket")
            at = 16
            while at < 16 + used:
                position, child, kind, length = struct.unpack_from("<QQBB", bucket, at)
                name = bucket[at + 18:at + 18 + length]
                at += 18 + length
                upper = int.from_bytes(hashlib.sha256(key + name).digest()[:8], "little") >> 16 or 1
                must(position >> 16 == upper, "a name's position")
                must(depth == 0 or position >> 64 - depth == prefix >> 64 - depth, "a bucket's bits")
                if bits and following == 0:
                    slot = position >> 64 - bits
                    must(struct.unpack_from("<I", table[slot // 1024], 4 * (slot % 1024))[0] == number, "the table")
                found[name] = child, kind
        must(len(found) == count, "the count of names")
        return found

    def show(self, ino, path):
        for name, (child, kind) in sorted(self.names(ino).items()):
            must(self.inode(child)[0] == kind, "a type")
            full = path + name.decode("latin1")
            if kind == 2:
                print(full + "/")
                self.show(child, full + "/")
            else:
                contents = self.contents(child)
                print(full, len(contents), hashlib.sha256(contents).hexdigest())


def main():
    with open(sys.argv[1], "rb") as f, open(sys.argv[2], "rb") as k:
        volume = Volume(f.read(), k.read())
    print("state %d:%s" % (volume.sequence, volume.root.hex()))
    volume.show(5, "/")


main()
