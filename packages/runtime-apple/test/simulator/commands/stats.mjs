import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../command-error.mjs'
import { toJson } from '../shapes.mjs'

export const statsCommands = {
  stats: async ({ state, caller, options, positionals }) => {
    const unknown = positionals.find((id) => !state.containers.has(id))
    if (unknown !== undefined) throw new CommandError(`container not found: ${unknown}`)
    if (options.get('format')?.[0] !== 'json') throw new CommandError('the simulator prints statistics only as JSON')
    await delay(measuringMs)
    const wanted = positionals.length > 0 ? positionals : [...state.containers.keys()]
    // Containers that do not run are omitted.
    const running = wanted.flatMap((id) => state.containers.get(id) ?? []).filter(({ run }) => run !== undefined)
    caller.print(toJson(running.map(toStatsShape)))
  },
}

/** The real command measures twice, two seconds apart, also where it prints only the second measurement. */
const measuringMs = 300

function toStatsShape({ id, run, memoryBytes = 2 ** 30 }) {
  const processes = listProcesses(run.pid)
  const sum = (field) => processes.reduce((total, process) => total + process[field], 0)
  const [received, sent] = readTraffic(run.pid)
  return {
    id,
    cpuUsageUsec: sum('cpuTicks') * 10_000,
    memoryUsageBytes: sum('pages') * 4096,
    memoryLimitBytes: memoryBytes,
    networkRxBytes: received,
    networkTxBytes: sent,
    blockReadBytes: 0,
    blockWriteBytes: 0,
    numProcesses: processes.length,
  }
}

/** Reads a process and its descendants. One that has ended meanwhile is omitted. */
function listProcesses(root) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readProcess(Number(pid)) ?? [])
  const found = all.filter(({ pid }) => pid === root)
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid))
  return found
}

/** The fields after the name of the program: state, parent, …, of proc_pid_stat(5). */
function readProcess(pid) {
  const text = readIfPresent(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
  return {
    pid,
    parent: Number(fields[1]),
    cpuTicks: user + system + childUser + childSystem,
    pages: Number(fields[21]),
  }
}

/** The bytes received and sent by the interfaces of a container, without the loopback interface. */
function readTraffic(pid) {
  const lines = (readIfPresent(`/proc/${pid}/net/dev`) ?? '').split('\n').slice(2)
  const counters = lines
    .filter((line) => line.includes(':') && !/^\s*lo:/.test(line))
    .map((line) => {
      const fields = line.split(':')[1].trim().split(/\s+/)
      return [Number(fields[0]), Number(fields[8])]
    })
  return counters.reduce(([received, sent], [rx, tx]) => [received + rx, sent + tx], [0, 0])
}

function readIfPresent(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
