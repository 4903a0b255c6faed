"""Answer for images over a pipe. Run by the user's own Python: this file needs nothing of fgresq.

    python serve.py '{"backend": "owl", ...}'

A request is one line of JSON, with the shapes of its images under `shapes`, followed by the bytes
of these images (uint8 RGB). An answer is one line of JSON: {"values": ...}, {"error": "..."}, or
where the model fails on these images {"refused": "..."}. What libraries print goes to the standard
error.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

IMAGE = "<|image|>"  # where an image goes in a prompt
IMAGE_TOKEN = -200  # the number that stands for it, by the convention of LLaVA and mPLUG-Owl2
Answer = Callable[[dict, list], Any]


class Refused(Exception):
    """The model fails on these images; it may do well on others."""


@contextmanager
def on_images() -> Iterator[None]:
    """Lay a failure of the model to the images that it was given."""
    try:
        yield
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}") from error


def squared(image: Any, background: tuple) -> Any:
    """Lay a PIL image in the middle of a square of the background colour, as the authors do."""
    from PIL import Image

    side = max(image.size)
    square = Image.new("RGB", (side, side), background)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def prompt_tokens(tokenizer: Any, prompt: str) -> list[int]:
    """Tokenise the parts of a prompt between its images, each image one IMAGE_TOKEN.

    The token that begins a text stands once, at the very beginning.
    """
    tokens: list[int] = []
    for place, part in enumerate(prompt.split(IMAGE)):
        found = list(tokenizer(part).input_ids) if part else []
        begins = bool(found) and found[0] == tokenizer.bos_token_id
        if place:
            tokens.append(IMAGE_TOKEN)
        tokens += found[1:] if place and begins else found
    return tokens


def word_tokens(tokenizer: Any, words: list[str]) -> list[int]:
    """Give the first token of each word; they must differ, or the words cannot be told apart."""
    found = []
    for word in words:
        tokens = list(tokenizer(word).input_ids)
        found.append(tokens[1] if tokens[0] == tokenizer.bos_token_id else tokens[0])
    if len(set(found)) < len(words) or tokenizer.unk_token_id in found:
        raise ValueError(f"the tokenizer does not tell the words {words} apart: {found}")
    return found


def load_options(transformers: Any, precision: str, device: str) -> dict[str, Any]:
    """Give the arguments of from_pretrained for a precision of fp32, fp16, bf16, 8bit or 4bit."""
    import torch

    if precision in ("8bit", "4bit"):
        bits: dict[str, Any] = {"load_in_" + precision: True}
        if precision == "4bit":
            bits["bnb_4bit_compute_dtype"] = torch.float16
        return {
            "quantization_config": transformers.BitsAndBytesConfig(**bits),
            "device_map": {"": device},
        }
    kinds = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    name = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
    return {name: kinds[precision]}


class Owl:
    """A multimodal model of the family of mPLUG-Owl2, read by transformers with its own code.

    Settings: `model` (folder, or name on the Hub), `precision`, `device`.
    """

    def __init__(self, settings: dict) -> None:
        prepare_torchvision()
        import transformers

        name, self.device = settings["model"], settings["device"]
        kind = load_options(transformers, settings["precision"], self.device)
        own = {"trust_remote_code": True}
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(name, **own)
        self.processor = transformers.CLIPImageProcessor.from_pretrained(name)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            name, attn_implementation="eager", **own, **kind
        ).eval()
        if "device_map" not in kind:
            self.model.to(self.device)

    def pixels(self, images: list) -> Any:
        """Give the tensor (n, 3, side, side) of images, squared and normalised."""
        from PIL import Image

        mean = tuple(int(255 * value) for value in self.processor.image_mean)
        square = [squared(Image.fromarray(image), mean) for image in images]
        found = self.processor.preprocess(square, return_tensors="pt")["pixel_values"]
        return found.to(self.device, next(self.model.parameters()).dtype)

    def __call__(self, request: dict, images: list) -> list:
        """Give the logits of `words` after `prompt`, a list for each group of `size` images."""
        import torch

        tokens = torch.tensor([prompt_tokens(self.tokenizer, request["prompt"])])
        words = word_tokens(self.tokenizer, request["words"])
        groups = len(images) // request["size"]
        with torch.inference_mode(), on_images():
            found = self.model(
                input_ids=tokens.repeat(groups, 1).to(self.device), images=self.pixels(images)
            )
        return found["logits"][:, -1, words].float().cpu().tolist()


class Realign:
    """A model of Q-ReAlign, read by transformers. Settings: `model`, `device`."""

    def __init__(self, settings: dict) -> None:
        prepare_torchvision()
        import transformers

        name, self.device = settings["model"], settings["device"]
        self.processor = transformers.AutoProcessor.from_pretrained(name)
        kind = transformers.AutoModelForImageTextToText
        self.model = kind.from_pretrained(name, dtype="auto").to(self.device).eval()

    def __call__(self, request: dict, images: list) -> list:
        """Give, for each image, the logits of `words` after `answer` begins to `question`."""
        import torch
        from PIL import Image

        asked = [{"type": "image"}, {"type": "text", "text": request["question"]}]
        told = [{"role": "user", "content": asked}]
        text = self.processor.apply_chat_template(told, add_generation_prompt=True)
        text += request["answer"]
        tokenizer = self.processor.tokenizer
        words = [
            tokenizer(" " + w, add_special_tokens=False).input_ids[0] for w in request["words"]
        ]
        if len(set(words)) < len(words):
            raise ValueError(f"the tokenizer does not tell the words {request['words']} apart")
        found = []
        for image in images:
            with torch.inference_mode(), on_images():
                given = self.processor(
                    text=[text], images=[Image.fromarray(image)], return_tensors="pt"
                )
                logits = self.model(**given.to(self.device)).logits
            found.append(logits[0, -1, words].float().cpu().tolist())
        return found


class Pyiqa:
    """Metrics of pyiqa, which the user installed. Settings: `device`."""

    def __init__(self, settings: dict) -> None:
        prepare_torchvision()
        self.device, self.metrics = settings["device"], {}  # type: str, dict[str, Any]

    def __call__(self, request: dict, images: list) -> list:
        """Give the value of `metric` for an image, with its reference if any; is low good?"""
        import numpy as np
        import pyiqa
        import torch

        name = request["metric"]
        if name not in self.metrics:
            self.metrics[name] = pyiqa.create_metric(name, device=torch.device(self.device))
        tensors = [
            torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 255
            for image in images
        ]
        metric = self.metrics[name]
        with torch.inference_mode(), on_images():
            value = float(metric(*(tensor.to(self.device) for tensor in tensors)))
        return [value, bool(metric.lower_better)]


def prepare_torchvision() -> None:
    """Run the cure for a torchvision that does not fit its torch, in the environment of fgresq."""
    try:
        from fgresq.networks.torchvision_ops import make_importable
    except ImportError:
        return
    make_importable()


BACKENDS: dict[str, Callable[[dict], Answer]] = {
    "owl": Owl,
    "pyiqa": Pyiqa,
    "realign": Realign,
}


def read_images(shapes: list, source: BinaryIO) -> list:
    """Read uint8 images of the shapes from a stream."""
    import numpy as np

    found = []
    for shape in shapes:
        data = source.read(math.prod(shape))
        found.append(np.frombuffer(data, np.uint8).reshape(shape))
    return found


def answers(answer: Answer, source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests until the stream ends."""
    for line in source:
        request = json.loads(line)
        images = read_images(request["shapes"], source)
        try:
            reply = {"values": answer(request, images)}
        except Refused as reason:
            reply = {"refused": str(reason)}
        except Exception as error:  # the other side tells it, with its place and mend
            reply = {"error": f"{type(error).__name__}: {error}"}
        target.write(json.dumps(reply).encode() + b"\n")
        target.flush()


def main() -> None:
    """Build the backend that the settings name, say that it is ready, and serve."""
    settings = json.loads(sys.argv[1])
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    try:
        answer = BACKENDS[settings["backend"]](settings)
    except Exception as error:
        target.write(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode() + b"\n")
        return
    target.write(b'{"values": "ready"}\n')
    target.flush()
    answers(answer, sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
