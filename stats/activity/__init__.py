"""Days and streaks: where a user's days begin, and which of them were active."""
