"""Completion in bash, zsh and fish: what click has for them, with names that hold blanks, and ``--option=value``.

The scripts ask this program, by the variable `VARIABLE`; what they ask with and what they are answered is between the
two, and a script that an earlier version has printed goes on working.
"""

from __future__ import annotations

import os
from typing import Any

from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete
from click.shell_completion import add_completion_class as register

from k8s_pipeline_client.cli.typedline import BREAKS, typed_line

PROGRAM = "k8s-pipeline"
VARIABLE = "_K8S_PIPELINE_COMPLETE"

_BASH = r"""
%(complete_func)s() {
    local IFS=$'\n' entry
    COMPREPLY=()
    for entry in $(K8S_PIPELINE_LINE="${COMP_LINE:0:COMP_POINT}" K8S_PIPELINE_BREAKS="$COMP_WORDBREAKS" \
        %(complete_var)s=bash_complete "$1"); do
        case $entry in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            open,*) compopt -o nospace; COMPREPLY+=("${entry#open,}") ;;
            plain,*) COMPREPLY+=("${entry#plain,}") ;;
        esac
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = r"""#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain described response
    local type key descr
    (( ! $+commands[%(prog_name)s] )) && return 1

    local -x COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete
    response=("${(@f)$(%(prog_name)s)}")

    for type key descr in ${response}; do
        case $type in
            plain) [[ $descr == _ ]] && plain+=("$key") || described+=("$key:$descr") ;;
            dir|file)
                [[ ${words[CURRENT]} == --*=* ]] && compset -P 1 '*='
                [[ $type == dir ]] && _path_files -/ || _path_files -f ;;
        esac
    done

    [[ -n $described ]] && _describe -V unsorted described -U
    [[ -n $plain ]] && compadd -U -V unsorted -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = r"""
function %(complete_func)s
    set -l current (commandline -t)
    set -l option (string match -r -- '^--[^=]*=' $current)
    set -q option[1]; or set option ''
    for entry in (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=$current %(prog_name)s)
        set -l parts (string split -m 1 , -- $entry)
        switch $parts[1]
            case dir
                for path in (__fish_complete_directories $parts[2])
                    echo -- $option$path
                end
            case file
                for path in (__fish_complete_path $parts[2])
                    echo -- $option$path
                end
            case plain
                echo -- $option$parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class Bash(BashComplete):
    """Bash: the words are read from the whole line, and what is offered is quoted as it stands in it."""

    source_template = _BASH

    def complete(self) -> str:
        """Return an entry a line: its type, and what takes the place of what bash replaces."""
        line = os.environ.get("K8S_PIPELINE_LINE")
        if line is None:
            return super().complete()  # a script of an earlier version
        typed = typed_line(line, os.environ.get("K8S_PIPELINE_BREAKS", BREAKS))
        option = option_of(typed.last)
        found = self.get_completions(list(typed.words), typed.last)
        return "\n".join(f"{kind_of(item)},{typed.written(option + str(item.value))}" for item in found)


class Zsh(ZshComplete):
    """Zsh, which quotes by itself, and takes the place of the whole word."""

    source_template = _ZSH

    def complete(self) -> str:
        """Return three lines for each entry: its type, the word, and what stands beside it."""
        args, incomplete = self.get_completion_args()
        option = option_of(incomplete)
        found = self.get_completions(args, incomplete)
        words = [CompletionItem(f"{option}{item.value}", type=item.type, help=item.help) for item in found]
        return "\n".join(map(self.format_completion, words))


class Fish(FishComplete):
    """Fish, which quotes by itself."""

    source_template = _FISH


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def script(shell: str, cli: Any) -> str:
    """Return the completion script of a shell."""
    return SHELLS[shell](cli, {}, PROGRAM, VARIABLE).source()


def register_shells() -> None:
    """Register our classes with click; called where a shell completes."""
    for found in SHELLS.values():
        register(found)


def option_of(word: str) -> str:
    """Return ``--option=`` of a word that begins so; empty for another."""
    name, equals, _ = word.partition("=")
    return name + equals if equals and name.startswith("--") else ""


def kind_of(item: CompletionItem[Any]) -> str:
    """Return the type of what is offered; ``open`` for a text that goes on without a blank."""
    is_open = item.type == "plain" and str(item.value).endswith("=")
    return "open" if is_open else item.type
