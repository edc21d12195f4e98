"""Who waited for his turn is asked for again: what he lost meanwhile, he does not do any more."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from auth.dependencies import still_permitted
from auth.errors import Forbidden
from auth.principal import Principal, Role

WANG = Principal("wang", frozenset({Role.INSPECTOR}), "fire", "330100", "ZJ-1")


def asked(now):
    verifier = SimpleNamespace(still=lambda _: now)
    return SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(token_verifier=verifier)))


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": frozenset()},
        {"roles": frozenset({Role.PATROLLER})},
        {"region": "330200"},
        {"region": "330000"},
        {"department": "tax"},
        {"department": None},
        {"certificate_no": "ZJ-2"},
        {"certificate_no": None},
    ],
)
def test_whoever_is_another_by_now_does_nothing(changes):
    with pytest.raises(Forbidden):
        still_permitted(asked(replace(WANG, **changes)), WANG)


@pytest.mark.parametrize("more", [frozenset(), frozenset({Role.TEAM_LEADER})])
def test_whoever_is_the_same_goes_on(more):
    now = replace(WANG, roles=WANG.roles | more)
    assert still_permitted(asked(now), WANG) is None
