"""Refusals about counts."""

from app.core.errors import InvalidRequest, NotAllowed, Unavailable


class AggregateNotOffered(InvalidRequest):
    """No published adapter of this section counts, for the caller's region."""

    code = "aggregate.not_offered"


class AggregateNotAgreed(NotAllowed):
    """No agreement in force gives the caller this count."""

    code = "aggregate.not_agreed"


class AggregateQuota(NotAllowed):
    """What the agreements give of counts is used up."""

    code = "aggregate.quota_exhausted"


class AggregateUnanswered(Unavailable):
    """The department did not answer, or not as the contract says."""

    code = "aggregate.unanswered"
    retryable = True
