"""Which model writes a reply: one with eyes, one for code, one for premium members, or the general one."""

from dataclasses import dataclass

from bot.conversation.intents import Intent, IntentKind
from bot.llm.types import Model


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model that is asked, and who answers where it can't be.

    `expert` is who that is and why, for /why; empty where it is the general one, as for most replies.
    """

    model: Model
    instead: Model | None = None
    expert: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Experts:
    """The models that write replies; where no other one fits, the general one does.

    `spare` answers where the general one can't be asked.
    Where a budget runs short `Budgeted` takes a cheap one, whoever was chosen.
    """

    general: Model
    coder: Model | None = None
    vision: Model | None = None
    premium: Model | None = None
    spare: Model | None = None

    def _instead_of(self, model: Model) -> Model:
        """Return who answers where a model can't be asked: nobody at the same server that may be down."""
        beside = self.general.server and self.general.server == model.server
        return self.spare if beside and self.spare else self.general

    def choose(self, intent: Intent, *, premium: bool = False) -> ModelChoice:
        """Return who writes a reply: eyes before code, code before premium."""
        # Who is made for code mostly can't see, so a picture is never shown to the coder.
        wanted = (
            (self.vision, "vision", intent.why, intent.kind is IntentKind.VISION),
            (self.coder, "coder", intent.why, intent.kind is IntentKind.CODE),
            (self.premium, "premium", "member", premium),
        )
        for model, name, why, fits in wanted:
            if fits and model and model != self.general:
                return ModelChoice(model, self._instead_of(model), (name, why))
        return ModelChoice(self.general, self.spare)
