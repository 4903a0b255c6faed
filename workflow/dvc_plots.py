"""Show what a change of data or settings did: numbers in the terminal, and accuracies as a page.

`make plots-diff REV=HEAD~1` prints `dvc metrics diff` and writes the page of `dvc plots diff`. The
page that DVC writes by itself loads Vega from a server at each look; here the scripts that DVC asks
for are taken from the npm registry once, by `npm pack`, checked by their hashes, and written into
the page, which then needs no network.

    python -m workflow.dvc_plots                  # the working tree beside the last commit
    python -m workflow.dvc_plots HEAD~1 main      # any revisions
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fgresq import workspace
from fgresq.errors import UserError
from fgresq.files import sha256, write_text

OUT = Path("work/plots")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{{refresh_tag}}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'">
<title>fgresq: what changed</title>
{scripts}
</head>
<body>
<h1>What changed</h1>
{{plot_divs}}
</body>
</html>
"""
PLACEHOLDERS = ("{scripts}", "{plot_divs}", "{refresh_tag}")  # what DVC fills in


@dataclass(frozen=True)
class Script:
    """A file of an npm package, BSD-3-Clause, as it is.

    Args:
        name, version: of the package: what DVC 3.67.1 would load.
        sha256: of its archive.
    """

    name: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """Name the archive, as npm does."""
        return f"{self.name}-{self.version}.tgz"


SCRIPTS = (
    Script("vega", "5.20.2", "d77deab01d6104b1239228720721f93003e60797d2faced7ffdd759fa70f989d"),
    Script(
        "vega-lite", "5.2.0", "f64ca4745f043447ac86b67dc9e9592ec2b85ac8b8dafc35faf970f142463e4b"
    ),
    Script(
        "vega-embed", "6.18.2", "93aeee312e92077b0252ef026c0fe0ec8fa430c19825aeada6cd3a6804e68e1b"
    ),
)


def archive(script: Script) -> Path:
    """Give the archive of a script, fetched where it is not there.

    Raises:
        UserError: it cannot be fetched, or is another one.
    """
    path = workspace.packages() / script.file
    by_hand = f"put {script.file} (SHA-256 {script.sha256}) into {path.parent}"
    if not path.exists():
        npm = shutil.which("npm")
        if not npm:
            raise UserError(path, "there is no npm to fetch it", f"Install npm, or {by_hand}")
        with tempfile.TemporaryDirectory(dir=workspace.writable(path.parent)) as scratch:
            call = [npm, "pack", f"{script.name}@{script.version}", "--silent"]
            done = subprocess.run(call, cwd=scratch, capture_output=True, text=True)
            if done.returncode:
                told = (done.stderr.strip().splitlines() or ["no word why"])[-1]
                raise UserError(path, f"npm did not get it ({told})", f"Try again, or {by_hand}")
            (Path(scratch) / script.file).replace(path)
    if sha256(path) != script.sha256:
        raise UserError(
            path, "its SHA-256 is another one", f"Remove it and run again, or {by_hand}"
        )
    return path


def inlined(script: Script) -> str:
    """Give a script as an element of a page."""
    member = f"package/build/{script.name}.min.js"
    with tarfile.open(archive(script)) as packed:
        found = packed.extractfile(member)
        assert found is not None, member
        text = found.read().decode("utf-8").replace("</script", "<\\/script")
    assert not any(placeholder in text for placeholder in PLACEHOLDERS), script.name
    return f"<script>{text}</script>"


def write_template(path: Path) -> Path:
    """Write the page that DVC fills in."""
    write_text(path, PAGE.format(scripts="\n".join(map(inlined, SCRIPTS))))
    return path


def main(words: list[str] | None = None) -> int:
    """Show; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revisions", nargs="*", help="of git (default: the last commit)")
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder of the page ({OUT})")
    args = parser.parse_args(words)
    try:
        template = write_template(args.out / "template.html")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    dvc = [sys.executable, "-m", "dvc"]
    code = subprocess.run([*dvc, "metrics", "diff", *args.revisions[:2]]).returncode
    call = [*dvc, "plots", "diff", *args.revisions, "--html-template", str(template.resolve())]
    return code or subprocess.run([*call, "--out", str(args.out)]).returncode


if __name__ == "__main__":
    sys.exit(main())
