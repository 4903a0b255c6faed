"""A folder as a user places it: a tiny model with its own code, its tokenizer, its image sizes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

from fgresq.external import levels, pairwise
from fgresq.networks.torchvision_ops import make_importable

CODE = Path(__file__).parent / "modeling_tiny_owl.py"


def tokenizer():
    """Build a tokenizer of the words of both prompts; a text begins with <s>."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    split = pre_tokenizers.Whitespace()
    words = ["<unk>", "<s>"]
    for text in (levels.PROMPT, pairwise.PROMPT, *levels.WORDS, *pairwise.WORDS):
        words += [word for word, _ in split.pre_tokenize_str(text.replace("<|image|>", " "))]
    made = Tokenizer(models.WordLevel({w: k for k, w in enumerate(dict.fromkeys(words))}, "<unk>"))
    made.pre_tokenizer = split
    made.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", unk_token="<unk>")


def write(folder: Path) -> Path:
    """Write the model with random weights of a fixed seed."""
    make_importable()
    from transformers import CLIPImageProcessor

    from tests.tiny_owl.modeling_tiny_owl import TinyOwl, TinyOwlConfig

    words = tokenizer()
    torch.manual_seed(0)
    model = TinyOwl(TinyOwlConfig(vocab_size=len(words)))
    for value in model.parameters():
        torch.nn.init.normal_(value, std=0.5)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=28).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    names = {"AutoConfig": "TinyOwlConfig", "AutoModelForCausalLM": "TinyOwl"}
    config["auto_map"] = {kind: f"{CODE.stem}.{name}" for kind, name in names.items()}
    (folder / "config.json").write_text(json.dumps(config))
    shutil.copy(CODE, folder)
    return folder
