"""Whom a notice is for. Pure."""

from typing import Literal, NamedTuple

from auth.principal import Principal, Role

To = Literal["subject", "person", "role"]


class Addressee(NamedTuple):
    """Somebody by the subject of his tokens, or as a person of the directory (whatever becomes of
    his certificate or sign-on), or everybody who holds a role within whose scope a region and a
    department lie.
    """

    kind: To
    name: str
    region: str = ""
    department: str = ""


def caller(subject: str) -> Addressee:
    """Whoever signs on as a subject."""
    return Addressee("subject", subject)


def person(person_id: str) -> Addressee:
    """A person of the directory."""
    return Addressee("person", person_id)


def holders(role: Role, region: str, department: str = "") -> Addressee:
    """Everybody who holds a role for a region, and a department where one is named."""
    return Addressee("role", role.value, region, department)


def names_of(principal: Principal, person_id: str | None) -> list[tuple[To, str]]:
    """By what a caller is addressed, who is this person of the directory, or none."""
    found: list[tuple[To, str]] = [("subject", principal.subject)]
    if person_id is not None:
        found.append(("person", person_id))
    return found + [("role", role.value) for role in sorted(principal.roles)]
