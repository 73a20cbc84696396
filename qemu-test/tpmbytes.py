# SPDX-License-Identifier: MIT
"""A TPM's structures and how a key is sealed without its TPM: written from
docs/broker.md alone, so that the page is known to be enough. What is random
there is an argument here, so that docs/broker-sample.json can be held to it.
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

P256 = ec.SECP256R1()
SHA256 = ec.ECDSA(hashes.SHA256())
EK_HEAD = bytes.fromhex(
    "013a 0001 000b 000300b2 0020"
    "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa"
    "0006 0080 0043 0010 0800 00000000 0100")
AK_HEAD = bytes.fromhex("0023 000b 00050472 0000 0010 0018 000b 0003 0010")
SRK_ECC = bytes.fromhex("0006 0080 0043 0010 0003 0010")
SRK_RSA = bytes.fromhex("0006 0080 0043 0010 0800 00000000")
SRK_NEEDS, SIGNS = 0x00030072, 0x00040000
BANKS = {4: "sha1", 11: "sha256", 12: "sha384", 13: "sha512"}
IDENTITY, DUPLICATE = b"IDENTITY\0", b"DUPLICATE\0"  # what a seed is for
ATTEST = bytes.fromhex("ff544347")


class Refused(Exception):
    """Why there is no key."""


def sha256(*parts):
    """Of byte strings, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def sized(data):
    """A TPM2B of it."""
    return struct.pack(">H", len(data)) + data


class Reader:
    """Takes a structure apart, and refuses one that ends too early."""

    def __init__(self, data):
        self.data = data

    def bytes(self, size):
        """So many of them."""
        if size > len(self.data):
            raise Refused("a structure of the TPM is cut")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, size):
        """Highest byte first."""
        return int.from_bytes(self.bytes(size), "big")

    def sized(self):
        """What is in a TPM2B."""
        return self.bytes(self.number(2))

    def expect(self, data, what):
        """These bytes and no others."""
        if self.bytes(len(data)) != data:
            raise Refused(f"{what} is not as it has to be")

    def end(self):
        """Nothing follows."""
        if self.data:
            raise Refused("a structure of the TPM is too long")


def name(area):
    """Of what has this public area."""
    return b"\0\x0b" + sha256(area)


def read_point(reader):
    """Two TPM2B: a public key on P-256, and its x as it stands there."""
    x, y = reader.sized(), reader.sized()
    reader.end()
    try:
        return x, ec.EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"),
            P256).public_key()
    except ValueError:
        raise Refused("a point is not on P-256") from None


def read_modulus(reader):
    """A TPM2B: a public key of RSA 2048."""
    modulus = reader.sized()
    reader.end()
    return rsa.RSAPublicNumbers(65537,
                                int.from_bytes(modulus, "big")).public_key()


def read_ek(public):
    """The endorsement key."""
    if not public.startswith(EK_HEAD):
        raise Refused("the EK is of another template")
    return read_modulus(Reader(public[len(EK_HEAD) - 2:]))


def read_ak(public):
    """The attestation key: its name, and the key."""
    reader = Reader(public)
    area = reader.sized()
    reader.end()
    reader = Reader(area)
    reader.expect(AK_HEAD, "the AK")
    return name(area), read_point(reader)[1]


class Srk:
    """A storage root key: kind ("ecc", "rsa"), name, key, and x."""

    def __init__(self, public):
        reader = Reader(public)
        area = reader.sized()
        reader.end()
        self.public = public
        self.name = name(area)
        reader = Reader(area)
        kind = reader.number(2)
        reader.expect(b"\0\x0b", "the name of the SRK")
        attributes = reader.number(4)
        reader.sized()
        if attributes & SRK_NEEDS != SRK_NEEDS or attributes & SIGNS:
            raise Refused("the SRK is no storage key")
        self.x = None
        if kind == 0x23:
            self.kind = "ecc"
            reader.expect(SRK_ECC, "the SRK")
            self.x, self.key = read_point(reader)
        elif kind == 1:
            self.kind = "rsa"
            reader.expect(SRK_RSA, "the SRK")
            self.key = read_modulus(reader)
        else:
            raise Refused("the SRK is of another kind")

    def record(self):
        """tpm2_srk of the token."""
        return (bytes.fromhex("81000001") + sized(self.name)
                + bytes.fromhex("00000001") + self.public)


def oaep(label):
    """How a seed is encrypted to an RSA key."""
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(),
                        label)


