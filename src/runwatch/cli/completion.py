"""``runwatch completion``."""

from __future__ import annotations

import argparse

NAME = "completion"
HELP = """Print a shell completion script.

  eval "$(runwatch completion bash)"       in ~/.bashrc
  runwatch completion fish > ~/.config/fish/completions/runwatch.fish"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: argparse.Namespace) -> int:
    from importlib import import_module

    from runwatch.cli import Parser, command_names, common_options

    options: dict[str, list[str]] = {}
    for name in command_names():
        command = import_module(f"runwatch.cli.{name}")
        parser = Parser(prog=f"runwatch {name}")
        command.configure(parser)
        common_options(parser)
        options[name] = sorted(
            o for action in parser._actions for o in action.option_strings if o.startswith("--")
        )
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[args.shell](options))
    return 0


def _bash(options: dict[str, list[str]]) -> str:
    cases = "\n".join(f'    {name}) words="{" ".join(found)}" ;;' for name, found in options.items())
    return f"""_runwatch() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words="{" ".join(options)}"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -d -- "$word"))
}}
complete -o filenames -F _runwatch runwatch"""


def _zsh(options: dict[str, list[str]]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(options)


def _fish(options: dict[str, list[str]]) -> str:
    lines = [f"complete -c runwatch -n __fish_use_subcommand -a '{' '.join(options)}'"]
    for name, found in options.items():
        for option in found:
            condition = f"__fish_seen_subcommand_from {name}"
            lines.append(f"complete -c runwatch -n '{condition}' -l {option.removeprefix('--')}")
    return "\n".join(lines)
