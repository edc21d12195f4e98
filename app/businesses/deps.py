"""The slot of whoever finds businesses; `lifespan` fills it."""

from app.businesses.service import Finder
from app.core.deps import Slot

FINDER: Slot[Finder] = Slot("business_finder")
