"""A text in both languages, as answers carry it."""

from pydantic import BaseModel


class Words(BaseModel):
    """A text in both languages."""

    zh: str
    en: str
