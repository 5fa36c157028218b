"""Text as people read it: one form, folded for a search, and what cannot be seen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.lib.normalisation import fold, nfc, visible
from tests.support.store_checks import storable

BLANKS = ["", " \t\n", "\u200b", "\u2800", "\u3164", "\u00ad", "\u202e", "\ufeff", "\u200b \u2060"]
BLANKS += ["\u115f\u1160", "\uffa0", "\u034f", "\ufe0f", "\u2066\u2069", "\U000e0041", "\U0001d159"]


@given(st.text(storable))
def test_it_folds_every_spelling_alike_and_once(text):
    folded = fold(text)
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == folded
    assert fold(folded) == folded
    assert nfc(unicodedata.normalize("NFD", text)) == nfc(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("CAFÉ", "cafe"),
        ("cafe\u0301", "cafe"),
        ("don\u2019t", "don't"),
        ("co\u00adoperate \u202eme", "cooperate me"),
        ("İstanbul ISPARTA ısparta", "istanbul isparta isparta"),
        ("Straße", "strasse"),
        ("Łódź, Ørsted", "lodz, orsted"),
        ("\ufb01ne １２", "fine 12"),
        ("שָׁלוֹם", "שלום"),
        ("سَلَام مـحـمد", "سلام محمد"),
        ("❤️ 👩‍🚀", "❤ 👩🚀"),
    ],
)
def test_it_folds_what_people_read_as_one(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize("text", BLANKS)
def test_it_sees_nothing_in_what_is_blank(text):
    assert visible(text) == ""


@pytest.mark.parametrize("text", ["a", "\u200ba\u200b", "👩‍🚀", "é", "ש", "\u00b7", "-"])
def test_it_keeps_what_can_be_seen(text):
    assert visible(f" {text}\n") == text
