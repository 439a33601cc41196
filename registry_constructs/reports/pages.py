"""HTML pages of one file each, which load nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from typing import Final

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;
background:#fff;color:#1f2328}
h1{font-size:1.4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}
.wide{overflow-x:auto}svg{max-width:100%;min-width:44rem;height:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d1d9e0}
th{border-bottom-width:2px}.number{text-align:right}.number,.day{white-space:nowrap}
.image{min-width:9rem;overflow-wrap:anywhere}.why{min-width:15rem}code{font-size:.85em;white-space:nowrap}
.bad{color:#b42318;font-weight:600}.note{color:#59636e}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}
.bad{color:#ff7b72}.note{color:#9198a1}}
"""


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def page(title: str, *parts: str, style: str = "", script: str = "") -> str:
    """A page with a heading. The browser loads nothing for it, and runs no script but the one given here.

    Args:
        title: The heading, as plain text.
        parts: What follows, as HTML.
        style: Further CSS.
        script: JavaScript that makes the page handier; it runs once the page is there.
    """
    # A text that got into the page as a script or a form would still do nothing.
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    end = ""
    if script:
        digest = b64encode(sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
        end = f"<script>{script}</script>\n"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(parts) + f"\n{end}</body>\n</html>\n"
    )


def paragraph(text: str, *, kind: str = "") -> str:
    """A paragraph of plain text; the kind is `bad`, `note` or nothing."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()
) -> str:
    """A table under a heading; cells are plain text unless they are `Markup`.

    Args:
        title: The heading.
        columns: The names of the columns.
        rows: The cells.
        numbers: The indexes of columns to align to the right.
    """
    right = set(numbers)
    head = "".join(_cell("th", name, index in right) for index, name in enumerate(columns))
    body = "\n".join(
        "<tr>" + "".join(_cell("td", text, index in right) for index, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    markup = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f"<h2>{escape(title)}</h2>\n{wide(markup)}"


def wide(markup: str) -> str:
    """HTML that a narrow window scrolls sideways, and not the whole page with it."""
    return f'<div class="wide">\n{markup}\n</div>'


def _cell(tag: str, text: str, right: bool) -> str:
    content = text if isinstance(text, Markup) else escape(text)
    return f'<{tag} class="number">{content}</{tag}>' if right else f"<{tag}>{content}</{tag}>"
