"""The slot of the engine; `lifespan` fills it."""

from app.core.deps import Slot
from app.profile.service import Engine

ENGINE: Slot[Engine] = Slot("profile_engine")
