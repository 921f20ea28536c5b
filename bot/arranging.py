"""Construction of configuration objects and model clients from the settings and the server."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.conversation.attention.throttle import Patience
from bot.conversation.attention.vote import Voters
from bot.conversation.config import (
    Attentiveness,
    Curiosity,
    Direction,
    Growing,
    Learning,
    Manner,
    Notice,
    Streaming,
    TranscriptLimits,
)
from bot.conversation.generation import ModelVoice
from bot.conversation.perception import Describer
from bot.conversation.senses import Senses
from bot.conversation.text.typing import Pace
from bot.core.clock import Clock
from bot.core.errors import ConfigurationError
from bot.features.senses.opening import open_senses
from bot.features.speech.opening import open_engine
from bot.llm.breaker import Breaker
from bot.llm.budget import Budgets, Limits
from bot.llm.budgeted import Budgeted, Tariff
from bot.llm.call_log import open_call_log
from bot.llm.client import AnthropicClaude, Claude
from bot.llm.pricing import Prices, load_prices
from bot.llm.server import Server, model_at, other_servers
from bot.llm.servers import Servers
from bot.llm.types import Model, TokenEstimate, local_counter
from bot.settings import Settings
from bot.settings.allowance import Allowance
from database import DatabaseError
from memory.dates import zone
from memory.dumps import Dumps
from memory.embeddings import Embedder, EmbedderMissing, open_embedder
from personas.initiative import InitiativeBounds, QuietHours
from personas.selection.routing import Rules

log = logging.getLogger(__name__)

CACHED = {"1h": timedelta(hours=1), "5m": timedelta(minutes=5)}
REHEARSAL_TOKENS = 60
REHEARSAL_SECONDS = 180.0
REHEARSAL_TRANSCRIPT = 1_000
REHEARSAL_SAMPLING = {"temperature": 0.7, "top_p": 0.8, "top_k": 20}
"""Recommended by the model's authors; the endpoint does not accept the repetition penalty, which is set at
its start."""


def voice_of(settings: Settings, server: Server) -> ModelVoice:
    """Return the model configuration. A rehearsal model is slow and rambles without a tight limit."""
    slow = server.rehearsal
    return ModelVoice(
        model=server.model,
        premium_model=_model(server, settings.premium_model, named="premium_model" in settings.explicit),
        max_tokens=min(settings.default_max_tokens, REHEARSAL_TOKENS)
        if slow
        else settings.default_max_tokens,
        deadline=max(settings.llm_timeout, REHEARSAL_SECONDS) if slow else settings.llm_timeout,
        tokens=TokenEstimate(local_counter()),
        effort="off" if server.local else settings.reply_effort,
        rehearsal=slow,
        general=model_at(settings.sel_general_model, server),
        coder=model_at(settings.sel_coder_model, server),
        vision=model_at(settings.vision_model, server),
    )


def senses_of(settings: Settings, server: Server) -> Senses:
    """Return the senses. The rehearsal model can't see and reads little."""
    senses = open_senses(settings, jpeg=server.local or bool(other_servers(settings, server)))
    senses = replace(senses, speech=open_engine(settings.piper_model))
    return replace(senses, eye=None, reader=None) if server.rehearsal else senses


def describer_of(claude: Claude, voice: ModelVoice, cheap: str) -> Describer:
    """Return the describer of pictures: the vision model, with a cheap model as fallback."""
    spare = Model(cheap) if cheap else None
    return Describer(claude, voice.vision or spare, spare if voice.vision else None)


def limits_of(settings: Settings) -> Limits:
    """Return the daily budgets (C86)."""
    return Limits(
        person=Allowance.of(settings.budget_per_person),
        server=Allowance.of(settings.budget_per_server),
        all=Allowance.of(settings.budget_per_day),
        exempt=frozenset(settings.admin_ids),
        line=settings.budget_line,
    )


def cheap_model_of(settings: Settings, server: Server) -> str:
    """Return the model for replies when a budget runs low; "" if it would be the usual one."""
    if server.local:
        return server.model if other_servers(settings, server) else ""
    return settings.budget_model or settings.voting_model


def embedder_of(settings: Settings) -> Embedder | None:
    """Return the embedding model; if its packages are missing, log that once (C58)."""
    try:
        return open_embedder(settings.embedding_model)
    except EmbedderMissing as error:
        log.warning("%s", error)
        return None


def _model(server: Server, model: str, *, named: bool) -> str:
    """Return a Claude model; another server gets it only if the operator `named` it explicitly."""
    return server.model if server.local and not named else model


