/**
 * Kills a process group: the command and its children. SIGKILL, because the command may forward any other signal to the
 * program in the container, which has to keep running.
 */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  // A process that was forked just now has no group of its own yet.
  if (!tryKill(-pid)) tryKill(pid)
}

function tryKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}
