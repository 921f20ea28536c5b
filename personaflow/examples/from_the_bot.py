"""What the characters of a Masquerade bot know about people: python from_the_bot.py DATA_FOLDER."""

import sys

from personaflow import PersonaSystem


def main(folder: str) -> None:
    try:
        system = PersonaSystem.from_database(folder)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f"{error}. Name the bot's data folder.") from error
    for name, character in system.characters.items():
        memories = character.memory_manager.get_memories(limit=5)
        print(f"{name}: a prompt of {len(character.prompt):,} characters; the newest memories:")
        for memory in memories:
            print(f"  {memory.timestamp[:10]} {memory.content['user']}: {memory.content['fact']}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "data")
