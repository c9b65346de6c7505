"""How gunicorn is to run us, beside what its command line says: gunicorn --config config/gunicorn.py config.wsgi"""

from gunicorn import glogging

from config.logs import JsonLines, PlainLines, format_from_environment


class Logger(glogging.Logger):
    """Gunicorn's own lines, written as ours are. It writes addresses of pages into them when something fails."""

    def setup(self, cfg) -> None:
        super().setup(cfg)
        formatter = JsonLines() if format_from_environment("json") == "json" else PlainLines()
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter)


logger_class = Logger
# We write a line about each request ourselves, without addresses of pages and of visitors.
accesslog = None
