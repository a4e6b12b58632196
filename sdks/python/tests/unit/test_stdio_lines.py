"""Lines of the standard input come whole, whatever pieces they arrive in."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from tasker_core.worker.stdio import READ_BYTES, _Lines


class Pipe:
    def __init__(self) -> None:
        source, self._target = os.pipe()
        self._source = os.fdopen(source, "rb")
        self.lines = _Lines(self._source)

    def write(self, data: bytes) -> None:
        os.write(self._target, data)

    def close(self) -> None:
        self.end()
        self.lines.close()
        self._source.close()

    def end(self) -> None:
        if self._target >= 0:
            os.close(self._target)
            self._target = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_several_lines_in_one_piece_and_one_without_an_end(pipe: Pipe) -> None:
    pipe.write(b"a\nb\n\nc")
    pipe.end()
    assert [pipe.lines.read() for _ in range(5)] == [b"a\n", b"b\n", b"\n", b"c", b""]


def test_a_line_longer_than_what_is_read_at_once(pipe: Pipe) -> None:
    long = b"x" * (3 * READ_BYTES) + b"\n"
    writer = threading.Thread(target=lambda: pipe.write(long + b"next\n"))
    writer.start()
    assert pipe.lines.read() == long
    assert pipe.lines.read() == b"next\n"
    writer.join()


def test_a_reader_that_waits_is_stopped_by_another_thread(pipe: Pipe) -> None:
    pipe.write(b"half a li")
    threading.Timer(0, pipe.lines.stop).start()
    assert pipe.lines.read() == b""
    assert pipe.lines.read() == b""
