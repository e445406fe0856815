import type { SHELLS } from "./candidates.ts";

/*
 * Each script asks tinydocker itself, so that it never becomes outdated: `completion words +CURRENT WORD…` prints what CURRENT,
 * the word at the cursor, may become after those WORDs, a line each: the word, a tab, and what it is about. Where tinydocker
 * names nothing, files are completed. After a word with a colon at its end, more of it follows.
 */

const BASH = `# tinydocker for bash: source <(tinydocker completion bash)
_tinydocker() {
  local line=\${COMP_LINE:0:COMP_POINT} part=\${COMP_WORDS[COMP_CWORD]} words current kept="" candidate
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=("") ;; esac
  current=\${words[\${#words[@]}-1]}
  # Of a word with one of COMP_WORDBREAKS, bash replaces only what follows that.
  case $part in [:=]*) part="" ;; esac
  case $current in *"$part") kept=\${current%"$part"} ;; esac
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    case $candidate in *:) compopt -o nospace ;; esac
    candidate=\${candidate#"$kept"}
    COMPREPLY+=("$candidate")
  done < <("\${words[0]}" completion words "+$current" "\${words[@]:1:\${#words[@]}-2}" 2>/dev/null)
}
complete -o default -F _tinydocker tinydocker
`;

const ZSH = `#compdef tinydocker
# tinydocker for zsh, after compinit: source <(tinydocker completion zsh); or as a file _tinydocker in a folder of $fpath
_tinydocker() {
  local -a whole begun
  local line word
  for line in "\${(@f)$("\${(Q)words[1]}" completion words "+\${(Q)PREFIX}" "\${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}"; do
    word=\${line%%$'\\t'*}
    case $word in
      "") ;;
      *:) begun+=("\${word//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) whole+=("\${word//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  if (( $#whole + $#begun == 0 )); then compset -P '--*='; _files; return; fi
  _describe -t values tinydocker whole -- begun -S ''
}
if [[ $funcstack[1] == _tinydocker ]]; then _tinydocker "$@"; else compdef _tinydocker tinydocker; fi
`;

const FISH = `# tinydocker for fish: tinydocker completion fish | source
function __tinydocker_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (command $words[1] completion words "+$current" $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        # A path may be the value of an option: --config=PATH.
        set -l option (string match -r -- '^--[^=]+=' $current)
        for path in (__fish_complete_path (string replace -- "$option" '' $current))
            printf '%s\\n' "$option$path"
        end
    end
end
complete -c tinydocker -f -a '(__tinydocker_complete)'
`;

export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = { bash: BASH, zsh: ZSH, fish: FISH };
