"""Proactive messages: greetings, check-ins, initiative."""
