"""References that cannot be guessed, and tokens that cannot be forged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from channels.base import ReplyToken
from router import tokens


def split(token: str) -> ReplyToken:
    return ReplyToken(*token.split("."))


def test_references_are_short_readable_and_all_different():
    refs = {tokens.new_ref() for _ in range(2000)}
    assert len(refs) == 2000
    assert all(len(ref) == 9 and ref == tokens.canonical_ref(ref) for ref in refs)
    assert not set("".join(refs)) & set("AEIOU01L")


def test_a_reference_is_recognised_however_it_is_typed():
    assert {tokens.canonical_ref(t) for t in ("QK7M-4XPB", "qk7m-4xpb", "qk7m4xpb")} == {"QK7M-4XPB"}
    assert not any(tokens.canonical_ref(t) for t in ("", "QK7M", "QK7M-4XPA", "QK7M--4XPB", "QK7M-4XPBB"))


@given(st.binary(min_size=1), st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=8, max_size=8))
def test_a_token_proves_its_reference_and_only_under_its_key(key, nonce):
    ref = tokens.new_ref()
    token = split(tokens.make(key, ref, nonce))
    assert tokens.verified_ref(key, token) == ref
    assert tokens.verified_ref(key + b"x", token) == ""


@given(st.integers(0, 33), st.sampled_from("abc234"))
def test_no_character_of_a_token_can_be_changed(place, letter):
    token = tokens.make(b"k", "QK7M-4XPB", "abcd2345")
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token or token[place] == ".":
        return
    assert tokens.verified_ref(b"k", split(changed)) == ""


def test_a_fixed_nonce_is_the_same_for_the_same_purpose():
    assert tokens.fixed_nonce(b"k", "ack:1") == tokens.fixed_nonce(b"k", "ack:1") != tokens.fixed_nonce(b"k", "ack:2")
    assert len(tokens.fixed_nonce(b"k", "ack:1")) == len(tokens.new_nonce()) == 8
