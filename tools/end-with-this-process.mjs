import { spawn } from 'node:child_process'

/**
 * Ends a process and removes a file or directory when this process ends in any way, also by SIGKILL.
 *
 * @param {number} pid a negative number for the processes of a group
 * @param {string} path
 * @returns {() => void} cancels that, when the caller has done both itself
 */
export function endWithThisProcess(pid, path) {
  const script = 'read -r line; kill -s TERM -- "$1" 2>/dev/null; rm -rf -- "$2"'
  // The kernel closes stdin of the guard with this process. In a session of its own, Ctrl-C does not end the guard before that.
  const guard = spawn('/bin/sh', ['-c', script, 'sh', String(pid), path], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.stdin.on('error', () => {}) // the guard has ended
  return () => guard.kill('SIGKILL')
}
