"""`flask backup`: a copy of the embedded store while it runs."""

import shutil
import tempfile
from pathlib import Path

import click
from flask.cli import with_appcontext

from stats.errors import StoreUnavailable
from stats.web.commands.operator_context import OPERATOR, operator_context
from stats.web.monitoring.audit_log import record_event

AOF_FOLDER = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
KEY_FILES = ("secret.key", "service.key")
MAX_ATTEMPTS = 10


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@with_appcontext
def backup(target: Path) -> None:
    """Copy the embedded store and its keys to TARGET, a new folder. Nobody has to wait."""
    with operator_context() as runtime:
        if not runtime.base_settings.embedded:
            raise click.ClickException("This is for the embedded store. Back up Redis itself.")
        try:
            if target.exists():
                raise click.ClickException(f"{target} exists. Name a new folder.")
            copy_store(runtime.base_settings.data_dir, target)
        except OSError as error:
            raise click.ClickException(f"The backup failed: {error}.") from None
        record_event("backup.made", None, by=OPERATOR)
    click.echo(f"{target} holds all that was acknowledged before it began.")


def copy_store(data_dir: Path, target: Path) -> None:
    """Copy a data folder in use; `target` appears complete, with mode 0700, or not at all.

    Each write is in the append-only file before it is acknowledged. A copy may end within a write:
    the server truncates it when it starts. Raises OSError and StoreUnavailable.
    """
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        _copy_log(data_dir / AOF_FOLDER, temporary / AOF_FOLDER)
        for name in KEY_FILES:
            if (data_dir / name).exists():
                shutil.copy2(data_dir / name, temporary)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy_log(log: Path, copy: Path) -> None:
    """Copy the append-only files; again if a rewrite has changed the manifest meanwhile.

    https://valkey.io/topics/persistence/#backing-up-aof-persistence
    """
    for _ in range(MAX_ATTEMPTS):
        manifest = (log / MANIFEST).read_bytes()
        try:
            shutil.copytree(log, copy)
        except (shutil.Error, FileNotFoundError):
            if manifest == (log / MANIFEST).read_bytes():
                raise
        else:
            if manifest == (log / MANIFEST).read_bytes():
                return
        shutil.rmtree(copy, ignore_errors=True)
    raise StoreUnavailable("The store is being rewritten all the time. Try again later.")
