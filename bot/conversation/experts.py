"""Choice of the model that writes a reply: vision, code, premium, or general."""

from dataclasses import dataclass

from bot.conversation.intents import Intent, IntentKind
from bot.llm.types import Model


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The chosen model and its fallback.

    `expert` names the model and the reason, for /why; it is empty for the general model, as for most replies.
    """

    model: Model
    instead: Model | None = None
    expert: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Experts:
    """The models that write replies; the general model is the default.

    `spare` is the general model's fallback. When a budget runs short, `Budgeted` uses a cheap model,
    whichever was chosen.
    """

    general: Model
    coder: Model | None = None
    vision: Model | None = None
    premium: Model | None = None
    spare: Model | None = None

    def _instead_of(self, model: Model) -> Model:
        """Return the fallback of a model; None if it is at the same server, which may be down."""
        beside = self.general.server and self.general.server == model.server
        return self.spare if beside and self.spare else self.general

    def choose(self, intent: Intent, *, premium: bool = False) -> ModelChoice:
        """Return the model for a reply: vision before code, code before premium."""
        # Models for code mostly have no vision, so a picture is never shown to the coder.
        wanted = (
            (self.vision, "vision", intent.why, intent.kind is IntentKind.VISION),
            (self.coder, "coder", intent.why, intent.kind is IntentKind.CODE),
            (self.premium, "premium", "member", premium),
        )
        for model, name, why, fits in wanted:
            if fits and model and model != self.general:
                return ModelChoice(model, self._instead_of(model), (name, why))
        return ModelChoice(self.general, self.spare)
