"""Where a business is, as a value. Pure."""

from collections.abc import Mapping

from msgspec import Struct


class Place(Struct, frozen=True):
    """Division codes of a business (empty: not told) and, by `site_ref`, of its sites; and its
    name.
    """

    region: str = ""
    sites: Mapping[str, str] = {}
    is_old: bool = False
    """Whether it was told so long ago that it is to be asked for again."""
    name: str = ""

    def of_site(self, site: str | None) -> str:
        """The division of a chosen site, which registration told."""
        return self.sites.get(site, "") if site is not None else ""


UNKNOWN = Place()
