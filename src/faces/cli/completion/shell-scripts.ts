/** The shells that have a completion. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

// Each script asks the installed program, so it stays right after an update. A line is a word and, after a tab, its meaning; `:files` leaves the word to
// the shell.
const scripts: Readonly<Record<Shell, string>> = {
  bash: `_mailcordon() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default
      return
    fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" completion words "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _mailcordon mailcordon
`,
  zsh: `#compdef mailcordon
_mailcordon() {
  local line
  local -a lines described
  lines=("\${(@f)$(\${words[1]} completion words "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${lines[1]} == :files ]]; then
    _files
    return
  fi
  for line in $lines; do
    described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe mailcordon described
}
compdef _mailcordon mailcordon
`,
  fish: `function __mailcordon_complete
    set -l typed (commandline -opc) (commandline -ct)
    set -l lines ($typed[1] completion words $typed[2..-1] 2>/dev/null)
    if test "$lines[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $lines
    end
end
complete -c mailcordon -f -a '(__mailcordon_complete)'
`,
};

/** Returns the completion of a shell, to be loaded by its start-up file. */
export function completionScript(shell: Shell): string {
  return scripts[shell];
}
