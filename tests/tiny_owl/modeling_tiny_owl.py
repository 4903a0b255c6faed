"""A model of the form of mPLUG-Owl2 with some thousand weights, as code that comes with weights.

As there, -200 in the text stands for an image, whose tokens are laid in its place; the images of a
batch are taken in order.
"""

import torch
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    LlamaConfig,
    LlamaForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
)


class TinyOwlConfig(PretrainedConfig):
    """Sizes; only the vocabulary is open."""

    model_type = "tiny_owl"

    def __init__(self, vocab_size=8, **others):
        self.vocab_size = vocab_size
        super().__init__(**others)


class TinyOwl(PreTrainedModel):
    """A Llama of one block, and a vision tower of one block whose tokens it reads."""

    config_class = TinyOwlConfig

    def __init__(self, config):
        super().__init__(config)
        sizes = {"hidden_size": 16, "intermediate_size": 32}
        heads = {"num_hidden_layers": 1, "num_attention_heads": 2}
        vision = CLIPVisionConfig(image_size=28, patch_size=7, **sizes, **heads)
        self.vision = CLIPVisionModel(vision)
        self.words = LlamaForCausalLM(LlamaConfig(vocab_size=config.vocab_size, **sizes, **heads))
        self.post_init()

    def forward(self, input_ids, images, **_):
        """Give logits (n, tokens, vocabulary); images (n * images of a text, 3, 28, 28)."""
        seen = iter(self.vision(images).last_hidden_state)
        rows = []
        for ids in input_ids:
            parts = [
                next(seen) if piece == -200 else self.words.model.embed_tokens(piece[None])
                for piece in ids
            ]
            rows.append(torch.cat(parts))
        return {"logits": self.words(inputs_embeds=torch.stack(rows)).logits}
