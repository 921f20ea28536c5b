"""Speaking without being asked: greetings, check-ins, initiative."""
