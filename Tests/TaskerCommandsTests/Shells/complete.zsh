# Types each line into an interactive shell of its own and reads what a TAB makes of it.
zmodload zsh/zpty || exit 1
zpty shell zsh -f -i
# The prompt marks where the line begins; what is typed comes back with it.
zpty -w shell "PROMPT='%%' PROMPT2= RPROMPT= PS2=; unsetopt beep zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste; stty cols 200"
zpty -w shell 'autoload -Uz compinit && compinit -u -D && source ./completion && print loaded-$((1 + 1))'
zpty -r -m shell output '*loaded-2*' || exit 1
zpty -w shell 'report() { print -r -- "<<$BUFFER>>"; zle kill-whole-line }; zle -N report; bindkey "^X" report; print bound-$((1 + 1))'
zpty -r -m shell output '*bound-2*' || exit 1
complete_line() { # LINE
    zpty -w -n shell "$1"$'\t\x18'
    zpty -r -m shell output '*<<*>>*' || exit 1
    output=${output##*<<}
    output=${output%%>>*}
    print -r -- ${${(z)output}[-1]}
}
complete_line 'tasker-ctl te'
complete_line 'tasker-ctl template generate --dr'
complete_line 'tasker-ctl task get 01982f6a'
complete_line 'tasker-ctl --color=al'
zpty -d shell
