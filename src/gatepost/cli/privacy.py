"""gatepost privacy: what this site holds about people, in words."""

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from gatepost.actions.privacy_sheet import privacy_sheet, sheet_data
from gatepost.actions.site import Site
from gatepost.cli.output import Lines
from gatepost.cli.session import Given
from gatepost.core.privacy.sheet import Sheet
from gatepost.core.refusal import Refusal
from gatepost.notify.sheet import PARTS, Language, Part, render_sheet, written_in

app = App(name="privacy")

Wanted = Annotated[
    Part | Literal["all"],
    Parameter(
        help="record (Art. 30 GDPR), information (for employees, Art. 13 and 14), assessment (a skeleton, Art. 35),"
        " agreement (a skeleton of a works agreement), or all."
    ),
]


@app.command
def sheet(
    *,
    part: Wanted = "all",
    language: Language | None = None,
    format: Literal["markdown", "json"] = "markdown",
    out: Path | None = None,
    session: Given,
) -> int:
    """What is held about people, why, for how long, who can see it: from the settings and the database as they are.

    It names nobody.

    Parameters
    ----------
    language
        Of the texts; else the site's own, or English.
    format
        json: the facts that the texts are made from. With --json they are printed too.
    out
        A folder to write into, one file a part; else everything is printed.
    """

    parts = PARTS if part == "all" else (part,)

    def files(found: Sheet) -> dict[str, str]:
        if format == "json":
            return {"sheet.json": json.dumps(sheet_data(found), indent=2) + "\n"}
        tongue = language or written_in(found.language)
        return {f"{one}.{tongue}.md": render_sheet(one, tongue, found) for one in parts}

    def act(site: Site) -> Sheet | Refusal:
        found = privacy_sheet(site, session.by)
        if isinstance(found, Sheet) and out is not None:
            out.mkdir(parents=True, exist_ok=True)
            for name, text in files(found).items():
                (out / name).write_text(text, encoding="utf-8")
        return found

    def data(found: Sheet) -> object:
        return sheet_data(found) if out is None else {"directory": str(out), "files": list(files(found))}

    def human(found: Sheet) -> Lines:
        if out is not None:
            return [f"{out}: {', '.join(files(found))}"]
        return "\n".join(files(found).values()).splitlines()

    return session.act(act, human, data)
