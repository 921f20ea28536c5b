"""A log on the console and, optionally, in a file."""

import logging
from os import PathLike

_FORMAT = logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s")


class Logger:
    """A named log; `logger` is the underlying logging.Logger (P18).

    A name has one console handler, however often it is created; further files are added.
    """

    def __init__(
        self, name: str, level: int | str = logging.INFO, log_file: str | PathLike[str] | None = None
    ) -> None:
        """Accept a level as a number or a word, such as "INFO".

        Raises ValueError for an unknown level, OSError for a file that can't be opened.
        """
        self.logger = logging.getLogger(name)
        self.logger.setLevel(level.upper() if isinstance(level, str) else level)
        if not any(type(handler) is logging.StreamHandler for handler in self.logger.handlers):
            self._add(logging.StreamHandler())
        if log_file is not None:
            self._add_file(logging.FileHandler(log_file, encoding="utf-8"))

    def debug(self, message: str) -> None:
        """Log details for debugging."""
        self.logger.debug(message)

    def info(self, message: str) -> None:
        """Log normal operation."""
        self.logger.info(message)

    def warning(self, message: str) -> None:
        """Log a potential problem."""
        self.logger.warning(message)

    def error(self, message: str) -> None:
        """Log an error."""
        self.logger.error(message)

    def _add(self, handler: logging.Handler) -> None:
        handler.setFormatter(_FORMAT)
        self.logger.addHandler(handler)

    def _add_file(self, new: logging.FileHandler) -> None:
        files = [handler for handler in self.logger.handlers if isinstance(handler, logging.FileHandler)]
        if any(handler.baseFilename == new.baseFilename for handler in files):
            new.close()
        else:
            self._add(new)
