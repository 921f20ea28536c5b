"""What a character remembers of people for good. It knows neither Claude nor Discord."""
