import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/** What this machine tells of itself and its processes. */
export interface ProcessFacts {
  /**
   * When the process with this pid started, in the machine's own units.
   *
   * `undefined`: there is none, or it is a zombie. `unknown`: there is one, and it cannot be read.
   */
  readStart(pid: number): Promise<string | undefined>
  readBootId(): Promise<string>
  /** Processes of two namespaces share a boot but not their pids. */
  readPidNamespace(): Promise<string>
  readMachineId(): Promise<string>
}

/** Linux by /proc; macOS and others by `ps` and `sysctl`. What cannot be read is `unknown`, which no sweep takes for dead. */
export function createProcessFacts(
  platform: NodeJS.Platform = process.platform,
  sources: FactSources = {},
): ProcessFacts {
  return platform === 'linux' ? createLinuxFacts(sources) : createOtherFacts(sources)
}

/** Where the facts are read; the defaults are the machine's. */
export interface FactSources {
  readonly proc?: string
  /** Folders that a machine-id may lie in. */
  readonly machineIds?: readonly string[]
  readonly ps?: string
  readonly ioreg?: string
}

function createLinuxFacts({ proc = '/proc', machineIds = ['/etc', '/var/lib/dbus'] }: FactSources): ProcessFacts {
  const readBootId = async () => toLabelValue(await readText(`${proc}/sys/kernel/random/boot_id`))
  return {
    async readStart(pid) {
      const stat = await readFile(`${proc}/${pid}/stat`, 'utf8').catch(() => undefined)
      return stat === undefined ? toUnread(pid) : parseStat(stat)
    },
    readBootId,
    readPidNamespace: async () => toLabelValue(await readlink(`${proc}/self/ns/pid`).catch(() => undefined)),
    async readMachineId() {
      const ids = await Promise.all(machineIds.map(readMachineId))
      return toLabelValue(ids.find((id) => id !== '') ?? (await nameMachine(readBootId)))
    },
  }
}

function createOtherFacts({ ps = 'ps', ioreg = 'ioreg' }: FactSources): ProcessFacts {
  const readBootId = async () => toLabelValue(await run('sysctl', ['-n', 'kern.bootsessionuuid']))
  return {
    async readStart(pid) {
      const line = await run(ps, ['-o', 'stat=,lstart=', '-p', String(pid)])
      const [, state, start] = /^(\S+)\s+(.+)$/.exec(line?.trim() ?? '') ?? []
      if (state === undefined) return toUnread(pid)
      return state.startsWith('Z') ? undefined : toLabelValue(start)
    },
    readBootId,
    readPidNamespace: () => Promise.resolve('none'),
    async readMachineId() {
      const registry = await run(ioreg, ['-rd1', '-c', 'IOPlatformExpertDevice'])
      const [, id] = /"IOPlatformUUID" = "([^"]+)"/.exec(registry ?? '') ?? []
      return toLabelValue(id ?? (await nameMachine(readBootId)))
    },
  }
}

/**
 * For a machine that has no id. Two may have one name, so it is one machine for one boot alone: what another boot has left
 * is another machine's, and not dead.
 */
async function nameMachine(readBootId: () => Promise<string>): Promise<string> {
  return `${await readBootId()}-${hostname()}`
}

/**
 * Of a process that could not be read: `undefined` when the system says that there is none.
 *
 * It may live and be hidden (/proc mounted with `hidepid`), or out of reach (no file descriptors left, no `ps`).
 */
function toUnread(pid: number): string | undefined {
  try {
    process.kill(pid, 0)
    return unknown
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? undefined : unknown
  }
}

/**
 * Field 22 of proc(5) stat, in clock ticks since boot; the name before it may hold spaces and parentheses.
 *
 * A zombie has ended: it is only not yet collected.
 */
export function parseStat(stat: string): string | undefined {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : toLabelValue(fields[18])
}

/** As a label may hold it: letters, digits, `.`, `_`, `-`, at most 63. */
function toLabelValue(text: string | undefined): string {
  const value = (text ?? '').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '')
  return value === '' ? unknown : value.slice(0, 63)
}

/** Empty in many images; `uninitialized` until the first boot of a machine, machine-id(5). */
async function readMachineId(folder: string): Promise<string> {
  const id = await readText(`${folder}/machine-id`)
  return id === 'uninitialized' ? '' : id
}

async function readText(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}

/** The output of a command of the system; `undefined` when it is absent or fails. */
function run(command: string, argv: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, argv, { timeout: 2000, encoding: 'utf8', env: commandEnvironment }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : undefined)
    })
  })
}

/**
 * The same for all: `ps` prints times in the zone and language of its caller, and two processes must read the same start
 * of a third. The search path holds the directories where systems keep `ps`, `sysctl` and `ioreg`.
 */
const commandEnvironment = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', TZ: 'UTC0', LC_ALL: 'C' }

const unknown = 'unknown'
