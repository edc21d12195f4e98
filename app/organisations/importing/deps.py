"""The slot of whoever knows which people records name."""

from app.core.deps import Slot
from app.organisations.importing.service import Names

NAMES: Slot[Names] = Slot("names_of_people")
"""Filled by the room of records, which stands above this one."""
