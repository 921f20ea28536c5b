"""Two characters: what each is told, news that all hear, saving and loading."""

import tempfile
from pathlib import Path

from personaflow import PersonaSystem
from personaflow.utils import Serializer


def main() -> None:
    system = PersonaSystem()
    mara = system.create_character("Mara", "You are Mara, who keeps a lighthouse.")
    system.create_character("Otto", {"role": "harbour pilot", "voice": "few words, all of them dry"})

    system.add_interaction("Mara", {"user": "Any ships today?", "response": "Two, and a lost swan."})
    system.broadcast_interaction({"news": "a storm is coming"})

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "harbour.json"
        Serializer.to_json(system.to_dict(), file)
        again = PersonaSystem.from_dict(Serializer.from_json(file))

    for name, character in again.characters.items():
        print(f"{name} remembers:")
        for memory in character.get_context()["memories"]:
            print(f"  {memory['type']}: {memory['content']}")
    assert again.get_character("Mara").get_context() == mara.get_context()


if __name__ == "__main__":
    main()
