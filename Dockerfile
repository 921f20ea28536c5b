# One image: the bot, its characters, and what it needs; the database and the backups live in /data.
#
#   docker build -t masquerade .
#   docker run --env-file config.env -v masquerade:/data masquerade
#
# Another Python from 3.11 on works as well: --build-arg PYTHON=3.12
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /venv
# What changes seldom comes first, so that a new version of the bot does not install everything anew.
COPY pyproject.toml constraints.txt ./
# EXTRAS=local,memory,pictures,senses,postgres adds the embedded voice, which speaks without a key, and needs 2 GB
# of memory; `voice` in the list adds 330 MB, which listen, and `piper` 110 MB, which speak (docs/voice.md).
ARG EXTRAS=memory,pictures,senses,postgres
RUN /venv/bin/pip install --constraint constraints.txt ".[${EXTRAS}]"
RUN --mount=type=bind,source=memory,target=memory \
    /venv/bin/python -m memory.vocabulary && /venv/bin/python -m memory.sentence_models

FROM python:${PYTHON}-slim
# Nobody's rights but its own: the number is fixed, so that a volume keeps its owner from image to image.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent masquerade \
 && install --directory --owner=masquerade --group=masquerade --mode=0700 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY main.py pyproject.toml config.env.example character.env.example LICENSE README.md ./
COPY bot bot
COPY cogs cogs
COPY console console
COPY database database
COPY memory memory
COPY personas personas
COPY personaflow personaflow
COPY characters characters
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data CACHE_DIR=/data/cache
USER masquerade
VOLUME /data
# Replies under way get drain_seconds to finish.
STOPSIGNAL SIGTERM
# It reads a file that the bot writes at each look; the first look comes half a minute after the start.
HEALTHCHECK --interval=60s --timeout=15s --start-period=90s --retries=3 CMD ["python", "main.py", "healthcheck"]
ENTRYPOINT ["python", "main.py"]
