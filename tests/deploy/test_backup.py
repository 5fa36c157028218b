"""`flask backup` under load, and what it restores to."""

import re
import shutil
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from stats.errors import StoreUnavailable
from stats.web.commands.backup import AOF_FOLDER, MANIFEST, copy_store
from tests.badday.test_kills import Writer
from tests.badday.valkey import short_folder
from tests.commands.test_process import flask
from tests.support.live_server import LiveServer, eventually, serve

WRITERS = 4


def acknowledged(writers: list[Writer]) -> dict[str, int]:
    """What each of them was told is saved, by the user that it writes for."""
    return {writer.user: writer.moods for writer in writers}


def moods(site: LiveServer, user: str) -> int:
    return int(site.api("GET", f"/api/mood?userId={user}&limit=1")["stats"]["totalEntries"])


def take(
    data: Path, target: Path, writers: list[Writer]
) -> tuple[dict[str, int], set[str], subprocess.CompletedProcess[str]]:
    """Take a backup; return what was acknowledged before it began."""
    counts = acknowledged(writers)
    chats = {chat for writer in writers for chat in list(writer.chats)}
    return counts, chats, flask(data, "backup", str(target))


def test_a_backup_under_load_has_all_that_was_acknowledged_before() -> None:
    over = threading.Event()
    with short_folder() as folder:
        site = serve(folder / "data")
        try:
            writers = [Writer(number, site.port, site.key, over) for number in range(WRITERS)]
            with ThreadPoolExecutor(WRITERS) as pool:
                lives = [pool.submit(writer.run) for writer in writers]
                try:
                    assert eventually(lambda: all(writer.moods > 10 for writer in writers))
                    rewrite(site)
                    counts, chats, done = take(folder / "data", folder / "copy", writers)
                    assert done.returncode == 0, done.stderr
                    later = sum(acknowledged(writers).values())
                    assert eventually(lambda: sum(acknowledged(writers).values()) > later)
                finally:
                    over.set()
            for life in lives:
                life.result()
            key = site.key
        finally:
            site.destroy()
        assert is_private(folder / "copy")
        # Restored as the page says: a copy, so that the backup stays what it is.
        shutil.copytree(folder / "copy", folder / "restored")
        site = serve(folder / "restored")
        try:
            assert site.key == key
            for writer in writers:
                kept = moods(site, writer.user)
                assert counts[writer.user] <= kept <= writer.moods, writer.user
            names = {
                chat["chatId"] for chat in site.api("GET", "/api/chat?userId=everybody")["chats"]
            }
            assert chats <= names
            total = site.api("GET", "/api/dashboard?userId=everybody")["data"]["conversations"]
            assert total == len(names)
        finally:
            site.destroy()


def rewrite(site: LiveServer) -> None:
    """Have the server rewrite its log meanwhile."""
    with redis.Redis(unix_socket_path=str(site.data_dir / "valkey.sock")) as admin:
        admin.bgrewriteaof()


def is_private(folder: Path) -> bool:
    """Whether nobody but its owner can look into it."""
    return all(
        not stat.S_IMODE(path.stat().st_mode) & 0o077
        for path in (folder, *folder.rglob("*"))
        if path == folder or path.is_file()
    )


class Rewritten:
    """A log whose files are changed by the server whenever somebody copies them."""

    def __init__(self, log: Path, times: int) -> None:
        self.log, self.left, self.copytree = log, times, shutil.copytree
        self.log.mkdir(parents=True)
        self._write(0)

    def _write(self, number: int) -> None:
        for old in self.log.glob("*.incr.aof"):
            old.unlink()
        name = f"appendonly.aof.{number}.incr.aof"
        (self.log / name).write_text(str(number))
        (self.log / MANIFEST).write_text(f"file {name} seq {number} type i\n")

    def copy(self, source: Path, target: Path) -> None:
        self.copytree(source, target)
        if self.left:
            self._write(self.left)
            self.left -= 1


def test_a_log_that_is_rewritten_meanwhile_is_copied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Rewritten(tmp_path / "data" / AOF_FOLDER, times=3)
    monkeypatch.setattr(shutil, "copytree", log.copy)
    copy_store(tmp_path / "data", tmp_path / "copy")
    copied = tmp_path / "copy" / AOF_FOLDER
    assert {path.name for path in copied.iterdir()} == {path.name for path in log.log.iterdir()}
    assert (copied / MANIFEST).read_text() == (log.log / MANIFEST).read_text()


def test_a_backup_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Rewritten(tmp_path / "data" / AOF_FOLDER, times=1000)
    monkeypatch.setattr(shutil, "copytree", log.copy)
    with pytest.raises(StoreUnavailable):
        copy_store(tmp_path / "data", tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_it_says_why_there_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    there = flask(tmp_path / "data", "backup", str(tmp_path / "old"))
    assert (there.returncode, there.stdout) == (1, "")
    assert "exists. Name a new folder." in there.stderr
    empty = flask(tmp_path / "data", "backup", str(tmp_path / "new"))
    assert empty.returncode == 1
    assert empty.stderr.startswith("Error: The backup failed:")
    nowhere = flask(tmp_path / "data", "backup", str(tmp_path / ("long" * 100)))
    assert re.fullmatch(r"Error: The backup failed: [^\n]+\n", nowhere.stderr)
    own = {"REDIS_URL": "redis://127.0.0.1:9", "SECRET_KEY": "x" * 32}
    elsewhere = flask(tmp_path / "data", "backup", str(tmp_path / "new"), **own)
    assert "Back up Redis itself." in elsewhere.stderr
    assert not (tmp_path / "new").exists()
