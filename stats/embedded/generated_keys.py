"""Settings completed in embedded mode: its server, a secret key and a service key."""

import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from stats.embedded import server as embedded
from stats.errors import StoreUnavailable
from stats.settings import Settings

MIN_SECRET_LENGTH = 16


def complete(settings: Settings) -> Settings:
    """Return settings with all that embedded mode makes by itself; others as they are.

    The secret and service keys are made once and kept with mode 0600; keys that are set win. The
    embedded server is started or joined. Raises StoreUnavailable, which names DATA_DIR, if not.
    """
    if not settings.embedded:
        return settings
    server = embedded.start(settings.data_dir)
    try:
        return replace(
            settings,
            redis_url=server.url,
            secret_keys=settings.secret_keys or (_kept(settings.data_dir / "secret.key"),),
            api_keys=settings.api_keys or (_kept(settings.data_dir / "service.key"),),
        )
    except OSError as error:
        raise StoreUnavailable(f"DATA_DIR: a key cannot be kept: {error}.") from error


def _kept(path: Path) -> str:
    """Return the secret in a file; the first of several processes to come makes it."""
    if not path.exists():
        _make(path)
    secret = path.read_text().strip()
    if len(secret) < MIN_SECRET_LENGTH:
        raise StoreUnavailable(f"DATA_DIR: {path.name} holds no key. Delete it to get a new one.")
    return secret


def _make(path: Path) -> None:
    # A file of mode 0600 that appears whole, or not at all.
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
