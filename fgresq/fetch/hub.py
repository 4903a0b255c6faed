"""What lies on the Hugging Face Hub: listed first, downloaded by its own client, checked by hash.

The client resumes and retries. A repository is held to the commit that was fetched first, unless
the entry names one. Files are held to the entry's hashes, else to those of the first fetch, else to
those the Hub lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,  # of the client's own HTTP library, whichever that is
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import KernelInfo

from fgresq.errors import UserError
from fgresq.fetch.archives import Refused, safe_parts
from fgresq.fetch.download import set_aside
from fgresq.fetch.items import Item
from fgresq.fetch.manifest import known_commit, read
from fgresq.fetch.manifest import path_of as manifest_path
from fgresq.files import sha256

ENDPOINT: str | None = None  # None: the client's own, which HF_ENDPOINT changes
CONNECTIONS = 4


@dataclass(frozen=True)
class Listing:
    """What a repository holds of what is wanted, at one commit.

    Args:
        part: the entry's line: hub, kind, revision, perhaps files.
        commit: the commit; None: the Hub names none.
        sizes: bytes by file name.
        hashes: SHA-256 by file name: the entry's, else the first fetch's, else the Hub's; or None.
    """

    part: Mapping[str, Any]
    commit: str | None
    sizes: dict[str, int]
    hashes: dict[str, str | None]


@contextmanager
def told(item: Item, part: Mapping[str, Any]) -> Iterator[None]:
    """Turn what the client raises into one message with its mend."""
    where = f"{item.label}, {part['kind']} {part['hub']} of the Hugging Face Hub"
    again = f"run `{item.command}` again: what came is kept"
    try:
        yield
    except GatedRepoError as error:
        mend = f"Accept its terms on its page, log in with `hf auth login` and {again}"
        raise UserError(where, "its owners ask you to accept terms there", mend) from error
    except RepositoryNotFoundError as error:
        mend = f"Correct the entry, or log in with `hf auth login`. By hand: {item.steps}"
        raise UserError(where, "there is none of that name, or it is private", mend) from error
    except RevisionNotFoundError as error:
        mend = f"Correct the entry; a commit of {manifest_path(item)} goes by removing it"
        raise UserError(where, "it has no such revision", mend) from error
    except OfflineModeIsEnabled as error:
        mend = f"Unset HF_HUB_OFFLINE and {again}"
        raise UserError(where, "HF_HUB_OFFLINE forbids to reach it", mend) from error
    except (HTTPError, HfHubHTTPError, OSError) as error:
        if getattr(error, "errno", None) and not isinstance(error, ConnectionError | TimeoutError):
            raise  # of the disk
        lines = str(error).strip().splitlines() or [type(error).__name__]
        mend = f"Connect to a network and {again}; or by hand: {item.steps}"
        raise UserError(where, f"it cannot be fetched ({lines[0]})", mend) from error


def listing(item: Item, part: Mapping[str, Any]) -> Listing:
    """List what is wanted of a repository; downloads nothing.

    Raises:
        UserError: it cannot be reached, has no such file, or a name in it leads out of its folder.
    """
    revision = part.get("revision") or "main"
    revision = (known_commit(item, part["hub"]) if revision == "main" else None) or revision
    with told(item, part):
        info = HfApi(endpoint=ENDPOINT).repo_info(
            part["hub"], repo_type=part["kind"], revision=revision, files_metadata=True
        )
    assert not isinstance(info, KernelInfo)  # no kind that an entry may name
    found = {file.rfilename: file for file in info.siblings or []}
    wanted = part.get("files") or {name: None for name in found}
    for name in wanted:
        if name not in found:
            raise UserError(
                f"{item.label}, {part['hub']}",
                f"there is no file '{name}' (there are: {', '.join(sorted(found)[:20])})",
                "Correct the entry",
            )
        try:
            safe_parts(name)
        except Refused as error:
            raise UserError(f"{item.label}, {part['hub']}", str(error), item.steps) from error
    sizes = {name: found[name].size or 0 for name in wanted}
    recorded = {row["path"]: row["sha256"] for row in (read(item) or {"files": []})["files"]}
    hashes = {name: pin or recorded.get(name) for name, pin in wanted.items()}
    listed = {name: file.lfs.sha256 for name, file in found.items() if file.lfs}
    return Listing(part, info.sha, sizes, {n: h or listed.get(n) for n, h in hashes.items()})


def check_hashes(item: Item, what: Listing, files: Mapping[str, Path]) -> None:
    """Hold downloaded files to their hashes.

    Raises:
        UserError: one is missing, or differs and is set aside.
    """
    for name, path in files.items():
        where = f"{item.label}, {name} of {what.part['hub']}"
        if not path.exists():
            raise UserError(where, "it did not come", f"Run `{item.command}` again")
        found, expected = sha256(path), what.hashes[name]
        if expected not in (None, found):
            raise UserError(
                where,
                f"its SHA-256 is {found}, not {expected}; it was set aside as {set_aside(path)}",
                f"Run `{item.command}` again; if that ends alike, the file has been replaced: look "
                f"at its page, and remove {manifest_path(item)} to take the new one",
            )


def download(item: Item, what: Listing, into: Path) -> None:
    """Download the listed files below a folder, going on where an earlier call ended."""
    part = what.part
    with told(item, part):
        snapshot_download(
            part["hub"],
            repo_type=part["kind"],
            revision=what.commit,
            allow_patterns=sorted(part["files"]) if "files" in part else None,
            local_dir=into,
            max_workers=CONNECTIONS,
            endpoint=ENDPOINT,
        )
    check_hashes(item, what, {name: into / name for name in what.sizes})


def download_to_cache(item: Item, what: Listing) -> dict[str, Path]:
    """Download the listed files to the Hub's own cache, where open_clip looks for them."""
    part, files = what.part, {}
    for name in what.sizes:
        with told(item, part):
            files[name] = Path(
                hf_hub_download(
                    part["hub"],
                    name,
                    repo_type=part["kind"],
                    revision=part.get("revision"),
                    endpoint=ENDPOINT,
                )
            )
    check_hashes(item, what, files)
    return files
