"""Everything that is asked of Claude, and the only place that speaks to it."""
