"""Whom a notice is for. Pure."""

from typing import Literal, NamedTuple

from auth.principal import Principal, Role

To = Literal["subject", "certificate", "role"]


class Addressee(NamedTuple):
    """A person by the subject of his tokens or by his certificate, or everybody who holds a role
    within whose scope a region and a department lie.
    """

    kind: To
    name: str
    region: str = ""
    department: str = ""


def person(subject: str) -> Addressee:
    """One person."""
    return Addressee("subject", subject)


def officer(certificate_no: str) -> Addressee:
    """Whoever holds a certificate."""
    return Addressee("certificate", certificate_no)


def holders(role: Role, region: str, department: str = "") -> Addressee:
    """Everybody who holds a role for a region, and a department where one is named."""
    return Addressee("role", role.value, region, department)


def names_of(principal: Principal) -> list[tuple[To, str]]:
    """By what a caller is addressed."""
    found: list[tuple[To, str]] = [("subject", principal.subject)]
    if principal.certificate_no:
        found.append(("certificate", principal.certificate_no))
    return found + [("role", role.value) for role in sorted(principal.roles)]
