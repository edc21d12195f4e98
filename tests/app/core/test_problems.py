"""Words of problems."""

import pytest

from app.core.errors import CATALOGUE
from app.core.texts import TEXTS, all_codes, text_of


@pytest.mark.parametrize("code", all_codes())
def test_every_problem_code_has_words_in_both_languages_and_says_what_now(code):
    text = text_of(code)
    for words in (text.zh, text.now_zh):
        assert any("\u4e00" <= c <= "\u9fff" for c in words)
    for words in (text.en, text.now_en):
        assert len(words) > 5
        assert not any("\u4e00" <= c <= "\u9fff" for c in words)
    assert 400 <= text.status < 600


def test_codes_are_unique_and_named_after_their_room():
    assert set(TEXTS).isdisjoint(CATALOGUE)
    assert all(code.count(".") == 1 for code in all_codes())
    with pytest.raises(KeyError):
        text_of("no.such_code")
