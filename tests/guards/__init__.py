"""The guards of the product, each with the change that takes it out and the test that notices."""
