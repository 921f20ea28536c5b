"""The console: pages in the browser on which operators see why, see what it cost, and change it."""
