"""`flask backup`: a copy of the embedded store, taken while it is used."""

import shutil
import tempfile
from pathlib import Path

import click
from flask.cli import with_appcontext

from stats.errors import StoreUnavailable
from stats.web.commands.operator_context import OPERATOR, operator_context
from stats.web.monitoring.audit_log import record_event

LOG = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
KEYS = ("secret.key", "service.key")
TRIES = 10


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@with_appcontext
def backup(target: Path) -> None:
    """Copy the embedded store and its keys to TARGET, a new folder. Nobody has to wait."""
    with operator_context() as current:
        if not current.base_settings.embedded:
            raise click.ClickException("This is for the embedded store. Back up Redis itself.")
        if target.exists():
            raise click.ClickException(f"{target} exists. Name a new folder.")
        try:
            copy_store(current.base_settings.data_dir, target)
        except OSError as error:
            raise click.ClickException(f"The backup failed: {error}.") from None
        record_event("backup.made", None, by=OPERATOR)
    click.echo(f"{target} holds all that was acknowledged before it began.")


def copy_store(data_dir: Path, target: Path) -> None:
    """Copy a data folder that is in use; `target` appears whole, with mode 0700, or not at all.

    Each write is in the log before it is answered. A log that was cut off in a write is good: the
    server drops that write when it starts. Raises OSError and StoreUnavailable.
    """
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        _copy_log(data_dir / LOG, draft / LOG)
        for name in KEYS:
            if (data_dir / name).exists():
                shutil.copy2(data_dir / name, draft)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_log(log: Path, copy: Path) -> None:
    """Copy the log's files; again if the server, rewriting them, has named others meanwhile.

    https://valkey.io/topics/persistence/#backing-up-aof-persistence
    """
    for _ in range(TRIES):
        named = (log / MANIFEST).read_bytes()
        try:
            shutil.copytree(log, copy)
        except (shutil.Error, FileNotFoundError):
            if named == (log / MANIFEST).read_bytes():
                raise
        else:
            if named == (log / MANIFEST).read_bytes():
                return
        shutil.rmtree(copy, ignore_errors=True)
    raise StoreUnavailable("The store is being rewritten all the time. Try again later.")
