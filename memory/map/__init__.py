"""The memory map: layout, labels, drawing."""
