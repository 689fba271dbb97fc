"""`python -m streams.web FOLDER`: write the documents of the interfaces, as `make api` does."""

import sys
from pathlib import Path

import orjson

from streams.web.app import make_app
from streams.web.gateway.documents import files


def main(folder: Path) -> None:
    """Write them."""
    for name, document in files(make_app(None)).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
