/**
 * Ends a run of the command and whatever it has started itself. SIGKILL: a command that ends by a politer signal may
 * hand it on to the program, which is to go on.
 */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  // One that was forked this very moment has no group of its own yet.
  if (!tryKill(-pid)) tryKill(pid)
}

function tryKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}
