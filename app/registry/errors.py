"""Problems of adapters and their life-cycle."""

from app.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound


class AdapterUnknown(NotFound):
    code = "adapter.unknown"


class AdapterExists(Conflict):
    code = "adapter.exists"


class AdapterForeign(NotAllowed):
    code = "adapter.foreign_department"


class SectionForeign(NotAllowed):
    code = "adapter.foreign_section"


class TierForeign(NotAllowed):
    """Offices of this tier of divisions do not tell the section."""

    code = "adapter.foreign_tier"


class SectionTaken(Conflict):
    code = "adapter.section_taken"


class ManifestInvalid(InvalidRequest):
    code = "adapter.manifest_invalid"


class CredentialsInvalid(InvalidRequest):
    code = "adapter.credentials_invalid"


class TransitionRefused(Conflict):
    code = "adapter.transition_refused"


class NotVerified(Conflict):
    code = "adapter.not_verified"


class FourEyes(NotAllowed):
    code = "adapter.four_eyes"


class HeldByCoordinator(NotAllowed):
    code = "adapter.held"


class SampleInvalid(InvalidRequest):
    code = "adapter.sample_invalid"
