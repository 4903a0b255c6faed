"""Pack a site to send: reports/site/PRESET.zip, the same bytes from the same site.

Whoever gets it unpacks it anywhere and opens PRESET/index.html; no server and no network is needed.

    python -m workflow.site_zip                  # of the preset mini
    python -m workflow.site_zip --preset own
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import atomic

DAY = (1980, 1, 1, 0, 0, 0)  # the first that a zip can tell: no time of this machine gets in
PACKED = (".webp", ".png", ".zip")  # what is packed already


def pack(site: Path, out: Path) -> int:
    """Pack a folder under its own name; give how many files that were.

    Raises:
        UserError: there is no site, or the file cannot be written.
    """
    files = sorted(path for path in site.rglob("*") if path.is_file())
    if not (site / "index.html").exists():
        mend = f"Run snakemake --cores all --config preset={site.name}"
        raise UserError(site, "there is no report", mend)
    with atomic(out) as scratch, zipfile.ZipFile(scratch, "w") as archive:
        for path in files:
            entry = zipfile.ZipInfo(f"{site.name}/{path.relative_to(site).as_posix()}", DAY)
            packed = path.suffix in PACKED
            entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # as on Unix, on every system
            archive.writestr(entry, path.read_bytes())
    return len(files)


def main(words: list[str] | None = None) -> int:
    """Pack; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="mini", help="whose site it is (default mini)")
    parser.add_argument("--out", type=Path, help="file (default reports/site/PRESET.zip)")
    args = parser.parse_args(words)
    try:
        site = workspace.reports("site", args.preset)
        out = args.out or site.with_name(f"{args.preset}.zip")
        count = pack(site, out)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{out}: {count} files, {out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
