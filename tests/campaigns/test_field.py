"""The whole field corpus inside the tests: every input by name, and the control that must fail."""

import json

import pytest

from tests.campaigns import field


@pytest.mark.parametrize(
    "row",
    field.rows(),
    ids=lambda row: f"{row['kind']}-{row['how']}-{json.dumps(row['given'])[:40]}",
)
def test_what_is_really_sent_is_told_right(row):
    assert json.loads(json.dumps(field.tell(row), default=str)) == row["right"]


def test_the_corpus_is_large_and_a_third_of_it_must_stay():
    result = field.campaign()
    assert result["wrong"] == []
    assert result["inputs"] >= field.LEAST_INPUTS
    assert result["staying"] >= field.LEAST_STAYING * result["inputs"]
    assert set(result["by_kind"]) == {1, 2, 3, 4, 5, 6, 7, 8, 9, 13}


def test_with_the_reading_turned_back_it_fails():
    with field.reading_turned_back():
        assert len(field.campaign()["wrong"]) > 20
