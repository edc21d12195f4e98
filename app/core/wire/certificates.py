"""TLS of the gateway's own port, with a certificate that is read anew when it was renewed."""

import logging
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

from uvicorn.config import Config

log = logging.getLogger("onevisit.tls")
_LOOK_SECONDS = 5.0


def renewing(config: Config, usual: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """The server's context, TLS 1.2 or newer. New connections get the certificate that is in the
    files by then; a pair that cannot be used leaves the one before.
    """
    context = usual()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    pair = Path(str(config.ssl_certfile)), Path(str(config.ssl_keyfile))
    threading.Thread(
        target=_keep_looking, args=(context, *pair), name="certificates", daemon=True
    ).start()
    return context


def _keep_looking(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    files = (certificate, key)
    known = _changed_at(files)
    while True:
        time.sleep(_LOOK_SECONDS)
        now = _changed_at(files)
        if now is not None and now != known and renew(context, certificate, key):
            known = now


def renew(context: ssl.SSLContext, certificate: Path, key: Path) -> bool:
    """Use what is in the files from now on; False for a pair that cannot be used, which changes
    nothing.
    """
    try:
        # on another one first: a pair that does not fit would spoil the one in use
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        context.load_cert_chain(certificate, key)
    except OSError as error:
        log.warning("the certificate was changed and cannot be used: %s", error)
        return False
    log.info("the renewed certificate is used from now on")
    return True


def _changed_at(files: tuple[Path, ...]) -> tuple[float, ...] | None:
    try:
        return tuple(path.stat().st_mtime for path in files)
    except OSError:
        return None
