"""A worker as a process: started once, asked for images, ended with this process."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fgresq.errors import OneImage, UserError
from fgresq.external import serve

MEND = "Correct the settings, or that environment; docs/published-weights.md says what each takes"


class Worker:
    """A process of the user's Python that answers for images.

    Args:
        python: the Python that runs it.
        settings: of the backend; `backend` names one of `serve.BACKENDS`.
        where: file of the settings, for messages.
        environment: variables of its environment beside ours.

    Raises:
        UserError: it cannot be started, or does not come up.
    """

    def __init__(
        self, python: str, settings: dict[str, Any], where: Path, environment: dict[str, str]
    ) -> None:
        self.where = where
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        named = {**os.environ, **environment}
        if python == sys.executable:  # our own finds this package, wherever it is started
            paths = [str(Path(serve.__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
            named["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        try:
            self.process = subprocess.Popen(
                [python, serve.__file__, json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.said,
                env=named,
            )
        except OSError as error:
            raise UserError(where, f"'{python}' cannot be run ({error.strerror})", MEND) from error
        assert self.process.stdin and self.process.stdout  # both are pipes
        self.input, self.output = self.process.stdin, self.process.stdout
        atexit.register(self.close)
        self._answer()

    def ask(self, request: dict[str, Any], images: Sequence[np.ndarray]) -> Any:
        """Give the values for uint8 RGB images.

        Raises:
            OneImage: the model failed on these; the message is its own.
            UserError: the worker failed, or ended.
        """
        head = {**request, "shapes": [image.shape for image in images]}
        try:
            self.input.write(json.dumps(head).encode() + b"\n")
            for image in images:
                self.input.write(np.ascontiguousarray(image, np.uint8).tobytes())
            self.input.flush()
        except BrokenPipeError:
            pass  # its end is told below
        return self._answer()

    def _answer(self) -> Any:
        line = self.output.readline()
        if not line:
            raise UserError(self.where, f"its process ended: {self._last_words()}", MEND)
        reply = json.loads(line)
        if "error" in reply:
            raise UserError(self.where, f"its process says: {reply['error']}", MEND)
        if "refused" in reply:
            problem = f"its model fails on this image ({reply['refused']})"
            raise OneImage(self.where, problem, "Leave the image out, or change it")
        return reply["values"]

    def _last_words(self) -> str:
        code = self.process.wait()
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {code}, without a word"

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for stream in (self.input, self.output, self.said):
            stream.close()
