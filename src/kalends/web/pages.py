"""The console's built files, where they are present.

Vite names files below ``assets/`` by their content: they may be kept for ever. Every other path
that is no file is a page of the console itself and gets ``index.html``, never kept.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from kalends.web.problems import missing

_NOT_PAGES = ("api", "health", "metrics")


def serve_console(app: FastAPI, directory: Path) -> None:
    """Add the console's files behind all other routes; nothing where they were not built."""
    index = directory / "index.html"
    if not index.is_file():
        return
    files = {
        file.relative_to(directory).as_posix(): file
        for file in directory.rglob("*")
        if file.is_file()
    }

    @app.get("/{path:path}", include_in_schema=False)
    async def page(request: Request, path: str) -> Response:
        """Answer with a file of the console, or with its page."""
        if path.split("/")[0] in _NOT_PAGES or (path.startswith("assets/") and path not in files):
            raise missing("page")
        file = files.get(path, index)
        kept = path.startswith("assets/")
        cache = "public, max-age=31536000, immutable" if kept else "no-cache"
        return FileResponse(file, headers={"Cache-Control": cache})
