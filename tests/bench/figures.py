"""Print figures of the code itself: sizes, function lengths, prose habits. Run: python -m tests.bench.figures [DIR]."""

from __future__ import annotations

import ast
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RIDDLE = re.compile(r"(What|Whether|Where|Who|Whoever|How)\b")
DANGLING = re.compile(r"\b(contract|api-facts|design)(,|\.md| decision)", re.IGNORECASE)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Module:
    """A module: its path, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Return its functions and methods."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @property
    def docstrings(self) -> list[str]:
        """Return the docstrings of the module, its classes and functions."""
        nodes = (n for n in ast.walk(self.tree) if isinstance(n, ast.Module | Definition))
        return [text for node in nodes if (text := ast.get_docstring(node))]

    @property
    def comments(self) -> int:
        """Return the number of lines that hold a comment; directives for tools do not count."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return sum(t.type == tokenize.COMMENT and not t.string.startswith(("# noqa", "# type:")) for t in tokens)

    @property
    def late_imports(self) -> int:
        """Return the number of imports inside functions."""
        return sum(isinstance(n, ast.Import | ast.ImportFrom) for f in self.functions for n in ast.walk(f))


def modules(top: Path) -> list[Module]:
    """Read every module below a folder."""
    read = ((path, path.read_text("utf-8")) for path in sorted(top.rglob("*.py")))
    return [Module(path, text, ast.parse(text)) for path, text in read]


def figures(top: Path) -> Iterator[tuple[str, str]]:
    """Yield each figure with its name."""
    found = modules(top)
    lines = sum(module.text.count("\n") for module in found)
    lengths = [(f.end_lineno or f.lineno) - f.lineno + 1 for module in found for f in module.functions]
    docstrings = [text for module in found for text in module.docstrings]
    riddles = sum(bool(RIDDLE.match(text)) for text in docstrings)
    yield "lines", f"{lines:,}"
    yield "entries at the top", str(sum(path.name not in {"__init__.py", "__pycache__"} for path in top.iterdir()))
    yield "functions: median", f"{statistics.median(lengths):g}"
    yield "functions: 90th percentile", f"{statistics.quantiles(lengths, n=10)[-1]:.0f}"
    yield "functions: number", f"{len(lengths):,}"
    yield "top-level definitions", str(sum(isinstance(n, Definition) for module in found for n in module.tree.body))
    yield "docstrings: What/Whether/Where/Who/How", f"{riddles / len(docstrings):.1%}"
    yield "comment lines", f"{sum(module.comments for module in found) / lines:.1%}"
    yield "imports inside functions", str(sum(module.late_imports for module in found))
    yield "dangling references", str(sum(len(DANGLING.findall(module.text)) for module in found))
    longest = max(found, key=lambda module: module.text.count("\n"))
    yield "longest module", f"{longest.path} ({longest.text.count(chr(10))} lines)"


if __name__ == "__main__":
    for name, figure in figures(Path(sys.argv[1] if len(sys.argv) > 1 else "bulkobj")):
        print(f"{name:<42}{figure}")
