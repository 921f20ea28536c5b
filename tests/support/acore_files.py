"""A folder of characters as acore keeps them: one file each, sheets and cards of every shape it has had."""

import base64
import json
from pathlib import Path
from typing import Any

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)
AVATAR = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
STAGES = [
    {"milestone": 50, "unlocks": {"tone": "less_guarded", "quirks": ["remembers_wagers"]}},
    {"milestone": 100, "changes": {"personality": {"new_quirks": ["whistles off key"]}}},
]
TIDES = {
    "name": "Tides",
    "entries": [
        {"uid": "0", "key": ["spring tide"], "content": "The mill floods at spring tide.", "order": 10},
        {"uid": "1", "key": ["ledger"], "content": "The ledger is kept by the bank.", "category": "banking"},
        {"uid": "2", "key": ["ferry"], "content": "The ferry sails at dusk.", "category": "Sea"},
    ],
}
EXTENSIONS: dict[str, Any] = {
    "topic_interests": ["tide_tables", "knots"],
    "topic_avoidances": ["politics"],
    "evolution_stages": STAGES,
    "knowledge_domain": {"primary": "seafaring", "rag_categories": ["sea"]},
    "voice_and_tone": {"temperature": 0.9, "formality": "rough", "default_tone": "salty"},
    "behavior": {"when_teased": "laughs first"},
    "opinions": {"gulls": "thieves"},
    "quirks": ["counts waves"],
    "activity_preferences": {"channels": [4242], "gaming": ["Sea of Ropes"]},
    "framework_blending": {"enabled": True, "contexts": {"technical": {"assistant": 0.7, "neuro": 0.3}}},
    "embedded_lorebook": TIDES,
}
"""What acore keeps beside a card's own fields, and what is put to use here."""
KEPT = {"mode_profiles": {"default_mode": "calm"}, "voice_model": "harbour_7"}
"""What acore keeps there, and nothing here reads."""


def card(name: str, description: str = "Keeps the harbour.", **data: Any) -> dict[str, Any]:
    """Return a card of version 2."""
    texts = {"personality": "", "scenario": "", "first_mes": "Ahoy.", "mes_example": ""}
    body = {"name": name, "description": description, **texts, **data}
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": body}


def sheet(slug: str, name: str, **fields: Any) -> dict[str, Any]:
    """Return a plain sheet with the fields that each one has to have there."""
    needed: dict[str, Any] = {key: {} for key in ("knowledge_domain", "opinions", "voice_and_tone", "quirks")}
    who = {"identity": {"who": f"{name} of the lower town"}}
    return {"character_id": slug, "display_name": name, **who, **needed, **fields}


CHARACTERS: dict[str, Any] = {
    "dagoth_ur.json": card("Dagoth Ur", extensions={**EXTENSIONS, **KEPT}, avatar_url=AVATAR),
    "lamplighter.json": sheet(
        "lamplighter",
        "Wick",
        identity={"who": "who lights the lamps", "framework": "caring"},
        knowledge_domain={"primary": "gaslight", "rag_categories": ["town"]},
        quirks=["smells of oil"],
        topic_interests=["wicks"],
        topic_avoidances=["sunrise"],
        evolution_stages=STAGES,
        activity_preferences={"channels": [99]},
        avatar_url=AVATAR,
    ),
    "ferryman.json": card("Ferryman", extensions={"acore": {**EXTENSIONS, **KEPT, "framework": "chaotic"}}),
    "miller.json": card("Miller", extensions={"embedded_lorebook": TIDES, "rag_categories": ["Sea"]}),
    "banker.json": card("Banker", extensions={"knowledge_domain": {"rag_categories": ["banking"]}}),
    "sergeant.json": {
        **sheet("sergeant", "Sergeant Bell", opinions={"loves": ["drill"], "hates": ["mud"]}),
        "version": "1.0",
        "quirks": {"catchphrases": ["Boots."], "habits": ["salutes doors"]},
        "voice_and_tone": {"default_tone": "loud", "formality": "nonexistent", "emotional_range": ["stern"]},
        "legacy_config": {"voice": {"speed": 1.1}},
    },
    "nova.json": {
        "name": "Nova",
        "display_name": "Nova",
        "version": "2.0",
        "description": "A lamp that learned to listen.",
        "core": {"personality": {"traits": ["patient"]}, "background": {"world": "a pier"}},
        "autonomous_behavior": {"curiosity": {"enabled": True}},
        "knowledge": {"rag_categories": ["sea"], "topic_interests": ["lenses"], "topic_avoidances": ["fog"]},
        "extensions": {"activity_preferences": {"gaming": ["Lanterns"]}, "mood_system": {"enabled": True}},
        "system_prompt": "Nova never hurries anybody.",
    },
    "weaver.json": card(
        "Weaver",
        extensions={
            "framework_blending": {
                "enabled": True,
                "base_framework": "assistant",
                "blend_rules": [
                    {"context": "creative_task", "framework": "chaotic", "weight": 0.5},
                    {"context": "emotional_support", "framework": "caring", "weight": 0.7},
                ],
            }
        },
    ),
    "plain.json": card("Plain"),
    "empty.json": card("Hollow", extensions=None),
    "first.json": {"name": "First", "description": "Came before the others.", "personality": "old"},
    "third.json": {
        "spec": "chara_card_v3",
        "spec_version": "3.0",
        "data": {**card("Third")["data"], "group_only_greetings": [], "extensions": {"acore": EXTENSIONS}},
    },
    "Käthe Grün.json": card("Käthe Grün", extensions={"topic_interests": ["Äpfel"]}),
    "painter.json": card("Painter", avatar_url="https://pictures.example.org/painter.png"),
    "singer.json": sheet("singer", "Singer", behavior="hums before answering", framework="chaotic"),
    "gossip.json": sheet("gossip", "Gossip", opinions=["tea: always"], quirks="leans in, whispers"),
    "mariner.json": card("Mariner", tags=["sea"], character_book=TIDES, extensions=EXTENSIONS),
}
"""The files by name: seventeen, as many as acore ships."""
FRAMEWORK = {
    "framework_id": "harbour",
    "name": "Harbour",
    "version": "1.0",
    "purpose": "Plain speech.",
    "behavioral_patterns": {"greets": "by boat, not by name"},
    "tool_requirements": {"required": ["get_current_time"]},
    "decision_making": {"when_to_respond": {"mentioned": "always"}},
    "context_requirements": {"needs": ["weather"]},
    "interaction_style": {"formality": "none"},
    "anti_hallucination": {"mode": "maximum"},
    "prompt_template": "Speak as one does on a quay.",
}


def write_prompts(root: Path, *names: str) -> Path:
    """Write `prompts/` as acore has it, with these characters or all; return the folder of characters."""
    characters = root / "prompts" / "characters"
    for name in names or CHARACTERS:
        put(characters / name, CHARACTERS[name])
    put(root / "prompts" / "frameworks" / "harbour.json", FRAMEWORK)
    return characters


def put(path: Path, content: Any) -> None:
    """Write a value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
