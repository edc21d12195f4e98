"""Words of problems: every code has its own, from one table."""

import pytest

from app.core.errors import CATALOGUE
from app.core.texts import FAULTS, all_codes, fault_words, text_of


def is_chinese(text):
    return any("\u4e00" <= c <= "\u9fff" for c in text)


@pytest.mark.parametrize("code", all_codes())
def test_every_problem_code_has_words_in_both_languages_and_says_what_now(code):
    text = text_of(code)
    for words in (text.advice.words, text.advice.what_now):
        assert is_chinese(words.zh)
        assert len(words.en) > 5
        assert not is_chinese(words.en)
    assert 400 <= text.status < 600


def test_codes_are_named_after_their_room():
    assert set(CATALOGUE) < set(all_codes())
    assert all(code.count(".") == 1 for code in all_codes())
    with pytest.raises(KeyError):
        text_of("no.such_code")


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_what_is_wrong_with_a_part_of_a_request_is_told_in_both_languages(code):
    words = FAULTS[code]
    assert is_chinese(words.zh)
    assert not is_chinese(words.en)


@pytest.mark.parametrize(
    ("code", "bounds", "wanted"),
    [
        ("string_too_long", {"max_length": 64}, "At most 64 characters are allowed"),
        ("string_too_long", {}, FAULTS["other"].en),
        ("a_rule_that_nobody_worded", {"x": 1}, FAULTS["other"].en),
    ],
)
def test_bounds_are_filled_in_and_what_has_no_words_is_told_as_not_fitting(code, bounds, wanted):
    assert fault_words(code, bounds).en == wanted
