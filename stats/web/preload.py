"""What a worker would read on first use, read at its start."""

from flask import Flask

from stats.lib.version import version
from stats.sample.texts import sample_conversations
from stats.store import script_sources
from stats.web.http import static_files


def preload(app: Flask) -> None:
    """Load scripts, templates, texts and fingerprints, so that a running worker stays one release.

    A new release in the same folder would otherwise reach old code. Call it when a process starts
    to serve: creating an app reads no file.
    """
    version()
    script_sources.load_all()
    sample_conversations()
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    with app.app_context():
        static_files.load_fingerprints()
