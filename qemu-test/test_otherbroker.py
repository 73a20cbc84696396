# SPDX-License-Identifier: MIT
"""A broker that shares no line with cvmctl: who writes one needs docs/broker.md
and nothing else.
"""

import base64
import hashlib
import json
from pathlib import Path

import broker as brokers
import jsonschema
import pytest
import test_broker
import tpmbytes
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from otherbroker import OtherBroker, check_evidence, text_to_sign, token
from refusal import assert_refused
from test_broker import ASK, NO_KEY
from volume import FILES, assert_counts

DOCS = Path(__file__).resolve().parent.parent / "docs"
EXAMPLE = DOCS.parent / "tests/pictures/evidence.json"
SAMPLE = json.loads((DOCS / "broker-sample.json").read_text())
SCHEMA = json.loads((DOCS / "evidence.schema.json").read_text())
PRIVATE = serialization.load_der_private_key

place = test_broker.place


@pytest.fixture
def other(place):
    """The broker, beside the folder of one that cvmctl would be."""
    folder = place.folder / "broker"
    key, = (folder / "store").iterdir()
    uuid, keyslot, _ = key.name.split(".")
    place.maker.tpm(place.folder / "first")  # now there is a certificate
    authority = place.folder / "maker/state/issuercert.pem"
    banks = place.image.manifest["apps"]["banks"]
    with OtherBroker(
            serialization.load_pem_private_key(
                (folder / "broker.key").read_bytes(), None),
            x509.load_pem_x509_certificate(authority.read_bytes()),
            bytes.fromhex(banks["sha256"]["measured"]),
            {uuid: (int(keyslot), key.read_bytes())}) as broker:
        yield broker


def test_opens(place, run, other):
    """It believes the TPM, and the TPM takes what it has sealed. All that was
    said is of the schema."""
    with brokers.Host(other, lambda _, message: message) as host:
        assert_counts(run(place.image, place.disk, tpm=place.tpm(),
                          extra=brokers.port(host.path)), 1)
    assert other.talks == [None]
    validator = jsonschema.Draft202012Validator(SCHEMA)
    said = [json.loads(message) for message in host.seen]
    assert [message["type"] for message in said] == [
        "cvm-init key request", "cvm-init challenge", "cvm-init evidence",
        "cvm-init delivered key"]
    for message in said:
        validator.validate(message)


def test_refuses(place, run, other):
    """What runs is not what it expects."""
    changed = place.build(files={**FILES, "/app/data": b"just as it waS"})
    result = run(changed, place.disk, tpm=place.tpm(),
                 extra=brokers.port(other.socket))
    assert other.talks == ["Refused: PCR 14 has another value"]
    assert_refused(result, f"{NO_KEY}the broker says: {other.talks[0]}{ASK}")


def another_value(broker):
    """Sealed for what does not run."""
    broker.measured_to_seal = bytes(32)


def another_use(broker):
    """Sealed with the seed of a challenge."""
    broker.label = tpmbytes.IDENTITY


def another_text(broker):
    """Signed without the NUL that ends the first word."""
    sign = broker.sign
    broker.sign = lambda text: sign(text.replace(b"\0", b"", 1))


UNSEAL = "init: volumes: cannot unseal the key of volume state: "


@pytest.mark.parametrize("spoil, line", [
    (another_value, UNSEAL + "PCR 14 differs from the policy it was sealed "
     "under; seal it again for these apps with cvmctl seal"),
    (another_use, UNSEAL + "its blob is damaged; restore the volume's header "
     "from a copy, or seal it again with cvmctl seal"),
    (another_text, NO_KEY + "the answer is not signed for this boot and "
     "volume" + ASK),
], ids=["value", "use", "text"])
def test_wrong_answer(place, run, other, spoil, line):
    """What differs in one thing from the page is refused."""
    spoil(other)
    result = run(place.image, place.disk, tpm=place.tpm(),
                 extra=brokers.port(other.socket))
    assert other.talks == [None]
    assert_refused(result, line)
    assert not place.opened(result)


class Part:
    """What of the sample stands under one word, as bytes."""

    def __init__(self, word):
        self.values = SAMPLE[word]

    def __getattr__(self, key):
        return bytes.fromhex(self.values[key.replace("_", "-")])

    def number(self, key):
        """A private key on P-256."""
        return ec.derive_private_key(
            int.from_bytes(getattr(self, key), "big"), tpmbytes.P256)