def manner_of(settings: Settings, server: Server) -> Manner:
    """Return the behaviour that the settings configure."""
    pace = Pace(
        characters_per_minute=settings.typing_speed_cpm,
        shortest=settings.min_typing_time,
        longest=settings.max_typing_time,
        variance=settings.typing_variance,
    )
    attention = Attentiveness(
        too_old=timedelta(seconds=settings.sel_drop_old_seconds),
        answers_missed=timedelta(minutes=settings.answer_missed_minutes),
        patience=Patience(
            threshold=settings.bot_reply_threshold,
            cooldown=settings.reply_cooldown,
            energy=settings.channel_energy,
        ),
        chance=settings.global_response_chance,
        voters=Voters(
            model=_model(server, settings.voting_model, named="voting_model" in settings.explicit),
            count=settings.yes_no_vote_count,
            deadline=settings.should_reply_timeout,
        ),
        turn=settings.max_typing_time,
    )
    return Manner(
        pace=pace,
        attention=attention,
        errors=settings.errors,
        burst_quiet=settings.burst_quiet_seconds,
        burst_longest=settings.burst_max_seconds,
        resume_within=timedelta(seconds=settings.resume_within_seconds),
        decisions_kept=timedelta(days=settings.decisions_kept_days),
        prompts_kept=timedelta(hours=settings.console_prompts_hours if settings.keeps_prompts else 0),
        extent=TranscriptLimits(
            condensed=settings.conversation_token_threshold,
            known=settings.core_memory_token_threshold if settings.memory_consent != "off" else 0,
            cached=CACHED[settings.cache_ttl],
        ),
        summary_deadline=settings.summarize_timeout,
        consent=settings.memory_consent,
        backups_kept=timedelta(days=settings.backups_kept_days),
        recalled=settings.recall_tokens if settings.memory_consent != "off" else 0,
        learning=Learning(
            model=_model(server, settings.memory_model, named="memory_model" in settings.explicit),
            batches=settings.memory_batches and not server.local,
            hour=settings.consolidation_hour,
        ),
        dumps=Dumps(settings.data_dir / settings.core_memory_pickle_dir)
        if settings.enable_core_memory_pickle_log
        else None,
        longest_message=settings.max_message_length,
        streaming=Streaming(settings.stream_replies, settings.stream_gap, settings.stream_after),
        direction=_direction(settings),
        growing=Growing(settings.persona_evolution_enabled, settings.persona_evolution_milestones),
        mode=settings.sel_mode,
        blending=settings.framework_blending_enabled,
        lore=settings.lore_tokens,
        greets=settings.greet_newcomers,
        zone=zone(settings.home_timezone),
        initiative=InitiativeBounds(
            chance=settings.initiative_chance,
            cap=settings.initiative_daily_cap,
            quiet=QuietHours.of(settings.quiet_hours),
        ),
        checkins=settings.sel_checkins,
        notice=Notice(settings.crisis_notice, timedelta(hours=settings.crisis_notice_hours)),
        curiosity=Curiosity(settings.followups, timedelta(seconds=settings.persona_followup_cooldown)),
    )


def _direction(settings: Settings) -> Direction:
    """Return the settings for choosing speakers (F108)."""
    return Direction(
        rules=Rules(
            context_routing=settings.context_routing_enabled,
            activity_priority=settings.activity_routing_priority,
            sticky=timedelta(seconds=settings.persona_sticky_timeout),
        ),
        weights=settings.persona_weights,
        banter=settings.persona_banter,
        chain=settings.persona_chain,
        conflicts=settings.persona_conflicts_enabled,
        escalation=settings.conflict_escalation_amount,
        decay=settings.conflict_decay_rate,
    )


def rehearsing(manner: Manner) -> Manner:
    """Return the configuration for our small model: short transcripts, and replies only.

    It can't do anything else that models are asked for (votes, tones, summaries, statuses), and the next
    reply would have to wait. Rules replace these questions, or nothing does.
    """
    size = min(manner.extent.condensed, REHEARSAL_TRANSCRIPT)
    return replace(
        manner,
        extent=replace(
            manner.extent, condensed=size, known=min(size // 2, manner.extent.known), summed=False
        ),
        attention=replace(manner.attention, voters=replace(manner.attention.voters, model="", count=0)),
        streaming=Streaming(),  # it rambles, and only the finished text can be trimmed
    )


def growth_folder(settings: Settings) -> Path:
    """Return the folder of the growth files: in data_dir unless configured."""
    if "persona_evolution_path" in settings.explicit:
        return settings.persona_evolution_path
    return settings.data_dir / "persona_evolution"


def _prices(settings: Settings) -> Prices:
    return load_prices(
        Path(settings.price_file) if settings.price_file else None,
        input_prices={
            word: getattr(settings, f"cost_per_token_{word}")
            for word in ("haiku", "sonnet")
            if f"cost_per_token_{word}" in settings.explicit
        },
    )


def open_claude(settings: Settings, server: Server, clock: Clock, breaker: Breaker) -> Claude:
    """Return a client for all configured servers. Raises ConfigurationError for a faulty price table."""
    log_file = settings.data_dir / settings.api_log_file
    note = open_call_log(log_file) if settings.enable_api_call_logging else None
    prices = _prices(settings)

    def client(server: Server, breaker: Breaker) -> AnthropicClaude:
        return AnthropicClaude(
            server,
            prices,
            clock=clock,
            cache_ttl=settings.cache_ttl,
            sampling=_sampling(settings, server),
            breaker=breaker,
            keeps_requests=settings.keeps_prompts,
            **({"note": note} if note else {}),
        )

    others = other_servers(settings, server).items()
    return Servers(
        client(server, breaker), {label: client(other, Breaker(clock)) for label, other in others}, clock
    )


def _sampling(settings: Settings, server: Server) -> dict[str, float]:
    """Return the sampling parameters for a server other than Claude's; the operator's settings prevail."""
    own = {"temperature": settings.default_temperature}
    if server.rehearsal:
        return {**REHEARSAL_SAMPLING, **(own if "default_temperature" in settings.explicit else {})}
    return own if server.local else {}


async def within(budgets: Budgets, claude: Claude, settings: Settings, server: Server) -> Claude:
    """Return a client that respects the budgets; without limits, the plain client."""
    if not budgets.limited:
        return claude
    try:
        await budgets.open()
    except DatabaseError as error:
        raise ConfigurationError(str(error)) from error
    free = frozenset(label for label, other in other_servers(settings, server).items() if other.free)
    tariff = Tariff(_prices(settings), server.local, free)
    return Budgeted(claude, budgets, tariff, cheap_model=cheap_model_of(settings, server))
