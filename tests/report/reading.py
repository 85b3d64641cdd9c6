"""Reads the Markdown of a report the way its readers do."""

import re

CELL = re.compile(r"(?<!\\)\|")


def section(text, heading):
    """What stands under a heading, up to the next of its level or above."""
    level = heading.split(" ")[0]
    after = text.split(f"\n{heading}", 1)[1]
    return re.split(rf"\n#{{1,{len(level)}}} ", after)[0]


def tables(text):
    """Every table as a list of rows, each a mapping from the column's title to the cell."""
    found, lines = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            lines.append([cell.strip() for cell in CELL.split(line.strip())[1:-1]])
        elif lines:
            header, rule, *rows = lines
            assert all(set(cell) <= set("-:") for cell in rule)
            assert all(len(row) == len(header) for row in rows)
            found.append([dict(zip(header, row, strict=True)) for row in rows])
            lines = []
    return found
