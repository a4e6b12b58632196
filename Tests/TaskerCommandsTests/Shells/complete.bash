# Completes as readline does: COMP_LINE, COMP_POINT, and words broken at COMP_WORDBREAKS.
source ./completion || exit 1
complete_line() { # LINE WORDS...
    COMP_LINE=$1 COMP_POINT=${#1}
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _tasker_ctl
    echo "$PREFIX${COMPREPLY[*]}"
}
complete -p tasker-ctl >/dev/null || exit 1
complete_line 'tasker-ctl te' tasker-ctl te
complete_line 'tasker-ctl template generate --dr' tasker-ctl template generate --dr
complete_line 'tasker-ctl task get 01982f6a' tasker-ctl task get 01982f6a
PREFIX='--color='
complete_line 'tasker-ctl --color=al' tasker-ctl --color = al
