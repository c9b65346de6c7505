"""How gunicorn is to run us, beside what its command line says: gunicorn --config config/gunicorn.py config.wsgi"""

import gc
import logging
from typing import Any

from gunicorn import glogging
from gunicorn.config import Config

from config.logs import JsonLines, PlainLines, format_from_environment


class Logger(glogging.Logger):
    """Gunicorn's own lines, written as ours are. It writes addresses of pages into them when something fails."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        formatter = JsonLines() if format_from_environment("json") == "json" else PlainLines()
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter)

    def log(self, level: int | str, msg: object, *args: Any, **kwargs: Any) -> None:
        # With the place of whoever says it, where our formatter looks for the text that may be shown.
        number = self.LOG_LEVELS.get(level.lower(), logging.INFO) if isinstance(level, str) else level
        self.error_log.log(number, msg, *args, stacklevel=kwargs.pop("stacklevel", 2), **kwargs)

    def critical(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.log(logging.CRITICAL, msg, *args, stacklevel=3, **kwargs)

    def error(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.log(logging.ERROR, msg, *args, stacklevel=3, **kwargs)

    def warning(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.log(logging.WARNING, msg, *args, stacklevel=3, **kwargs)

    def info(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.log(logging.INFO, msg, *args, stacklevel=3, **kwargs)

    def debug(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.log(logging.DEBUG, msg, *args, stacklevel=3, **kwargs)

    def exception(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.log(logging.ERROR, msg, *args, stacklevel=3, exc_info=True, **kwargs)


def post_worker_init(worker: object) -> None:
    """Spare each page the search for garbage among what was loaded, which lives as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


# Beside our own sealed cookies a browser sends those that the health system's other sites set for all its hosts.
limit_request_field_size = 32_768
logger_class = Logger
# We write a line about each request ourselves, without addresses of pages and of visitors.
accesslog = None
