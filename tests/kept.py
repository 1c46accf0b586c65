"""Puts back what a test changed of the process that runs it."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from bot import logs


@contextmanager
def logging_kept() -> Iterator[None]:
    """The levels and handlers of every logger that `logs.configure` sets."""
    loggers = [logging.getLogger(name) for name in (None, "bot", *logs.QUIET)]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    try:
        yield
    finally:
        for logger, (level, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers[:] = handlers


@contextmanager
def signals_kept() -> Iterator[None]:
    """What the process does about SIGTERM, SIGINT and SIGHUP."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {each: signal.getsignal(each) for each in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
