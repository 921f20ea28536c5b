"""Which characters there are: reading, importing, exporting them, and where each is present."""
