# Completion of heatpool(1) for bash; the words come from the definitions of its commands.
_heatpool() {
  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}"
  local path="" next word words="" at
  case "$before" in
    -c | --config | --file | --out) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="${COMP_WORDS[at]}"
    next="${path:+$path }$word"
    case "$next" in @KNOWN@) path="$next" ;; esac
  done
  case "$path" in
@CASES@
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _heatpool heatpool
