import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'

/** What this machine tells of itself and its processes. */
export interface ProcessFacts {
  /** When the process with this pid started, in the machine's own units; `undefined`: there is none, or it is a zombie. */
  readStart(pid: number): Promise<string | undefined>
  readBootId(): Promise<string>
  /** Processes of two namespaces share a boot but not their pids. */
  readPidNamespace(): Promise<string>
  readMachineId(): Promise<string>
}

/** Linux by /proc; macOS and others by `ps` and `sysctl`. What cannot be read is `unknown`, which no sweep takes for dead. */
export function createProcessFacts(platform: NodeJS.Platform = process.platform): ProcessFacts {
  return platform === 'linux' ? linuxFacts : otherFacts
}

const linuxFacts: ProcessFacts = {
  async readStart(pid) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
    return stat === undefined ? undefined : parseStat(stat)
  },
  readBootId: async () => toLabelValue(await readText('/proc/sys/kernel/random/boot_id')),
  readPidNamespace: async () => toLabelValue(await readlink('/proc/self/ns/pid').catch(() => undefined)),
  readMachineId: async () =>
    toLabelValue((await readText('/etc/machine-id')) || (await readText('/var/lib/dbus/machine-id')) || hostname()),
}

const otherFacts: ProcessFacts = {
  async readStart(pid) {
    const line = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)])
    const [, state, start] = /^(\S+)\s+(.+)$/.exec(line?.trim() ?? '') ?? []
    return state === undefined || state.startsWith('Z') ? undefined : toLabelValue(start)
  },
  readBootId: async () => toLabelValue(await run('sysctl', ['-n', 'kern.bootsessionuuid'])),
  readPidNamespace: () => Promise.resolve('none'),
  readMachineId: () => Promise.resolve(toLabelValue(hostname())),
}

/**
 * Field 22 of proc(5) stat, in clock ticks since boot; the name before it may hold spaces and parentheses.
 *
 * A zombie has ended: it is only not yet collected.
 */
export function parseStat(stat: string): string | undefined {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : fields[18]
}

/** As a label may hold it: letters, digits, `.`, `_`, `-`, at most 63. */
function toLabelValue(text: string | undefined): string {
  const value = (text ?? '').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '')
  return value === '' ? 'unknown' : value.slice(0, 63)
}

async function readText(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}

async function run(command: string, argv: readonly string[]): Promise<string | undefined> {
  const running = promisify(execFile)(command, [...argv], { timeout: 2000, encoding: 'utf8' })
  return running.then(({ stdout }) => stdout.trim()).catch(() => undefined)
}
