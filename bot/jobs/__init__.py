"""Work by the clock: which jobs there are, when they run, and what came of them."""
