"""A section that breaks what is made of it costs itself, never the profile. Pure.

Release, headline, findings, contradictions and encoding run over all sections at once, because that
is cheap; only where something raises it is looked for whose data does it.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from app.core.errors import DomainError

T = TypeVar("T")
Failed = frozenset[str]


def isolated(
    make: Callable[[Failed], T], sections: Iterable[str], known: Failed = frozenset()
) -> tuple[T, dict[str, Exception]]:
    """What `make` gives, with as few sections told as failed as possible, and what each of them
    raised. `known` are sections that are told as failed from the beginning. A refusal is no fault.

    Whose data raises alone is at fault. Where sections raise only together, the first without which
    the others go is; where none is found, all are.
    """
    try:
        return make(known), {}
    except DomainError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach the others
        first = error
    names = frozenset(sections)
    faults = {
        name: raised for name in sorted(names - known) if (raised := _raised(make, names - {name}))
    }
    for more in ((), *((name,) for name in sorted(names - known - set(faults)))):
        failed = known.union(faults, more)
        if _raised(make, failed) is None:
            return make(failed), {**dict.fromkeys(more, first), **faults}
    return make(names), {**dict.fromkeys(names - known, first), **faults}


def _raised(make: Callable[[Failed], T], failed: Failed) -> Exception | None:
    try:
        make(failed)
    except DomainError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        return error
    return None
