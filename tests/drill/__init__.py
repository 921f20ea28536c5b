"""The drill: people talk with main.py on the loopback wire, everything goes wrong, and every word is counted.

`python -m tests.drill` says what came of it in one line; docs/safety.md says what that line proves.
"""
