/// Completion scripts. They know no command: `tasker-ctl completion --words` tells what may stand at a place, so that
/// flags given before (another server, a profile) count, and a script is never older than its program.
enum CompletionScript {
    enum Shell: String, CaseIterable {
        case bash, zsh, fish

        var script: String {
            switch self {
            case .bash: CompletionScript.bash
            case .zsh: CompletionScript.zsh
            case .fish: CompletionScript.fish
            }
        }
    }

    /// A line of the answer that asks the shell for names of files, too.
    static let files = ":files"

    private static let bash = #"""
        # Completion of tasker-ctl for bash. Made by: tasker-ctl completion bash
        _tasker_ctl() {
            local line="${COMP_LINE:0:COMP_POINT}" current="${COMP_WORDS[COMP_CWORD]}" word cut candidate i
            local words=()
            COMPREPLY=()
            # bash breaks words at '=', ':' and '@', too: words between blanks are put together again.
            word="${line##*[[:space:]]}"
            case "$current" in
            '=' | ':' | '@') current='' ;;
            esac
            cut="${word%"$current"}"
            read -ra words <<<"${line%"$word"}"
            while IFS=$'\t' read -r candidate _; do
                if [[ $candidate == :files ]]; then
                    compopt -o filenames 2>/dev/null
                    while IFS= read -r i; do COMPREPLY+=("${i#"$cut"}"); done < <(compgen -f -- "$word")
                elif [[ $candidate == "$word"* ]]; then
                    COMPREPLY+=("${candidate#"$cut"}")
                fi
            done < <(tasker-ctl completion --words -- "${words[@]:1}" "$word" 2>/dev/null)
        }
        complete -F _tasker_ctl tasker-ctl

        """#

    private static let zsh = #"""
        #compdef tasker-ctl
        # Completion of tasker-ctl for zsh. Made by: tasker-ctl completion zsh
        _tasker_ctl() {
            local -a lines candidates
            local line files=''
            lines=("${(@f)$(tasker-ctl completion --words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
            for line in "${lines[@]}"; do
                if [[ $line == :files ]]; then
                    files=1
                elif [[ -n $line ]]; then
                    candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
                fi
            done
            (( $#candidates )) && _describe -V 'tasker-ctl' candidates
            [[ -n $files ]] && _files
        }
        (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -D }
        # As a file in $fpath this is the body of the function itself.
        if [[ ${funcstack[1]} == _tasker_ctl ]]; then
            _tasker_ctl "$@"
        else
            compdef _tasker_ctl tasker-ctl
        fi

        """#

    private static let fish = #"""
        # Completion of tasker-ctl for fish. Made by: tasker-ctl completion fish
        function __tasker_ctl_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            for line in (tasker-ctl completion --words -- $words[2..-1] "$current" 2>/dev/null)
                if test "$line" = ':files'
                    __fish_complete_path "$current"
                else
                    printf '%s\n' $line
                end
            end
        end
        complete -c tasker-ctl -f -a '(__tasker_ctl_complete)'

        """#
}
