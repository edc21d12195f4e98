"""Refusals of a look-up."""

from app.core.errors import InvalidRequest, NotAllowed, NotFound, Unavailable


class IdentifierNeedsResolving(InvalidRequest):
    code = "profile.identifier_needs_resolving"


class SectionUnknown(NotFound):
    code = "profile.section_unknown"


class BatchItemFailed(Unavailable):
    code = "profile.batch_item_failed"


class TokenOver(Unavailable):
    """The caller's token ended while a stream was under way."""

    code = "auth.token_expired"
    retryable = False


class UnmaskRefused(NotAllowed):
    """Something else than a mask keeps a field from the caller, or nothing does; `detail` says
    which reason.
    """

    code = "profile.unmask_refused"


class SectionNotServed(InvalidRequest):
    code = "profile.section_not_served"
