"""The Hugging Face Hub's own cache on this machine: what of a repository lies there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def cached_files(downloads: Iterable[Mapping[str, Any]]) -> dict[str, Path]:
    """Give those files of downloads from the Hub that lie in its cache: name, path.

    Nothing is downloaded.

    Args:
        downloads: parts with a key `hub`, as the entries of config/weights.yaml list them.
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
