import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/** Reads the ids of this machine and the starts of its processes. */
export interface ProcessReader {
  /**
   * Reads when a process started, as a text to compare: clock ticks since boot on Linux, a date elsewhere. `undefined`
   * if there is no such process or it is a zombie. `unknown` if it exists and its start cannot be read.
   */
  readStart(pid: number): Promise<string | undefined>
  readBootId(): Promise<string>
  /** Pids are unique only within a pid namespace. */
  readPidNamespace(): Promise<string>
  readMachineId(): Promise<string>
}

/**
 * Uses /proc on Linux, and `ps`, `sysctl` and `ioreg` elsewhere. A value that cannot be read is `unknown`. Systems other than
 * Linux and macOS have no boot id, so the state of every other owner is unknown there and a sweep removes nothing.
 */
export function createProcessReader(
  platform: NodeJS.Platform = process.platform,
  sources: ProcessReaderSources = {},
): ProcessReader {
  return platform === 'linux' ? createLinuxReader(sources) : createOtherReader(sources)
}

/** The files and commands of the reader, for tests. Default: those of this machine. */
export interface ProcessReaderSources {
  /** The mount point of the proc file system. */
  readonly proc?: string
  /** Folders that may contain `machine-id`. */
  readonly machineIds?: readonly string[]
  /** The name of the machine. */
  readonly host?: string
  readonly ps?: string
  readonly ioreg?: string
}

function createLinuxReader({
  proc = '/proc',
  machineIds = ['/etc', '/var/lib/dbus'],
  host = hostname(),
}: ProcessReaderSources): ProcessReader {
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
      const id = ids.find((read) => read !== '')
      // Copies of a virtual machine may have one id, and an owner of another boot of the same machine counts as ended.
      return toLabelValue(id === undefined ? await nameMachine(readBootId) : `${id}-${host}`)
    },
  }
}

function createOtherReader({ ps = 'ps', ioreg = 'ioreg' }: ProcessReaderSources): ProcessReader {
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
 * Returns an id for a machine that has none: its name and boot. Names are not unique, so owners of an earlier boot are
 * treated as those of another machine.
 */
async function nameMachine(readBootId: () => Promise<string>): Promise<string> {
  return `${await readBootId()}-${hostname()}`
}

/**
 * Returns `undefined` if a process that could not be read does not exist, else `unknown`. It may be hidden (/proc mounted with
 * `hidepid`), or reading failed (no file descriptors left, no `ps`).
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
 * Parses the start of a process from /proc/<pid>/stat: field 22 of proc(5), in clock ticks since boot. The name before it may
 * contain spaces and parentheses. `undefined` for a zombie, which has ended.
 */
export function parseStat(stat: string): string | undefined {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : toLabelValue(fields[18])
}

/** Converts a text to a label value: at most 63 letters, digits, `.`, `_` and `-`. */
function toLabelValue(text: string | undefined): string {
  const value = (text ?? '').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '')
  return value === '' ? unknown : value.slice(0, 63)
}

/** The file is empty in many images, and `uninitialized` until the first boot: machine-id(5). */
async function readMachineId(folder: string): Promise<string> {
  const id = await readText(`${folder}/machine-id`)
  return id === 'uninitialized' ? '' : id
}

async function readText(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}

/** Resolves with the output of a command; `undefined` if it is missing or fails. */
function run(command: string, argv: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, argv, { timeout: 2000, encoding: 'utf8', env: commandEnvironment }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : undefined)
    })
  })
}

/**
 * A fixed environment, since `ps` prints times in the time zone and language of its caller, and all processes must read the
 * same start. The path has the directories of `ps`, `sysctl` and `ioreg`.
 */
const commandEnvironment = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', TZ: 'UTC0', LC_ALL: 'C' }

const unknown = 'unknown'
