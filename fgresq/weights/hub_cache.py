"""The Hugging Face Hub's own cache on this machine: what of a repository lies there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fgresq.catalogues import catalogue
from fgresq.files import digest, sha256
from fgresq.pretrained import weights_file

CLIP = {  # open_clip's names of models, and their entries in the catalogue of weights
    "RN50-quickgelu": "clip_rn50",
    "ViT-B-32-quickgelu": "clip_vit_b32",
    "ViT-B-16-quickgelu": "clip_vit_b16",
}


def cached_files(downloads: Iterable[Mapping[str, Any]]) -> dict[str, Path]:
    """Give those files of downloads from the Hub that lie in its cache: name, path.

    Nothing is downloaded.

    Args:
        downloads: parts with a key `hub`, as the entries of the catalogue of weights list them.
    """
    from huggingface_hub import try_to_load_from_cache

    found = {}
    for part in downloads:
        for name in part["files"]:
            path = try_to_load_from_cache(
                part["hub"], name, revision=part.get("revision"), repo_type=part["kind"]
            )
            if isinstance(path, str):
                found[name] = Path(path)
    return found


def content(path: Path) -> str:
    """Name a file of the cache by its content, which is how the Hub names its blobs."""
    blob = path.resolve()
    return blob.name if blob.parent.name == "blobs" else sha256(blob)


def state_of(entry: str) -> str:
    """Digest what of an entry of the weights lies in the Hub's cache; empty: nothing."""
    found = cached_files(catalogue("weights")[entry]["fetch"])
    return digest({name: content(path) for name, path in found.items()}) if found else ""


def state_of_clip(name: str, pretrained: str | None) -> str:
    """Name a CLIP tower's weights by content, in their file or the Hub's cache; empty: none.

    Those of a stand-in have cards, which rules make.

    Args:
        name: of a stand-in, or open_clip's of a model.
        pretrained: its weights; None: random ones.
    """
    if file := weights_file(pretrained):
        return sha256(file) if file.is_file() else ""
    entry = CLIP.get(name) if pretrained else None
    return state_of(entry) if entry else ""
