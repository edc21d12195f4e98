"""The life of an agreement's version: draft → pending → active ⇄ suspended → archived | rejected,
and which act of which party leads where. Pure.
"""

from enum import StrEnum


class AgreementState(StrEnum):
    """States of a version."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"
    REJECTED = "rejected"


class Party(StrEnum):
    """Who signs: whose data it is, the data authority, who uses it."""

    SOURCE = "source"
    COORDINATOR = "coordinator"
    APPLICATION = "application"


class Act(StrEnum):
    """What a named person of a party does, over the digest of the clauses."""

    SUBMIT = "submit"
    SIGN = "sign"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"
    ARCHIVE = "archive"


_S, _A = AgreementState, Act
_STEPS: dict[tuple[AgreementState, Act], AgreementState] = {
    (_S.DRAFT, _A.SUBMIT): _S.PENDING,
    (_S.DRAFT, _A.REJECT): _S.REJECTED,
    (_S.PENDING, _A.SIGN): _S.PENDING,
    (_S.PENDING, _A.REJECT): _S.REJECTED,
    (_S.ACTIVE, _A.SUSPEND): _S.SUSPENDED,
    (_S.SUSPENDED, _A.SUSPEND): _S.SUSPENDED,
    (_S.SUSPENDED, _A.RESUME): _S.ACTIVE,
    (_S.ACTIVE, _A.ARCHIVE): _S.ARCHIVED,
    (_S.SUSPENDED, _A.ARCHIVE): _S.ARCHIVED,
}
PARTIES = {
    "collection": (Party.SOURCE, Party.COORDINATOR),
    "application": (Party.SOURCE, Party.COORDINATOR, Party.APPLICATION),
}
"""Who signs which kind: 政务数据采集协议, 政务数据应用协议 (M17-108 … 111)."""


def step_of(state: AgreementState, act: Act) -> AgreementState | None:
    """The state an act leads to; None where it is not possible."""
    return _STEPS.get((state, act))


def is_signed(kind: str, signed: frozenset[Party]) -> bool:
    """Whether every party has signed."""
    return signed.issuperset(PARTIES[kind])
