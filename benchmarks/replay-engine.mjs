import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * Starts a process with a server that answers like a Docker Engine, and streams `count` events or samples, each in a write of
 * its own, as an engine does, about 1000 in a second: an engine keeps 256 events, and sends one sample a second.
 *
 * @param {number} count
 */
export async function startReplayEngine(count) {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-bench-'))
  const socketPath = join(directory, 'engine.sock')
  const argv = [fileURLToPath(import.meta.url), socketPath, String(count)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const close = async () => {
    child.kill()
    await once(child, 'exit')
    await rm(directory, { recursive: true, force: true })
  }
  return { socketPath, close }
}

/** The actions of recorded events, in which those of health checks are frequent. */
const actions = ['create', 'start', 'health_status: healthy', 'die', 'destroy']
const seconds = 1_767_225_600

/** @param {number} number */
function toEvent(number) {
  const action = actions[number % actions.length] ?? ''
  const id = String(number).padStart(64, '0')
  const labels = { 'capstan.app': 'bench', 'capstan.owner.instance': id.slice(0, 36), 'com.example.tier': 'front' }
  const attributes = {
    ...labels,
    image: 'busybox:1',
    name: `bench-${number}`,
    ...(action === 'die' && { exitCode: '0' }),
  }
  const actor = { ID: id, Attributes: attributes }
  const old = { status: action, id, from: 'busybox:1' }
  const event = { ...old, Type: 'container', Action: action, Actor: actor, scope: 'local', time: seconds }
  return `${JSON.stringify(event).slice(0, -1)},"timeNano":${seconds}${String(number).padStart(9, '0')}}\n`
}

/** @param {number} number */
function toSample(number) {
  const toTime = (second) => new Date((seconds + second) * 1000).toISOString()
  const toCpu = (used) => ({
    cpu_usage: { total_usage: used, percpu_usage: [used, 0], usage_in_kernelmode: used, usage_in_usermode: 0 },
    system_cpu_usage: 120_397_160_000_000,
    online_cpus: 2,
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  })
  const stats = Object.fromEntries(memoryFields.map((name, index) => [name, index * 4096]))
  const sample = {
    read: toTime(number),
    preread: number === 0 ? '0001-01-01T00:00:00Z' : toTime(number - 1),
    pids_stats: { current: 1 },
    blkio_stats: { io_service_bytes_recursive: [{ major: 8, minor: 0, op: 'Read', value: 4096 }] },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: toCpu(number * 1_000_000),
    precpu_stats: toCpu((number - 1) * 1_000_000),
    memory_stats: { usage: 335_872, max_usage: 4_083_712, stats, limit: 67_108_864 },
    name: '/bench',
    id: 'bench',
    networks: { eth0: { rx_bytes: 1086, rx_packets: 9, rx_errors: 0, rx_dropped: 0, tx_bytes: 0, tx_packets: 0 } },
  }
  return `${JSON.stringify(sample)}\n`
}

const memoryFields = ['active_anon', 'active_file', 'cache', 'dirty', 'hierarchical_memory_limit', 'inactive_anon']
  .concat(['inactive_file', 'mapped_file', 'pgfault', 'pgmajfault', 'pgpgin', 'pgpgout', 'rss', 'rss_huge'])
  .flatMap((name) => [name, `total_${name}`])

function serve(socketPath, count) {
  const lines = { events: [], stats: [] }
  for (let number = 0; number < count; number += 1) {
    lines.events.push(toEvent(number))
    lines.stats.push(toSample(number))
  }
  const version = { ApiVersion: '1.41', MinAPIVersion: '1.12', Version: '20.10.24', Components: [{ Name: 'Engine' }] }
  const answers = { version, info: { ServerVersion: '20.10.24', OSType: 'linux', Name: 'bench', NCPU: 2 } }
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://engine').pathname.split('/').at(-1) ?? ''
    response.setHeader('Server', 'Docker/20.10.24 (linux)')
    response.setHeader('Api-Version', '1.41')
    if (name in lines) return void writeEach(response, lines[name])
    if (name === 'json') return void response.end(JSON.stringify({ Id: 'bench', State: { Status: 'exited' } }))
    response.end(JSON.stringify(answers[name] ?? {}))
  })
  server.listen(socketPath, () => console.log('listening'))
}

async function writeEach(response, lines) {
  for (const line of lines) {
    if (!response.write(line)) await once(response, 'drain')
    await delay(1)
  }
  response.end()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(process.argv[2], Number(process.argv[3]))