def kdfa(key, label, context, size):
    """By HMAC."""
    return hmac.digest(key, bytes.fromhex("00000001") + label + b"\0" + context
                       + struct.pack(">I", 8 * size), "sha256")[:size]


def wrap_keys(seed, object_name):
    """The two keys of the outer wrap."""
    return (kdfa(seed, b"STORAGE", object_name, 16),
            kdfa(seed, b"INTEGRITY", b"", 32))


def wrap(seed, object_name, plain):
    """The outer wrap."""
    symmetric, integrity = wrap_keys(seed, object_name)
    encryptor = Cipher(algorithms.AES(symmetric),
                       modes.CFB(bytes(16))).encryptor()
    cipher = encryptor.update(plain) + encryptor.finalize()
    return sized(hmac.digest(integrity, cipher + object_name,
                             "sha256")) + cipher


def challenge_nonce(random, ek, ak):
    """What the TPM has to find."""
    return sha256(b"cvm-init challenge", random, ek, ak)


def challenge(seed, nonce, ek, ak):
    """The two parts of a challenge: credential and secret."""
    secret = read_ek(ek).encrypt(seed, oaep(IDENTITY))
    return sized(wrap(seed, read_ak(ak)[0], sized(nonce))), sized(secret)


def read_signed(signed, key, kind, nonce):
    """A TPMS_ATTEST of that kind; SIGNED has both parts as bytes."""
    attest, signature = signed
    reader = Reader(signature)
    reader.expect(bytes.fromhex("0018000b"), "the signature")
    r, s = (int.from_bytes(reader.sized(), "big") for _ in "rs")
    reader.end()
    # raises InvalidSignature
    key.verify(utils.encode_dss_signature(r, s), attest, SHA256)
    reader = Reader(attest)
    reader.expect(ATTEST + kind, "what the AK has signed")
    reader.sized()
    if reader.sized() != nonce:
        raise Refused("the nonce is another one")
    reader.bytes(25)
    return reader


def read_selection(reader):
    """Banks and their PCRs, in the order of their values."""
    chosen = []
    for _ in range(reader.number(4)):
        bank = BANKS.get(reader.number(2))
        bits = reader.bytes(reader.number(1))
        chosen += [(bank, n) for n in range(8 * len(bits))
                   if bits[n // 8] >> n % 8 & 1]
    return chosen


def selection(pcr):
    """One PCR of the SHA-256 bank."""
    bits = bytearray(3)
    bits[pcr // 8] |= 1 << pcr % 8
    return bytes.fromhex("00000001000b03") + bits


def policy(pcr, value):
    """The digest of TPM2_PolicyPCR for that value."""
    return sha256(bytes(32), bytes.fromhex("0000017f"), selection(pcr),
                  sha256(value))


def object_public(policy_digest, obfuscation, secret):
    """TPMT_PUBLIC of a sealed object."""
    return (bytes.fromhex("0008000b00000400") + sized(policy_digest)
            + bytes.fromhex("0010") + sized(sha256(obfuscation, secret)))


def object_sensitive(obfuscation, secret):
    """What nobody but the TPM may see."""
    return sized(bytes.fromhex("00080000") + sized(obfuscation)
                 + sized(secret))


def shared_x(ours, srk):
    """z of an SRK on P-256."""
    return ours.exchange(ec.ECDH(), srk.key)


def make_seed(srk, random, ours, label=DUPLICATE):
    """The seed, and what the TPM takes to learn it. For RSA it is RANDOM; for
    P-256 it comes from OURS, a key of our own."""
    if srk.kind == "rsa":
        return random, srk.key.encrypt(random, oaep(label))
    numbers = ours.public_key().public_numbers()
    x, y = (n.to_bytes(32, "big") for n in (numbers.x, numbers.y))
    seed = sha256(bytes.fromhex("00000001"), shared_x(ours, srk), label, x,
                  srk.x)
    return seed, sized(x) + sized(y)


def seal(srk, policy_digest, secret, obfuscation, random, ours,
         label=DUPLICATE):
    """tpm2-blob of the token."""
    seed, encrypted = make_seed(srk, random, ours, label)
    public = object_public(policy_digest, obfuscation, secret)
    private = wrap(seed, name(public), object_sensitive(obfuscation, secret))
    return sized(private) + sized(public) + sized(encrypted)


def public_der(key):
    """SubjectPublicKeyInfo of a private key."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
