"""Counts over class 1: what a department may tell, and what of it no small cell can be computed from."""

import itertools
import random

import pytest

from adapters.contract.errors import AdapterMalformed
from app.supervision.aggregates.cells import MOST_CELLS, Cell, protected, read_counts


def table(**cells):
    rows = [{"key": key.split("_"), "count": count} for key, count in cells.items()]
    return {"minimum_cell": 5, "cells": rows}


def shown(told, dimensions=1):
    cells = protected(read_counts(told, dimensions))
    return {"_".join(cell.key): cell.count for cell in cells}


def test_what_is_small_is_hidden_and_what_it_could_be_computed_from():
    assert shown(table(a=10, b=20, c=30)) == {"a": 10, "b": 20, "c": 30}
    # with the sum of all, 4 would be known: the next smallest goes too
    assert shown(table(a=4, b=20, c=30)) == {"a": None, "b": None, "c": 30}
    # two hidden ones whose sum is small are no better than one
    assert shown(table(a=1, b=1, c=30, d=40)) == {"a": None, "b": None, "c": None, "d": 40}
    assert shown(table(a=3, b=3, c=30)) == {"a": None, "b": None, "c": 30}
    # what the source hid is counted as nothing: it is not known here
    assert shown(table(a=None, b=None, c=30, d=40)) == {"a": None, "b": None, "c": None, "d": 40}
    assert shown(table(a=0, b=9)) == {"a": None, "b": None}
    assert shown(table(a=3)) == {"a": None}
    assert shown({"minimum_cell": 10, "cells": [{"key": ["a"], "count": 9}, {"key": ["b"], "count": 11}]}) == {"a": None, "b": None}  # fmt: skip
    assert shown(table()) == {}


def test_a_row_and_a_column_hide_nothing_small():
    told = table(a_x=4, a_y=50, a_z=60, b_x=70, b_y=80, b_z=90)
    assert shown(told, 2) == {
        "a_x": None, "a_y": None, "a_z": 60, "b_x": None, "b_y": None, "b_z": 90,
    }  # fmt: skip


def differences(cells, least):
    """Lines (all keys but one dimension equal) in which something small is the sum less what is told."""
    for line in lines_of(cells):
        hidden = [c for c in line if cells[c][1] is None]
        if hidden and len(hidden) < len(line):
            yield len(hidden) > 1 and sum(cells[c][0] or 0 for c in hidden) >= least


def lines_of(cells):
    for place in range(len(next(iter(cells), ()))):
        for _, line in itertools.groupby(
            sorted(cells, key=lambda k: (k[:place], k[place + 1 :])),
            key=lambda k, p=place: (k[:p], k[p + 1 :]),
        ):
            yield list(line)


def test_of_thousands_of_tables_no_small_count_is_a_difference():
    rng = random.Random(20261128)
    hidden = told = 0
    for _ in range(1500):
        sizes = [rng.randint(1, 5) for _ in range(rng.randint(1, 3))]
        keys = list(itertools.product(*(map(str, range(size)) for size in sizes)))
        keys = rng.sample(keys, rng.randint(1, len(keys)))
        counts = [rng.choice((None, 0, 1, 4, 5, 6, 9, 50, 1000)) for _ in keys]
        rows = [{"key": list(k), "count": n} for k, n in zip(keys, counts, strict=True)]
        cells = protected(read_counts({"minimum_cell": 5, "cells": rows}, len(sizes)))
        true = dict(zip(keys, counts, strict=True))
        found = {cell.key: (true[cell.key], cell.count) for cell in cells}
        assert found.keys() == true.keys()
        for count, out in found.values():
            assert out is None or (out == count and out >= 5)
        assert all(differences(found, 5))
        hidden += sum(out is None for _, out in found.values())
        told += sum(out is not None for _, out in found.values())
    assert hidden > 1000
    assert told > 1000


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
                {"key": ["a" * 101], "count": 9}, {"key": ["a"], "count": 10**16},
            )
        ),
        {"minimum_cell": 5, "cells": [{"key": ["a"], "count": 9}] * 2},
        {"minimum_cell": 5, "cells": [{"key": [str(n)], "count": 9} for n in range(MOST_CELLS + 1)]},
    ],
)  # fmt: skip
def test_what_is_no_count_is_not_told(told):
    with pytest.raises(AdapterMalformed):
        read_counts(told, 1)


def test_a_cell_is_what_it_was_told():
    told = {"minimum_cell": 7, "cells": [{"key": ["a"], "count": 9, "note": "x"}, {"key": ["b"]}]}
    counts = read_counts(told, 1)
    assert counts == ((Cell(("a",), 9), Cell(("b",), None)), 7)
