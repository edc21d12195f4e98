"""The adapter's life-cycle (注册 审核 发布 运维): which action leads from which state to which.
Pure.
"""

from enum import StrEnum


class State(StrEnum):
    """States of an adapter's newest version."""

    REGISTERED = "registered"
    VERIFIED = "verified"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    RETIRED = "retired"


class Action(StrEnum):
    """What moves an adapter on."""

    UPDATE = "update"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETIRE = "retire"


_S, _A = State, Action

TRANSITIONS: dict[tuple[State, Action], State] = {
    (_S.REGISTERED, _A.UPDATE): _S.REGISTERED,
    (_S.VERIFIED, _A.UPDATE): _S.REGISTERED,
    (_S.REJECTED, _A.UPDATE): _S.REGISTERED,
    (_S.PUBLISHED, _A.UPDATE): _S.REGISTERED,
    (_S.SUSPENDED, _A.UPDATE): _S.REGISTERED,
    (_S.REGISTERED, _A.PASS): _S.VERIFIED,
    (_S.VERIFIED, _A.PASS): _S.VERIFIED,
    (_S.IN_REVIEW, _A.PASS): _S.IN_REVIEW,
    (_S.PUBLISHED, _A.PASS): _S.PUBLISHED,
    (_S.SUSPENDED, _A.PASS): _S.SUSPENDED,
    (_S.REJECTED, _A.PASS): _S.REJECTED,
    (_S.VERIFIED, _A.SUBMIT): _S.IN_REVIEW,
    (_S.IN_REVIEW, _A.APPROVE): _S.PUBLISHED,
    (_S.IN_REVIEW, _A.REJECT): _S.REJECTED,
    (_S.PUBLISHED, _A.SUSPEND): _S.SUSPENDED,
    (_S.SUSPENDED, _A.RESUME): _S.PUBLISHED,
    **{(state, _A.RETIRE): _S.RETIRED for state in State if state is not _S.RETIRED},
}


def step(state: State, action: Action) -> State | None:
    """The state an action leads to, or None where it is not allowed."""
    return TRANSITIONS.get((state, action))
