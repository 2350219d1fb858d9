"""A group of commands that suggests one for a mistyped name."""

from __future__ import annotations

import difflib

import click


class SuggestingGroup(click.Group):
    """A group that names the command that was most likely meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command. Raises click.UsageError for an unknown one."""
        names = self.list_commands(ctx)
        if args[0] in names or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        close = difflib.get_close_matches(args[0].casefold(), names, 1)
        hint = f"Did you mean '{close[0]}'?" if close else f"Use one of: {', '.join(names)}."
        raise click.UsageError(f"No such command '{args[0]}'. {hint}", ctx)
