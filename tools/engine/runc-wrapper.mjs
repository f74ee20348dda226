/**
 * Writes the shell program that wraps runc on a machine that withholds capabilities: it removes them from the container's
 * capabilities and executes runc. Without it Engine 20.10 cannot start a privileged container there ("unable to apply
 * caps: operation not permitted"); later engines request only capabilities that they have.
 *
 * containerd names the bundle of a new container by `--bundle`, and the file of a process to exec by `--process`.
 * Within JSON a quote inside a string is escaped, so `"capabilities":{` cannot come from an argument or a variable.
 *
 * @param {{ readonly runc: string, readonly withheld: readonly string[] }} options
 */
export function toRuncWrapper({ runc, withheld }) {
  return `#!/bin/sh
# Written by tools/engine of Capstan: runc, without the capabilities that this machine withholds.
set -eu
drop() {
  if [ -f "$1" ]; then
    sed -z -E -i ${withheld.map(toSedExpression).join(' ')} -e ':c;s/${inCapabilities},\\]/\\1]/;tc' "$1"
  fi
}
previous=
for argument in "$@"; do
  case $previous in
    --bundle) drop "$argument/config.json" ;;
    --process) drop "$argument" ;;
  esac
  previous=$argument
done
exec '${runc.replaceAll("'", "'\\''")}' "$@"
`
}

/**
 * @param {string} name
 * @param {number} index
 */
function toSedExpression(name, index) {
  return `-e ':d${index};s/${inCapabilities}"${name}",?/\\1/;td${index}'`
}

const inCapabilities = '("capabilities":\\{[^}]*)'
