"""``runwatch completion``."""

from __future__ import annotations

import argparse

NAME = "completion"
HELP = """Print a completion script: commands, options and their values, runs, tasks, hosts.

  eval "$(runwatch completion bash)"       in ~/.bashrc
  eval "$(runwatch completion zsh)"        in ~/.zshrc, below compinit
  runwatch completion fish > ~/.config/fish/completions/runwatch.fish"""

_BASH = r"""_runwatch() {
  local line IFS=$'\n' current="${COMP_LINE:0:COMP_POINT}"
  COMPREPLY=()
  while read -r line; do
    case "$line" in
      :files) compopt -o filenames; COMPREPLY+=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")) ;;
      :dirs) compopt -o filenames; COMPREPLY+=($(compgen -d -- "${COMP_WORDS[COMP_CWORD]}")) ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <(runwatch completion candidates --line "$current" 2>/dev/null)
}
complete -F _runwatch runwatch"""

_ZSH = r"""#compdef runwatch
_runwatch() {
  local line
  local -a values shown
  for line in "${(@f)$(runwatch completion candidates -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) _files ;;
      :dirs) _files -/ ;;
      *) values+=("${line%%$'\t'*}"); shown+=("${line/$'\t'/  -- }") ;;
    esac
  done
  (( $#values )) && compadd -d shown -a values
}
(( $+functions[compdef] )) && compdef _runwatch runwatch"""

_FISH = r"""function __runwatch_candidates
  set -l words (commandline -opc) (commandline -ct)
  for line in (runwatch completion candidates -- $words[2..-1] 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path (commandline -ct)
      case :dirs
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c runwatch -f -a '(__runwatch_candidates)'"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=(*SCRIPTS, "candidates"), metavar="bash|zsh|fish")
    parser.add_argument("words", nargs="*", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--line", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    if args.shell != "candidates":
        print(SCRIPTS[args.shell])
        return 0
    from runwatch.cli._candidates import candidates, for_bash

    if args.line is not None:
        print("\n".join(for_bash(args.line)))
    else:
        print("\n".join(f"{c.value}\t{c.about}" if c.about else c.value for c in candidates(args.words)))
    return 0
