"""The commands of main.py: run, chat, setup, doctor, backup and what else an operator types."""
