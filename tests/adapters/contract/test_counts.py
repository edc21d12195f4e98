"""Counts over class 1: what a department may tell, and that no small count is the difference of what is told."""

import itertools

import pytest

from adapters.contract.counts import MOST_CELLS, Cell, protected, read_counts
from adapters.contract.errors import AdapterMalformed


def table(least=5, **cells):
    rows = [{"key": key.split("_"), "count": count} for key, count in cells.items()]
    return {"minimum_cell": least, "cells": rows}


def shown(told, dimensions=1):
    cells, hidden = protected(read_counts(told, dimensions))
    return {"_".join(cell.key): cell.count for cell in cells}, hidden


def test_what_is_small_is_left_out_and_what_is_told_is_rounded():
    assert shown(table(b=23, a=10)) == ({"a": 10, "b": 25}, 0)
    assert shown(table(a=None, b=5, c=7, d=8, e=12)) == ({"b": 5, "c": 5, "d": 10, "e": 10}, 1)
    assert shown(table(10, a=None, b=14, c=15)) == ({"b": 10, "c": 20}, 1)
    assert shown(table(a=0, b=9)) == ({"b": 10}, 1)
    assert shown(table()) == ({}, 0)
    assert shown(table(a_x=50, a_y=None), 2) == ({"a_x": 50}, 1)


def test_of_a_hidden_cell_not_even_the_key_is_told():
    told = protected(read_counts(table(a=None, b=9), 1))
    assert told == ((Cell(("b",), 10),), 1)


def told_of(counts):
    """What is told of a line whose small cells its source hides, and of the line's sum."""
    line = {f"k{n}": count if count >= 5 else None for n, count in enumerate(counts)}
    return shown(table(**line)), shown(table(sum=sum(counts)))


def agreeing(counts, least_told=5):
    """Small counts that agree with what is told, whatever the other cell is in truth."""
    told = told_of(counts)
    return {
        guess
        for guess in range(5)
        for other in range(max(least_told, counts[1] - 10), counts[1] + 10)
        if told_of((guess, other)) == told
    }


def test_two_questions_leave_a_small_count_open():
    """The sum less the other cell would be the count itself, if either were exact."""
    for small, other in itertools.product(range(5), range(5, 60)):
        found = agreeing((small, other))
        assert small in found
        assert len(found) >= 3, (small, other, found)


@pytest.mark.parametrize(
    "told",
    [
        None, [], {}, {"cells": []}, {"minimum_cell": 4, "cells": []}, {"minimum_cell": True, "cells": []},
        {"minimum_cell": 5, "cells": {}}, {"minimum_cell": 5.0, "cells": []}, {"minimum_cell": 10**16, "cells": []},
        *(
            {"minimum_cell": 5, "cells": [cell]}
            for cell in (
                None, {}, {"key": "a", "count": 9}, {"key": [], "count": 9}, {"key": ["a", "b"], "count": 9}, {"key": [1], "count": 9},
                {"key": ["a"], "count": -1}, {"key": ["a"], "count": 9.5}, {"key": ["a"], "count": True}, {"key": ["a"], "count": "9"},
                {"key": ["a" * 101], "count": 9}, {"key": ["a"], "count": 10**16}, {"key": ["a"], "count": 4},
                {"key": ["经办 13812345678"], "count": 9},
            )
        ),
        {"minimum_cell": 5, "cells": [{"key": ["a"], "count": 9}] * 2},
        {"minimum_cell": 5, "cells": [{"key": ["a"], "count": 9}, {"key": ["a\u200b "], "count": 9}]},
        {"minimum_cell": 5, "cells": [{"key": [str(n)], "count": 9} for n in range(MOST_CELLS + 1)]},
    ],
)  # fmt: skip
def test_what_is_no_count_is_not_told(told):
    with pytest.raises(AdapterMalformed):
        read_counts(told, 1)


def test_a_cell_is_what_it_was_told():
    told = {
        "minimum_cell": 7,
        "cells": [{"key": ["a\u200b"], "count": 9, "note": "x"}, {"key": ["b"]}],
    }
    assert read_counts(told, 1) == ((Cell(("a",), 9), Cell(("b",), None)), 7)


def test_the_largest_answer_is_read_at_once():
    cells = [
        {"key": [str(i), str(j)], "count": 9} for i, j in itertools.product(range(70), range(70))
    ]
    assert len(protected(read_counts({"minimum_cell": 5, "cells": cells}, 2)).cells) == 4900
