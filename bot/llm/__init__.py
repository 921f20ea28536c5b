"""Client for language models; the only package that calls them."""
