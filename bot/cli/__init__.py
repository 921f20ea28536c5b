"""The commands of main.py: run, chat, setup, doctor, backup and other commands for operators."""
