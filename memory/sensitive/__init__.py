"""Detection and masking of secrets; detection of distress."""
