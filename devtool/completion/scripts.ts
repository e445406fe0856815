/*
 * Each script asks devtool itself, so that it never becomes outdated: `completion words +CURRENT WORD…` prints what CURRENT,
 * the word at the cursor, may become after those WORDs, a line each: the word, a tab, and what it is about. The plus keeps
 * shells from leaving out an empty word. Where devtool names nothing, files are completed.
 */

/** For bash 3.2, which macOS has, and later. */
const BASH = `# devtool for bash: source <(devtool completion bash)
_devtool() {
  local line=\${COMP_LINE:0:COMP_POINT} part=\${COMP_WORDS[COMP_CWORD]} words current kept="" candidate
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=("") ;; esac
  current=\${words[\${#words[@]}-1]}
  # Of a word with one of COMP_WORDBREAKS, bash replaces only what follows that.
  case $part in [:=]*) part="" ;; esac
  case $current in *"$part") kept=\${current%"$part"} ;; esac
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    candidate=\${candidate#"$kept"}
    case $candidate in *[!a-zA-Z0-9_.,:=@%/+-]*) printf -v candidate %q "$candidate" ;; esac
    COMPREPLY+=("$candidate")
  done < <("\${words[0]}" completion words "+$current" "\${words[@]:1:\${#words[@]}-2}" 2>/dev/null)
}
complete -o default -F _devtool devtool
`;

const ZSH = `#compdef devtool
# devtool for zsh, after compinit: source <(devtool completion zsh); or as a file _devtool in a folder of $fpath
_devtool() {
  local -a found
  local line
  for line in "\${(@f)$("\${(Q)words[1]}" completion words "+\${(Q)PREFIX}" "\${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#found )); then _describe -t values devtool found; else compset -P '--*='; _files; fi
}
if [[ $funcstack[1] == _devtool ]]; then _devtool "$@"; else compdef _devtool devtool; fi
`;

const FISH = `# devtool for fish: devtool completion fish | source
function __devtool_complete
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
complete -c devtool -f -a '(__devtool_complete)'
`;

const POWERSHELL = `# devtool for PowerShell: devtool completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName devtool -ScriptBlock {
  param($current, $ast, $position)
  $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object {
    # Without its quotes.
    if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { "$_" }
  })
  $rest = @($words | Select-Object -Skip 1)
  $current = $current -replace '^[''"]', ''
  & $words[0] completion words "+$current" @rest 2>$null | ForEach-Object {
    $word, $about = $_ -split [char]9, 2
    # A comma without quotes makes two words.
    $typed = if ($word -match '^@|[^\\w.:=@%/+-]') { "'" + $word.Replace("'", "''") + "'" } else { $word }
    $shown = if ($about) { $about } else { $word }
    [System.Management.Automation.CompletionResult]::new($typed, $word, 'ParameterValue', $shown)
  }
}
`;

export const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ["bash", BASH],
  ["zsh", ZSH],
  ["fish", FISH],
  ["powershell", POWERSHELL],
]);
