"""The base of all packages: clock, errors, language, log, waiting. It imports nothing of ours."""
