"""Dashboard values as text, and the presenter of conversations."""

import hashlib
import re
from datetime import datetime

from markupsafe import Markup, escape

from stats.activity.calendar import Calendar
from stats.activity.clock import Clock
from stats.conversations import Conversation
from stats.dashboard import Dashboard
from stats.lib.timestamps import milliseconds
from stats.web.templating.bidi import isolate
from stats.web.templating.dates import day_month
from stats.web.templating.translation import _

MORNING, AFTERNOON, EVENING = 5, 12, 18  # the hours at which they begin


def user_fingerprint(user_id: str) -> str:
    """Return 8 hex digits that identify a user in the URL of a poll."""
    return hashlib.blake2s(user_id.encode(), digest_size=4).hexdigest()


def clock_text(clock: Clock, moment: datetime) -> str:
    """Return a moment as `19:31` in a clock's zone."""
    return _clock(moment.astimezone(clock.zone))


def local_time(dashboard: Dashboard, moment: datetime) -> datetime:
    """Return an aware moment in the zone that the user lived in at that moment."""
    return moment.astimezone(dashboard.calendar.clock_at(milliseconds(moment)).zone)


def local_clock_text(calendar: Calendar, moment: datetime) -> str:
    """Return a moment as `19:31` in the zone that the user lived in at that moment."""
    return clock_text(calendar.clock_at(milliseconds(moment)), moment)


def unbroken(text: str) -> Markup:
    """Return a text of ours as HTML in which no line ends within a word with a hyphen."""
    # A text that a template has translated is escaped already.
    parts = re.split(r"(\w+(?:-\w+)+)", escape(text).unescape())
    # What the pattern has captured stands at the odd places.
    parts[1::2] = map(Markup('<span class="nowrap">{}</span>').format, parts[1::2])
    return Markup().join(parts)


def _clock(local: datetime) -> str:
    return f"{local.hour:02d}:{local.minute:02d}"


def moment_text(dashboard: Dashboard, moment: datetime) -> str:
    """Return a moment as `12 March, 19:31` in the user's zone, with the year if it is another."""
    local = local_time(dashboard, moment)
    return _("%(day)s, %(time)s", day=day_month(local, dashboard.today), time=_clock(local))


def greeting(dashboard: Dashboard) -> Markup:
    """Return `Good evening, Maya` by the user's clock."""
    hour = dashboard.now.astimezone(dashboard.clock.zone).hour
    pattern = _("Good evening, %(name)s")
    if MORNING <= hour < AFTERNOON:
        pattern = _("Good morning, %(name)s")
    elif AFTERNOON <= hour < EVENING:
        pattern = _("Good afternoon, %(name)s")
    return escape(pattern) % {"name": isolate(dashboard.name)}


class ConversationView:
    """A conversation with its time as text; other attributes are the conversation's own."""

    def __init__(self, conversation: Conversation, dashboard: Dashboard) -> None:
        self._conversation = conversation
        self.timestamp = datetime.fromisoformat(conversation.saved_at)
        self.absolute = moment_text(dashboard, self.timestamp)
        self.first_saved = datetime.fromisoformat(
            conversation.first_saved_at or conversation.saved_at
        )
        self.time = _clock(local_time(dashboard, self.first_saved))

    def __getattr__(self, name: str) -> object:
        return getattr(self._conversation, name)
