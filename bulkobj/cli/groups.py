"""Groups of commands, and the examples in their help."""

from __future__ import annotations

import click

#: The beginning of an example that makes its own file, so that it runs in any folder.
_A_FILE = "bulkobj export --sandbox --account ACME-1001 -o plan.xlsx --overwrite"


def example(*commands: str, after: str = "") -> str:
    """Return the epilog of a command's help; click leaves the lines as they are."""
    return "\b\nExample: " + " &&\n  ".join(commands) + (f"\n{after}" if after else "")


def example_with_file(*commands: str) -> str:
    """Return an example in which an export makes ``plan.xlsx`` first."""
    return example(_A_FILE, *commands)


def example_with_run(command: str) -> str:
    """Return an example in which an import makes a run first."""
    return example_with_file("bulkobj import plan.xlsx --sandbox --yes", command)


class SuggestingGroup(click.Group):
    """A group that names the command that was most likely meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command. Raises click.UsageError for an unknown one."""
        names = self.list_commands(ctx)
        if args[0] in names or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from bulkobj.core.suggestion import closest  # noqa: PLC0415 - brings rapidfuzz, for mistyped names only

        close = closest(args[0], names)
        hint = f"Did you mean '{close}'?" if close else f"Use one of: {', '.join(names)}."
        raise click.UsageError(f"No such command '{args[0]}'. {hint}", ctx)
