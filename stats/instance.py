"""What an embedded instance keeps in its data folder: the server, the secret and a service key."""

import os
import secrets
from dataclasses import replace
from pathlib import Path

from stats import embedded
from stats.errors import StoreUnavailable
from stats.settings import Settings


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
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
