"""Refusals of those who may not ask, and about agreements."""

from app.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound


class PurposeUnknown(InvalidRequest):
    code = "profile.purpose_unknown"


class PurposeForeign(NotAllowed):
    code = "profile.purpose_not_yours"


class TaskRequired(InvalidRequest):
    code = "profile.task_required"


class TaskNotYours(NotAllowed):
    code = "profile.task_not_valid"


class AgreementUnknown(NotFound):
    code = "agreement.unknown"


class AgreementExists(Conflict):
    code = "agreement.exists"


class PartyUnfit(InvalidRequest):
    code = "agreement.party_unfit"


class NotAParty(NotAllowed):
    code = "agreement.not_a_party"


class TransitionNotPossible(Conflict):
    code = "agreement.transition_refused"


class OtherVersionSuspended(Conflict):
    code = "agreement.other_version_suspended"


class AgreementUnreadable(Conflict):
    """A later release wrote a version that this one does not read."""

    code = "agreement.unreadable"


class DigestDiffers(Conflict):
    code = "agreement.digest_differs"


class SignedTwice(Conflict):
    code = "agreement.signed_twice"
