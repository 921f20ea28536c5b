"""The web console, on which operators see decisions and costs, and edit characters and memories."""
