"""The walk from a heard message to a said reply, and the pure functions it uses."""
