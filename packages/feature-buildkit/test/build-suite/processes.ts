import { readdirSync, readFileSync } from 'node:fs'

/** Returns the command lines of the processes of this machine whose arguments have this text. */
export function findProcesses(text: string): readonly string[] {
  return readProcesses('cmdline').filter((line) => line.includes(text))
}

/** Reads the command lines or the environments of all processes of this machine. */
export function readProcesses(file: 'cmdline' | 'environ'): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      return [readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ')]
    } catch {
      return [] // the process has ended
    }
  })
}
