"""Refusals.

AuthError
├── Unauthenticated   no token, or one that does not verify (401)
├── KeysUnavailable   whether a token verifies cannot be told now (503)
└── Forbidden         a verified caller without the permission (403)

`code` is stable; `detail` never repeats the token.
"""


class AuthError(Exception):
    """A refused caller."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


class Unauthenticated(AuthError):
    """The caller is unknown."""


class KeysUnavailable(AuthError):
    """The issuer's keys cannot be had: the caller may be known, nobody can tell."""


class Forbidden(AuthError):
    """The caller is known and may not."""

    subject = ""
    """Whose token it was, where it verified."""
