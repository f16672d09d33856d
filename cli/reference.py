"""The reference of the command line in Markdown, made from `--help`."""

from __future__ import annotations

from typing import Any, Final

import click

from .group import COMMANDS, SECTIONS, main

_WIDTH: Final = 100

_LEAD: Final = """\
Every command and option, as `--help` prints it. Results go to standard output, diagnostics to standard error.

Colours are used on a terminal only; `NO_COLOR` turns them off, `FORCE_COLOR` asks for them in a pipe.

## Shell completion

Names of commands and options complete in bash (4.4 or later), zsh and fish. Add the line of your shell:

| shell | line | in |
| --- | --- | --- |
| bash | `eval "$(_POLICY_COMPLETE=bash_source policy)"` | `~/.bashrc` |
| zsh | `eval "$(_POLICY_COMPLETE=zsh_source policy)"` | `~/.zshrc` |
| fish | `_POLICY_COMPLETE=fish_source policy \\| source` | `~/.config/fish/completions/policy.fish` |
"""


_JSON: Final = """\
## JSON output

`--format json` says what the text says. Every document has `format_version`, which is 1; it is raised when a key changes
its meaning or goes away, while new keys may come at any time. Amounts, lengths of time, days and moments are texts as the
language reads them (`45 USD`, `4h`, `2026-11-21`); whole numbers and truth values are JSON's own. What has nothing to say is
null, an empty text, list or object.

`policy check` writes `policies`, `incidents` (one a line, as they are decided) and `summary`.

| in | keys |
| --- | --- |
| each of `policies` | `file`, `sound`, `findings`; of a sound one also `id`, `title`, `version`, `currency`, `jurisdiction`, `effective`, `expires`, `review_by`, `extends`, `content_hash`, and the numbers of its `rules`, `guards`, `obligations` and `tests` |
| each of `incidents` | `file`, `line`, `name`, `findings`, `decided` (one decision for each policy), and `incidents`: how many it stands for |
| each decision | `policy`, `settled`, `as_of`, `decisions` (by name), `obligations`, `possible_obligations`, `guards`, `missing`, `assumed`; with `--why` also `why` (by decision) and `sentence` |
| each of `decisions` | `outcome` (`refer` where a human decides), `status` (`decided`, `no-rule`, `unsettled`, `conflict`, `guard`, `not-in-force`, `undefined`), `values`, `unsettled_values`, `rule` (null, or `id`, `title`, `because`, `source`, `origin`), `rules`, `possible`, `missing` |
| each obligation | `id`, `title`, `by`, `within`, `due` |
| each of `guards` | `id`, `title`, `never`, `because`, `certain` (false: it may be broken), `decisions`, `missing`, `origin` |
| each of `missing` | `fact`, `ask` |
| each of `findings` | `code`, `severity`, `message`, `help`, `suggestion`, `fix`, `file`, `path`, `line`, `column`, `end_line`, `end_column`, `source_line` |
| `mutation` | null, or `percent`, `killed`, `survived`, `unproved`, `equivalent`, `sample_of`, `seed`, `operators` (each `name`, `about`, `percent` and the same counts), `mutants` (each `operator`, `kind`, `id`, `origin`, `before`, `after`, `change`, `fate`, `killed_by`, `test`) |
| `summary` | `policies`, `unsound_policies`, `incidents`, `decided`, `left_to_a_human`, `unreadable`, `outcomes` (numbers, by policy, decision and outcome) |

`policy test` writes `policies`, each with `file`, `id`, `sound`, `findings`, `tests`, `stories`, `coverage` and `mutation`, and `summary`.

| in | keys |
| --- | --- |
| each of `tests` | `name`, `file`, `line`, `passed`, `confirmed`, `mismatches` (each `name`, `expected`, `got`, `reason`) |
| each of `stories` | `name`, `file`, `line`, `passed`, `mismatches` (each as of a test, with `when` in words, `at`, and the `line` of the event) |
| `coverage` | null, or `own_rules`, `own_rules_won`, `percent`, `pack_rules`, `pack_rules_won`, `never_won` (each `rule`, `origin`, `matched_in`), `never_broken` (each `guard`, `origin`), `kinds` (`rule`, `red-line`, `condition`, `boundary`, `mcdc`, each with `of`, `reached`, `impossible`, `percent`), `missing` (each `kind`, `rules`, `what`), `impossible` (the same with `why`) |
| `summary` | `policies`, `unsound_policies`, `tests`, `passed`, `failed` (tests), `stories`, `failed_stories` |

`policy packs` writes `packs`, each with `id`, `title`, `version`, `about`, `currency`, `jurisdiction`, `extends` and `review_by`.
`policy ask` writes one decision as above, with the `facts` that were stated. `policy replay` writes `content_hash`, `results` (each
`file`, `line`, `id`, `policy`, `same`, `same_policy`, `problems`, and `differences`, each a `path` with what `was` there and what is
`now`), `problems` (each `file`, `line`, `problem`), and the numbers of `records`, and of those that are the `same`, `different`, by
an `other_policy` or `broken`. `policy explain`, `show` and `fmt` write text only;
`policy show --format toml` is for machines as it is.
"""  # noqa: E501 because a row of a table in Markdown is one line


def cli_reference() -> str:
    """Return the page: the command itself, then each command in the order of the help."""
    parts = ["# The command line", _LEAD.strip(), "## policy", _fenced(help_text())]
    for section in SECTIONS:
        for name, row in COMMANDS.items():
            if row.section == section:
                parts += [f"## policy {name}", _fenced(help_text(name))]
    return "\n\n".join([*parts, _JSON.strip()]) + "\n"


def help_text(name: str = "") -> str:
    """Return what `--help` prints for the group, or for a command."""
    settings: dict[str, Any] = {
        "terminal_width": _WIDTH,
        "max_content_width": _WIDTH,
        "help_option_names": ["-h", "--help"],
    }
    group = click.Context(main, info_name="policy", **settings)
    command = main.get_command(group, name) if name else main
    assert command is not None
    context = group if command is main else click.Context(command, parent=group, info_name=name, **settings)
    return command.get_help(context)


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"
