# SPDX-License-Identifier: MIT
"""A broker of another make: written from docs/broker.md alone, and the least
that is one. It believes a TPM by the maker of its EK, and an image by the
value of PCR 14.

    with OtherBroker(key, authority, measured, keys) as other:
        run(image, disk, tpm=tpm, extra=broker.port(other.socket))
    assert other.talks == [None]
"""

import base64
import hashlib
import json
import os
import socket
import struct
import tempfile
import threading
from pathlib import Path

import tpmbytes as tpm
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding

LIMITS = {"cvm-init key request": 64 << 10, "cvm-init evidence": 64 << 20}
PCR = 14


def encode(data):
    """Bytes as messages have them."""
    return base64.b64encode(data).decode()


def decode(message, key):
    """And back."""
    return base64.b64decode(message[key], validate=True)


def once(pairs):
    """An object in which no key stands twice."""
    if len(dict(pairs)) != len(pairs):
        raise tpm.Refused("a key stands twice")
    return dict(pairs)


def receive(end, kind):
    """A message of that type; None at the end of the talk."""
    head = end.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return None
    size = struct.unpack(">I", head)[0]
    if not 0 < size <= LIMITS[kind]:
        raise tpm.Refused("a message has a length that none has")
    message = json.loads(end.recv(size, socket.MSG_WAITALL),
                         object_pairs_hook=once)
    if message["type"] != kind or message["schema"] != 1:
        raise tpm.Refused(f"it is no {kind}")
    return message


def send(end, kind, **content):
    """A message."""
    text = json.dumps({"type": f"cvm-init {kind}", "schema": 1,
                       **content}).encode()
    end.sendall(struct.pack(">I", len(text)) + text)


def check_maker(request, authority):
    """The EK is that of a certificate of this maker's."""
    if "ek-certificate" not in request:
        raise tpm.Refused("the EK has no certificate")
    certificate = x509.load_der_x509_certificate(
        decode(request, "ek-certificate"))
    authority.public_key().verify(certificate.signature,
                                  certificate.tbs_certificate_bytes,
                                  padding.PKCS1v15(),
                                  certificate.signature_hash_algorithm)
    certified = certificate.public_key().public_numbers()
    if certified != tpm.read_ek(decode(request, "ek")).public_numbers():
        raise tpm.Refused("the certificate is of another EK")


def value(text, bank):
    """One PCR's: with another length it would be part of its neighbour's."""
    data = bytes.fromhex(text)
    if len(data) != hashlib.new(bank).digest_size:
        raise tpm.Refused("a value is not one of its bank")
    return data


def check_evidence(evidence, request, nonce, measured):
    """The TPM of the request has quoted what is expected."""
    shown = evidence["tpm"]
    for key in ("ek", "ak", "srk"):
        if shown[key] != request[key]:
            raise tpm.Refused("the evidence is of other keys")
    _, ak = tpm.read_ak(decode(shown, "ak"))

    def signed(key):
        return [decode(shown[key], part) for part in ("attest", "signature")]
    reader = tpm.read_signed(signed("srk-certification"), ak, b"\x80\x17",
                             nonce)
    if reader.sized() != tpm.Srk(decode(shown, "srk")).name:
        raise tpm.Refused("another SRK is certified")
    reader.sized()
    reader.end()
    reader = tpm.read_signed(signed("quote"), ak, b"\x80\x18", nonce)
    chosen = tpm.read_selection(reader)
    values = [value(shown["pcrs"][bank][str(pcr)], bank)
              for bank, pcr in chosen]
    if reader.sized() != tpm.sha256(*values):
        raise tpm.Refused("the values are not those of the quote")
    reader.end()
    if dict(zip(chosen, values)).get(("sha256", PCR)) != measured:
        raise tpm.Refused(f"PCR {PCR} has another value")


def token(srk, digest, blob, keyslot):
    """The LUKS2 token with an object for that storage root key."""
    return json.dumps({
        "type": "systemd-tpm2", "keyslots": [str(keyslot)],
        "tpm2-blob": encode(blob), "tpm2-pcrs": [PCR],
        "tpm2-pcr-bank": "sha256", "tpm2-primary-alg": srk.kind,
        "tpm2-policy-hash": digest.hex(),
        "tpm2_srk": encode(srk.record())}).encode()


def text_to_sign(uuid, fresh, nonce, content):
    """What the signature of a delivered key is over."""
    return (b"cvm-init delivered key\0" + uuid.encode() + b"\0" + fresh
            + bytes([len(nonce)]) + nonce + content)


class OtherBroker:
    """It listens at `socket` until its end, and takes one connection.

    KEY signs; AUTHORITY has signed the certificates of EKs; MEASURED is what
    PCR 14 has to hold; KEYS are from a UUID to a keyslot and its secret.
    """

    def __init__(self, key, authority, measured, keys):
        self.sign = lambda text: key.sign(text, tpm.SHA256)
        self.public = tpm.public_der(key)
        self.authority = authority
        self.measured = self.measured_to_seal = measured
        self.label = tpm.DUPLICATE
        self.keys = keys
        self.talks = []  # of each: why it was refused, or None
        self.short = tempfile.TemporaryDirectory(prefix="other-")
        self.socket = Path(self.short.name) / "s"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.socket))
        self.listener.listen()

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.short.cleanup()

    def _serve(self):
        vm, _ = self.listener.accept()
        with vm:
            while self._talk(vm):
                pass

    def _talk(self, vm):
        """One volume; False at the end."""
        try:
            request = receive(vm, "cvm-init key request")
            if request is None:
                return False
            self._answer(vm, request)
        except InvalidSignature:
            return self._refuse(vm, "a signature is wrong")
        except (tpm.Refused, KeyError, TypeError, ValueError) as why:
            return self._refuse(vm, f"{type(why).__name__}: {why}")
        return True

    def _refuse(self, vm, why):
        self.talks.append(why)
        send(vm, "refusal", reason=ascii(why)[1:-1][:399])
        return False

    def _challenge(self, vm, request):
        """The nonce that the TPM has to find."""
        ek, ak = decode(request, "ek"), decode(request, "ak")
        nonce = tpm.challenge_nonce(os.urandom(32), ek, ak)
        credential, secret = tpm.challenge(os.urandom(32), nonce, ek, ak)
        send(vm, "challenge", credential=encode(credential),
             secret=encode(secret), **{"created-by": "another broker"})
        return nonce

    def _token(self, request):
        """The volume's key, for that TPM and what is expected of it."""
        keyslot, secret = self.keys[request["uuid"]]
        srk = tpm.Srk(decode(request, "srk"))
        digest = tpm.policy(PCR, self.measured_to_seal)
        blob = tpm.seal(srk, digest, secret, os.urandom(32), os.urandom(32),
                        ec.generate_private_key(tpm.P256), self.label)
        return token(srk, digest, blob, keyslot)

    def _answer(self, vm, request):
        check_maker(request, self.authority)
        nonce = self._challenge(vm, request)
        evidence = receive(vm, "cvm-init evidence")
        if evidence is None:
            raise tpm.Refused("the VM hung up")
        check_evidence(evidence, request, nonce, self.measured)
        content = self._token(request)
        text = text_to_sign(request["uuid"], bytes.fromhex(request["fresh"]),
                            nonce, content)
        self.talks.append(None)
        send(vm, "delivered key", token=encode(content),
             key=encode(self.public), signature=encode(self.sign(text)))
