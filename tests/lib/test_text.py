"""People's own words and ids: what is let in, and that it comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.errors import InvalidInput
from stats.lib.text import as_text, check_id, clean, clean_json, cut
from tests.support.store_checks import BAD_IDS, BAD_TEXTS, storable

SPLIT_EMOJI = "👩‍👩‍👧 e\u0301"


@given(st.text(storable))
def test_it_keeps_any_text_as_it_came(text):
    assert clean(text, "note") == text
    assert as_text(text.encode()) == text
    assert as_text(text) == text


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_it_refuses_what_utf_8_or_c_cannot_carry(text):
    with pytest.raises(InvalidInput) as refused:
        clean(text, "note")
    assert refused.value.field == "note"


@pytest.mark.parametrize("text", [None, 5, 1.5, True, b"bytes", ["list"]])
def test_it_refuses_what_is_no_text(text):
    with pytest.raises(InvalidInput) as refused:
        clean(text, "note")
    assert refused.value.field == "note"


def test_it_counts_code_points():
    assert clean("👩" * 280, "note", max_length=280) == "👩" * 280
    with pytest.raises(InvalidInput):
        clean("👩" * 281, "note", max_length=280)
    assert cut(SPLIT_EMOJI, 1) == "👩"
    assert cut(SPLIT_EMOJI, 100) == SPLIT_EMOJI
    assert cut("", 3) == ""


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_it_looks_into_every_corner_of_json(text):
    for value in (text, [text], {"key": text}, {text: 1}, [{"a": [1, None, {"b": [text]}]}]):
        with pytest.raises(InvalidInput):
            clean_json(value, "messages")


def test_it_keeps_json_as_it_came():
    value = {"a": [1, 2.5, None, True, {"ü": "👩"}], "": ""}
    assert clean_json(value, "messages") == value


@given(st.from_regex(r"[A-Za-z0-9_.:@|-]{1,128}", fullmatch=True))
def test_it_takes_ids_of_the_contract(user_id):
    assert check_id(user_id) == user_id


@pytest.mark.parametrize("user_id", [*BAD_IDS, None, 42, True, b"alice", ["alice"]])
def test_it_refuses_other_ids(user_id):
    with pytest.raises(InvalidInput) as refused:
        check_id(user_id)
    assert refused.value.field == "userId"


@given(st.text(min_size=1), st.sampled_from("{}\n\r\0 */\\'\"ü"))
def test_it_refuses_an_id_with_any_other_character_in_it(text, outsider):
    with pytest.raises(InvalidInput):
        check_id(f"a{text[:60]}{outsider}b")
