"""The slots of live adapters and of the workshop that builds them; `lifespan` fills them."""

from app.core.deps import Slot
from app.registry.directory import Directory
from app.registry.loader import Workshop

DIRECTORY: Slot[Directory] = Slot("adapter_directory")
WORKSHOP: Slot[Workshop] = Slot("adapter_workshop")
