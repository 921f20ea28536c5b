"""The context of a reply: conversation, memory, and the current situation."""
