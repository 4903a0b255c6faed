"""Write the list of a data set's files, by which another version or a half placed one is told.

    python workflow/render_files.py clive --without '*/trainingImages/*'

Lists the files in the folder of the source: place what is read and nothing else, or leave the
rest out. The list goes into the package's data, where `files` of the source's entry names it.
"""

from __future__ import annotations

import argparse
from fnmatch import fnmatch

from fgresq import workspace
from fgresq.catalogues import catalogue
from fgresq.raw import walk
from fgresq.sources.release import listed


def main() -> None:
    """Write the list of one source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="name of the source in the catalogue")
    parser.add_argument("--without", nargs="*", default=[], metavar="PATTERN", help="files to omit")
    args = parser.parse_args()
    entry = catalogue("sources")[args.source]
    folder = workspace.placed(entry["path"])
    names = {path.relative_to(folder).as_posix(): path for path in walk(folder)}
    kept = {n: p for n, p in names.items() if not any(fnmatch(n, w) for w in args.without)}
    target = workspace.packaged("files", f"{entry['files']}.txt.gz")
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(listed(kept))
    print(f"{target}: {len(kept)} files, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
