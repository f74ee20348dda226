/** The scripts of `capstan completion`, by shell. They ask `capstan __complete` for the words. */
export const completionScripts: Readonly<Record<'bash' | 'zsh' | 'fish', string>> = {
  bash: `# Completion of capstan for bash 3.2 and later.
_capstan() {
  local line=\${COMP_LINE:0:COMP_POINT} current prefix word description IFS=$' \\t\\n'
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[\${#words[@]}-1]}
  # Bash replaces only the part after the last of these characters.
  prefix=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r word description; do
    if [[ $word == :files ]]; then
      while IFS= read -r word; do COMPREPLY+=("\${word#"$prefix"}"); done < <(compgen -f -- "$current")
      compopt -o filenames 2> /dev/null
    elif [[ $word == "$current"* ]]; then
      COMPREPLY+=("\${word#"$prefix"}")
    fi
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2> /dev/null)
}
complete -F _capstan capstan
`,
  zsh: `#compdef capstan
# Completion of capstan for zsh.
_capstan() {
  local word description
  local -a candidates
  local -i files=0
  while IFS=$'\\t' read -r word description; do
    if [[ $word == :files ]]; then
      files=1
    else
      candidates+=("\${word//:/\\\\:}:$description")
    fi
  done < <("\${words[1]}" __complete -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null)
  (( \${#candidates} )) && _describe capstan candidates
  (( files )) && _files
  return 0
}
if [[ "\${funcstack[1]}" == _capstan ]]; then
  _capstan "$@"
else
  compdef _capstan capstan
fi
`,
  fish: `# Completion of capstan for fish.
function __capstan_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] "$current" 2> /dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c capstan -f -a '(__capstan_complete)'
`,
}
