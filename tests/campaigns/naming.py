"""A gateway that finds departments by names which a file lets fail: their addresses are this machine's."""

import os
import socket
from pathlib import Path
from typing import Any

from app.cli import main

FILE, DOMAIN = "CAMPAIGN_NAMES_FILE", ".departments.example"
_system = socket.getaddrinfo


class Names:
    """What the file says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "names"
        self.known(yes=True)

    def known(self, *, yes: bool) -> None:
        """Whether names lead anywhere, from now on."""
        self.path.write_text("" if yes else "fail")


def find_by(path: Path) -> None:
    """From now on: names of departments are on this machine, or unknown while the file says so."""

    def getaddrinfo(host: Any, *arguments: Any, **more: Any) -> Any:
        if isinstance(host, str) and host.endswith(DOMAIN):
            if path.read_text() == "fail":
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = "127.0.0.1"
        return _system(host, *arguments, **more)

    socket.getaddrinfo = getaddrinfo


if __name__ == "__main__":
    find_by(Path(os.environ[FILE]))
    main()
