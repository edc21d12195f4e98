"""Refusals about units, people and their roles."""

from app.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound, RequestInvalid


class OfficerUnknown(InvalidRequest):
    code = "officer.unknown"


class OfficerForeign(NotAllowed):
    code = "officer.foreign_department"


class UnitUnknown(NotFound):
    code = "unit.unknown"


class UnitNotThere(InvalidRequest):
    code = "unit.not_there"


class PersonNotThere(InvalidRequest):
    code = "person.not_there"


class UnitExists(Conflict):
    code = "unit.exists"


class UnitForeign(NotAllowed):
    code = "unit.foreign"


class PersonUnknown(NotFound):
    code = "person.unknown"


class PersonExists(Conflict):
    code = "person.exists"


class OnOneself(NotAllowed):
    code = "person.oneself"


class RoleNotYours(NotAllowed):
    code = "role.not_yours_to_give"


class RoleExcluded(Conflict):
    code = "role.excluded"


class PersonWithoutSignOn(Conflict):
    code = "person.no_sign_on"


class KeysUnusable(InvalidRequest):
    code = "person.keys_unusable"


class RoleUnknown(NotFound):
    code = "role.unknown"


class ImportFaulty(RequestInvalid):
    """A list of people of which at least one line cannot be taken over; every fault is named."""

    code = "people.import_faulty"


class ImportUnknown(NotFound):
    code = "people.import_unknown"


class ImportUndone(Conflict):
    code = "people.import_undone"


class ImportUsed(Conflict):
    """Somebody of the list has been changed, or given a role, since."""

    code = "people.import_used"


class PersonEnded(NotAllowed):
    """Whoever asked has lost the role, or his place in the directory, meanwhile."""

    code = "person.ended"
