"""Refusals.

AuthError
├── Unauthenticated   no token, or one that does not verify (401)
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


class Forbidden(AuthError):
    """The caller is known and may not."""
