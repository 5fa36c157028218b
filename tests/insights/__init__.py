"""What days say of tags, weekdays and periods, and that noise says nothing."""
