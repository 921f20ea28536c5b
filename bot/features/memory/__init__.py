"""Features that extract and display memories of people."""