def test_sample_of_a_challenge():
    """Its numbers are those of the page."""
    ek, ak, part = Part("ek"), Part("ak"), Part("challenge")
    assert part.nonce == tpmbytes.challenge_nonce(part.random, ek.public,
                                                  ak.public)
    name, _ = tpmbytes.read_ak(ak.public)
    assert name == ak.name
    assert ((part.symmetric_key, part.hmac_key)
            == tpmbytes.wrap_keys(part.seed, name))
    credential, secret = tpmbytes.challenge(part.seed, part.nonce, ek.public,
                                            ak.public)
    assert credential == part.credential
    for sent in (secret, part.secret):
        assert part.seed == PRIVATE(ek.private, None).decrypt(
            sent[2:], tpmbytes.oaep(tpmbytes.IDENTITY))


def test_sample_of_an_object():
    """The same, and what the broker signs about it."""
    policy, part, answer = Part("policy"), Part("object"), Part("answer")
    srk = tpmbytes.Srk(Part("srk").public)
    assert policy.present == hashlib.sha256(policy.measured).digest()
    assert policy.selection == tpmbytes.selection(14)
    assert policy.policy == tpmbytes.policy(14, policy.measured)
    ours = part.number("ephemeral")
    assert part.z == tpmbytes.shared_x(ours, srk)
    assert part.seed == tpmbytes.make_seed(srk, None, ours)[0]
    assert part.public == tpmbytes.object_public(
        policy.policy, part.obfuscation, part.secret)
    assert part.sensitive == tpmbytes.object_sensitive(part.obfuscation,
                                                       part.secret)
    assert part.blob == tpmbytes.seal(srk, policy.policy, part.secret,
                                      part.obfuscation, None, ours)
    assert part.srk_record == srk.record()
    content = token(srk, policy.policy, part.blob, 0)
    assert answer.signed == text_to_sign(
        SAMPLE["answer"]["uuid"], answer.fresh, Part("challenge").nonce,
        content)
    sent = SAMPLE["messages"]["delivered-key"]
    key = PRIVATE(answer.key, None)
    assert content == base64.b64decode(sent["token"])
    assert tpmbytes.public_der(key) == base64.b64decode(sent["key"])
    # raises InvalidSignature
    key.public_key().verify(base64.b64decode(sent["signature"]),
                            answer.signed, tpmbytes.SHA256)


def test_offsets():
    """Those in the tables of the page."""
    part, answer = Part("object"), Part("answer")
    policy, size = Part("policy").policy, len(part.secret)
    ends = [int.from_bytes(part.blob[at:at + 2], "big")
            for at in (0, 78 + size, 158 + size)]
    assert ends == [76 + size, 78, 68]
    assert part.blob[80 + size:158 + size] == part.public
    assert part.blob[90 + size:122 + size] == policy
    assert part.blob[126 + size:158 + size] == hashlib.sha256(
        part.obfuscation + part.secret).digest()
    assert len(part.blob) == 160 + size + 68
    assert part.sensitive[8:40] == part.obfuscation
    assert part.sensitive[42:] == part.secret
    assert len(part.sensitive) == 42 + size
    assert part.srk_record[6:40] == Part("srk").name
    assert part.srk_record[44:] == Part("srk").public
    assert answer.signed[60:92] == answer.fresh
    assert answer.signed[93:125] == Part("challenge").nonce


def judge_example(pcrs, measured):
    """What the broker thinks of the example for `cvmctl explain` with these
    values; the AK of the sample has signed its quote."""
    evidence = json.loads(EXAMPLE.read_text())
    evidence["tpm"]["pcrs"]["sha256"].update(pcrs)
    check_evidence(evidence, evidence["tpm"],
                   bytes.fromhex(evidence["nonce"]), bytes.fromhex(measured))


def test_values_of_a_quote():
    """Each stands for the PCR that it is shown of."""
    values = json.loads(EXAMPLE.read_text())["tpm"]["pcrs"]["sha256"]
    judge_example({}, values["14"])
    for pcrs, measured, why in (
            ({}, values["15"], "PCR 14 has"),
            ({"14": values["15"]}, values["15"], "of the quote"),
            ({"13": values["13"] + values["14"], "14": values["15"],
              "15": ""}, values["15"], "of its bank")):
        with pytest.raises(tpmbytes.Refused, match=why):
            judge_example(pcrs, measured)


def test_seed_for_rsa():
    """What a storage root key of RSA decrypts is the seed."""
    key = PRIVATE(Part("ek").private, None)
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    srk = tpmbytes.Srk(tpmbytes.sized(
        bytes.fromhex("0001000b000304720000") + tpmbytes.SRK_RSA
        + tpmbytes.sized(modulus)))
    seed, encrypted = tpmbytes.make_seed(srk, bytes(range(32)), None)
    assert srk.kind == "rsa"
    assert seed == key.decrypt(encrypted, tpmbytes.oaep(tpmbytes.DUPLICATE))
