#!/usr/bin/env python3
"""Computes testdata/vectors.json: the messages, the key schedule and the records of
one connection, from the package comment alone. Needs the package `cryptography`;
HKDF is written out here. Run it in this folder to make the file again."""

import hashlib, hmac, json
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305


def mac(key, msg):
    return hmac.new(key, msg, hashlib.sha512).digest()


def extract(secret, salt):
    return mac(salt, secret)


def expand(secret, label, n):
    out, block = b"", b""
    for i in range(1, 256):
        if len(out) >= n:
            break
        block = mac(secret, block + label.encode() + bytes([i]))
        out += block
    return out[:n]


def fill(first, n):
    return bytes((first + 7 * i) % 256 for i in range(n))


def vec(b):
    return bytes([len(b)]) + b


def framed(kind, body):
    return bytes([kind]) + len(body).to_bytes(2, "big") + body


said = b""


def say(kind, body):
    global said
    said += bytes([kind]) + len(body).to_bytes(4, "big") + body


def heard(kind=None, body=b""):
    more = b"" if kind is None else bytes([kind]) + len(body).to_bytes(4, "big") + body
    return hashlib.sha512(said + more).digest()


def identity(seed):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return key, raw


v = {}
server_seed, client_seed = fill(1, 32), fill(2, 32)
server, server_key = identity(server_seed)
client, client_key = identity(client_seed)
session_key = fill(3, 64)  # OPAQUE's
ke1, ke2, ke3 = fill(4, 96), fill(5, 320), fill(6, 64)

preface = b"HRTH" + bytes([1, 2]) + vec(b"hearth 0.4")
hello = fill(7, 32) + vec(bytes([2, 1])) + vec(b"attic") + vec("gäste".encode()) + ke1
say(0, preface)
say(1, hello)

offer = (bytes([1]) + fill(8, 32) + bytes([1]) + (3).to_bytes(4, "big") + (65536).to_bytes(4, "big")
         + bytes([4]) + server_key + vec(b"hearth 0.5"))
v["context"] = b"hearth/1 opaque context" + heard(2, offer)
signature = server.sign(b"hearth/1 server identity\0" + heard(2, offer + ke2))
server_hello = offer + ke2 + signature
say(2, server_hello)

sum1 = heard(3, ke3)
say(3, ke3)
between = extract(session_key, sum1)
plain = client_key + client.sign(b"hearth/1 client identity\0" + sum1)


def once(secret, label, plain):
    b = expand(secret, label, 44)
    return ChaCha20Poly1305(b[:32]).encrypt(b[32:], plain, None)


finish = ke3 + once(between, "hearth/1 client finish", plain)
say(3, plain)
main = extract(between, heard())

v["server_seed"], v["client_seed"], v["session_key"] = server_seed, client_seed, session_key
v["first_flight"] = preface + framed(1, hello)
v["server_hello"] = framed(2, server_hello)
v["client_finish"] = framed(3, finish)
v["server_finish"] = framed(4, once(main, "hearth/1 server finish", bytes([0])))
v["alert"] = framed(5, bytes([2, 1, 4]) + vec(b"hearth 0.9"))
v["to_server"] = expand(main, "hearth/1 client to server", 64)
v["to_client"] = expand(main, "hearth/1 server to client", 64)
v["exporter"] = expand(main, "hearth/1 exporter", 64)
v["exported"] = expand(v["exporter"], "hearth/1 exporter\0label", 32)


def records(secret, cipher, every, messages):
    """Seals messages, with a new key after `every` records."""
    out, n = b"", 0
    for typ, payload in messages:
        if n % every == 0:
            if n:
                secret = expand(secret, "hearth/1 next secret", 64)
            aead = cipher(expand(secret, "hearth/1 record key", 32))
            iv = expand(secret, "hearth/1 record iv", 12)
        count = (n % every).to_bytes(12, "big")
        nonce = bytes(a ^ b for a, b in zip(iv, count))
        header = (1 + len(payload) + 16).to_bytes(3, "big")
        out += header + aead.encrypt(nonce, bytes([typ]) + payload, header)
        n += 1
    return out


messages = [(0, fill(10 + i, 20 * i + 1)) for i in range(7)] + [(1, b"")]
v["records_chacha"] = records(v["to_server"], ChaCha20Poly1305, 3, messages)
v["records_aes"] = records(v["to_server"], AESGCM, 3, messages)

with open("vectors.json", "w") as f:
    json.dump({k: x.hex() for k, x in v.items()}, f, indent=1)
    f.write("\n")
