"""The table that the benchmarks print, and what of it missed its target."""


class Table:
    """The rows as they come, and what missed its target."""

    def __init__(self):
        self.missed = []

    def heading(self, title, names):
        print(f"\n### {title}\n", flush=True)
        print("| " + " | ".join(["row", *names, "target", "reached"]) + " |")
        print("|" + "---|" * (len(names) + 3), flush=True)

    def row(self, name, cells, checks):
        reached = []
        for text, holds in checks:
            reached.append(f"{text} {'ok' if holds else 'MISSED'}")
            if not holds:
                self.missed.append(f"{name}: {text}")
        print("| " + " | ".join([name, *cells, "; ".join(reached)]) + " |", flush=True)
