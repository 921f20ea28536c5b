"""What everything else stands on: clock, errors, language, log, waiting. It imports nothing of ours."""
