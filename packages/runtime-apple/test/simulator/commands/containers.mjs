import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { toDrop } from '../capabilities.mjs'
import { CommandError } from '../command-error.mjs'
import { answerCalls } from '../host-calls.mjs'
import { toProcessProblem } from '../process-problem.mjs'
import { copyTree, findFirst, kill, signals, startAtTerminal, startProgram } from '../programs.mjs'
import { toContainerShape, toJson } from '../shapes.mjs'
import { newId } from '../state.mjs'
import { findUser } from '../users.mjs'
import { pullImage } from './images.mjs'

export const containerCommands = {
  create: async (call) => {
    call.caller.print((await create(call)).id)
  },
  start: ({ state, caller, options, positionals: [id] }) =>
    start(state, caller, id, { attach: options.has('attach'), input: options.has('interactive') }),
  stop: ({ state, caller, options, positionals }) => {
    const time = Number(options.get('time')?.[0] ?? 5)
    return forEach(caller, positionals, 'stop', (id) => stop(find(state, id, 'stop'), time, options.get('signal')?.[0]))
  },
  kill: ({ state, caller, options, positionals }) => {
    const signal = toSignal(options.get('signal')?.[0] ?? 'KILL')
    return forEach(caller, positionals, 'kill', async (id) => {
      const container = find(state, id, 'kill')
      if (container.state !== 'running') throw new CommandError(`invalidState: "container ${id} is not running"`)
      kill(container.run.pid, signal)
    })
  },
  delete: ({ state, caller, options, positionals }) =>
    forEach(caller, positionals, 'delete', (id) => remove(state, find(state, id, 'delete'), options.has('force'))),
  inspect: ({ state, caller, positionals }) => {
    const unknown = positionals.find((id) => !state.containers.has(id))
    if (unknown !== undefined && state.isCurrent) throw new CommandError(`container not found: ${unknown}`)
    const found = positionals.flatMap((id) => state.containers.get(id) ?? [])
    caller.print(
      toJson(
        found.map((container) => toContainerShape(state, container)),
        true,
      ),
    )
  },
  list: ({ state, caller, options }) => {
    const listed = [...state.containers.values()].filter(
      (container) => options.has('all') || container.state === 'running',
    )
    caller.print(
      options.get('format')?.[0] === 'json'
        ? toJson(listed.map((container) => toContainerShape(state, container)))
        : listed.map(({ id }) => id).join('\n'),
    )
  },
  logs: ({ state, caller, options, positionals: [id] }) => logs(state, caller, id, options),
}

/** Handles each id separately, like the real command, and reports failures at the end. */
async function forEach(caller, ids, verb, work) {
  const failures = []
  for (const id of ids) {
    try {
      await work(id)
      caller.print(id)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      failures.push(error.message)
    }
  }
  if (failures.length > 0)
    throw new CommandError(`internalError: "failed to ${verb} one or more containers: ${failures.join(', ')}"`)
}

function find(state, id, verb) {
  const container = state.containers.get(id)
  if (container === undefined)
    throw new CommandError(`failed to ${verb} container ${id} (cause: "notFound: "container with ID ${id} not found"")`)
  return container
}

async function create({ state, options, positionals: [reference, ...words] }) {
  const one = (name) => options.get(name)?.at(-1)
  const all = (name) => options.get(name) ?? []
  const id = one('name') ?? newId()
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}$/.test(id))
    throw new CommandError(`invalidArgument: "invalid container name: ${id}"`, 64)
  const memoryBytes = toBytes(one('memory'))
  if (memoryBytes !== undefined && memoryBytes < 200 * 2 ** 20)
    throw new CommandError('invalidArgument: "minimum memory amount allowed is 200 MiB"')
  const networks = toNetworks(state, all('network'))
  const image = state.findImage(reference) ?? (await pullImage(state, reference))
  if (state.containers.has(id)) throw new CommandError(`container already exists: ${id}`)
  const { config } = image
  const argv = [
    ...(options.has('entrypoint') ? [one('entrypoint')] : (config.Entrypoint ?? [])),
    ...(words.length > 0 ? words : options.has('entrypoint') ? [] : (config.Cmd ?? [])),
  ]
  if (argv.length === 0)
    throw new CommandError('invalidArgument: "command/entrypoint not specified for container process"')
  const container = {
    id,
    image: reference.startsWith('sha256:') ? image.references[0] : normaliseShown(image, reference),
    digest: image.digest,
    createdAt: Date.now(),
    state: 'stopped',
    process: {
      argv,
      env: mergeEnv(config.Env ?? ['PATH=/bin'], all('env')),
      directory: one('workdir') ?? config.WorkingDir ?? '/',
      user: one('user') ?? config.User ?? '0',
    },
    labels: Object.fromEntries(all('label').map(parseLabel)),
    ports: all('publish').map(parsePort),
    mounts: [
      ...all('volume').map((text) => parseVolume(state, text)),
      ...all('mount').map(parseMount),
      ...all('tmpfs').map((target) => ({ kind: 'tmpfs', source: 'tmpfs', target, options: [] })),
    ],
    networks,
    attachments: [],
    dns: all('dns'),
    memoryBytes,
    cpus: one('cpus') === undefined ? undefined : Number(one('cpus')),
    shmBytes: toBytes(one('shm-size')),
    ulimits: all('ulimit'),
    capAdd: all('cap-add'),
    capDrop: all('cap-drop'),
    readOnly: options.has('read-only'),
    init: options.has('init'),
    interactive: options.has('interactive'),
    tty: options.has('tty'),
    autoRemove: options.has('rm'),
    stopSignal: config.StopSignal ?? 'SIGTERM',
  }
  state.containers.set(id, container)
  state.save('containers', id)
  const root = join(state.place('containers', id), 'rootfs')
  mkdirSync(root)
  copyTree(join(state.place('images', image.digest), 'rootfs'), root)
  prepareRoot(root, container)
  return container
}

function normaliseShown(image, reference) {
  const name = reference.slice(reference.lastIndexOf('/') + 1)
  return (
    image.references.find(
      (known) => known.endsWith(`/${reference}`) || known === reference || known.endsWith(`/${name}:latest`),
    ) ?? image.references[0]
  )
}

/** Writes the files that the guest shows: name servers, limits, and the pipes to the host. */
function prepareRoot(root, { id, dns, memoryBytes, cpus = 4 }) {
  for (const directory of ['etc', 'sys/fs/cgroup', '.host']) mkdirSync(join(root, directory), { recursive: true })
  writeFileSync(
    join(root, 'etc/resolv.conf'),
    (dns.length > 0 ? dns : ['192.168.64.1']).map((address) => `nameserver ${address}\n`).join(''),
  )
  writeFileSync(join(root, 'etc/hosts'), `127.0.0.1 localhost\n127.0.0.1 ${id}\n`)
  writeFileSync(join(root, 'sys/fs/cgroup/memory.max'), `${memoryBytes ?? 2 ** 30}\n`)
  writeFileSync(join(root, 'sys/fs/cgroup/cpu.max'), `${cpus * 100_000} 100000\n`)
}

function toNetworks(state, names) {
  for (const name of names) {
    if (name === 'none' && state.isCurrent && state.release.macos >= 26) continue
    if (name !== 'default' && state.release.macos < 26)
      throw new CommandError('unsupported: "non-default network configuration requires macOS 26 or newer"')
    if (name !== 'default' && !state.networks.has(name)) throw new CommandError(`notFound: "network ${name} not found"`)
  }
  if (names.includes('none')) return []
  return names.length > 0 ? names : ['default']
}

async function start(state, caller, id, { attach, input }) {
  const container = state.containers.get(id)
  if (container === undefined) throw new CommandError(`get failed: container ${id} not found`)
  if (container.state !== 'stopped') {
    if (attach || input)
      throw new CommandError('invalidArgument: "attach is currently unsupported on already running containers"')
    return caller.print(id)
  }
  for (const { kind, source } of container.mounts)
    if (kind === 'bind' && !existsSync(source)) throw new CommandError(`path '${source}' does not exist`)
  container.state = 'starting'
  const relays = []
  let run
  try {
    for (const port of container.ports) relays.push(await publish(container, port))
    container.attachments = container.networks.map((network) => ({ network, ...state.nextAddress(network) }))
    run = await launch(state, container, { relays, size: caller.size })
  } catch (error) {
    container.state = 'stopped'
    for (const relay of relays) relay.close()
    throw error
  }
  if (!attach && !input) {
    if (!container.interactive) run.stdin.end()
    return caller.print(id)
  }
  run.sessions.add(caller)
  caller.whenGone(() => run.sessions.delete(caller))
  if (input && container.tty) {
    if (caller.size === undefined)
      throw new CommandError('internalError: "failed to set raw mode: Inappropriate ioctl for device"')
    caller.takeTerminal(run.resize)
  }
  if (input) {
    caller.askForInput()
    caller.stdin.pipe(run.stdin)
    // The program's stdin stays open when the command ends.
    caller.whenGone(() => caller.stdin.unpipe(run.stdin))
  }
  if (!input && !container.interactive) run.stdin.end()
  const code = await run.ended
  await run.waitForWrites
  return code
}

async function launch(state, container, { relays, size }) {
  const place = state.place('containers', container.id)
  const root = join(place, 'rootfs')
  const { argv, env, directory, user } = container.process
  const identity = findUser(root, user)
  const calls = answerCalls(root, container)
  const shm = { kind: 'tmpfs', target: '/dev/shm', options: [`size=${container.shmBytes}`] }
  const mounts = [...(container.shmBytes === undefined ? [] : [shm]), ...container.mounts].map((mount) =>
    toMountLine(state, root, mount),
  )
  const limits = container.ulimits.map((limit) => `--${limit}`)
  const spec = {
    root,
    setup: '1',
    readonly: container.readOnly ? '1' : undefined,
    init: container.init ? '1' : undefined,
    directory,
    uid: String(identity.uid),
    gid: String(identity.gid),
    group: identity.groups,
    env,
    argv,
    mount: mounts,
    drop: toDrop(container),
    call: 'yes',
  }
  const begin = container.tty ? startAtTerminal : startProgram
  const { child, stdin, stdout, stderr, ended, resize, problem } = await begin(state.home, spec, { limits, size })
  if (problem !== undefined) {
    stdin.destroy()
    calls.close()
    const { id, process } = container
    throw new CommandError(toProcessProblem({ process: id, container: id, argv: process.argv }, problem))
  }
  const log = createWriteStream(join(place, 'log'))
  const run = { stdin, resize, pid: findFirst(child), sessions: new Set(), ended: undefined, waitForWrites: undefined }
  container.run = run
  container.state = 'running'
  container.startedAt = Date.now()
  for (const [kind, stream] of [
    [1, stdout],
    [2, stderr],
  ])
    stream.on('data', (chunk) => pass(run, log, { kind, stream, chunk }))
  const read = ended.then(() =>
    Promise.all([stdout, stderr].map((stream) => stream.readableEnded || once(stream, 'end'))),
  )
  log.on('error', () => {})
  run.waitForWrites = read.then(() => new Promise((resolve) => log.on('close', resolve).end()))
  flushing.set(container, run.waitForWrites)
  run.ended = ended.then((code) => {
    for (const relay of relays) relay.close()
    calls.close()
    container.state = 'stopped'
    container.attachments = []
    delete container.run
    run.waitForWrites.then(() => {
      if (container.autoRemove && state.containers.get(container.id) === container)
        state.remove('containers', container.id)
    })
    return code
  })
  return run
}

/** Writes output to the log and to attached commands, with back-pressure. */
function pass(run, log, { kind, stream, chunk }) {
  log.write(chunk)
  for (const caller of run.sessions) {
    if (caller.write(kind, chunk)) continue
    stream.pause()
    caller.whenDrained(() => stream.resume())
  }
}

function toMountLine(state, root, { kind, source, target, readOnly, options = [] }) {
  if (kind === 'tmpfs') {
    mkdirSync(join(root, target), { recursive: true })
    return `tmpfs\t${options.join(',')}\t${target}`
  }
  const from = kind === 'volume' ? join(state.place('volumes', source), 'data') : source
  const isFile = existsSync(from) && !statSync(from).isDirectory()
  const at = join(root, target)
  mkdirSync(isFile ? join(at, '..') : at, { recursive: true })
  if (isFile && !existsSync(at)) writeFileSync(at, '')
  return `${readOnly ? 'ro' : 'rw'}\t${from}\t${target}`
}

/** Listens on a port of this machine and connects it to the network namespace of the container. */
function publish(container, { hostAddress, hostPort, containerPort, proto }) {
  if (proto === 'udp') return { close: () => {} }
  const sockets = new Set()
  const server = createServer((socket) => {
    sockets.add(socket)
    const words = [
      '--target',
      String(container.run?.pid),
      '--net',
      '--',
      'busybox',
      'nc',
      '127.0.0.1',
      String(containerPort),
    ]
    const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'ignore'] })
    for (const stream of [socket, child.stdin, child.stdout, child]) stream.on('error', () => {})
    socket.pipe(child.stdin)
    child.stdout.pipe(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      child.kill('SIGKILL')
    })
  })
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return new Promise((resolve, reject) => {
    server.on('error', () =>
      reject(
        new CommandError(
          `internalError: "failed to publish ports: bind(descriptor:ptr:bytes:): Address already in use (errno: 48)"`,
        ),
      ),
    )
    server.listen({ host: hostAddress, port: hostPort, exclusive: true }, () => resolve({ close }))
  })
}

async function stop(container, seconds, signal) {
  const { run } = container
  if (run === undefined) return
  kill(run.pid, signal === undefined ? container.stopSignal : toSignal(signal))
  const limit = setTimeout(() => kill(run.pid, 'SIGKILL'), seconds * 1000)
  await run.ended
  clearTimeout(limit)
}

/** Resolves when the log of a container is complete, which may be after its exit. */
const flushing = new WeakMap()

async function remove(state, container, isForced) {
  if (container.state !== 'stopped') {
    if (!isForced) throw new CommandError(`invalidState: "container ${container.id} is running and can not be deleted"`)
    if (container.run !== undefined) kill(container.run.pid, 'SIGKILL')
    await container.run?.ended
  }
  await flushing.get(container)
  if (state.containers.get(container.id) === container) state.remove('containers', container.id)
}

function toSignal(signal) {
  if (/^\d+$/.test(signal)) return Object.keys(signals).find((name) => signals[name] === Number(signal)) ?? 'SIGTERM'
  return signal.startsWith('SIG') ? signal : `SIG${signal}`
}

/** Reads the log like the real command: by lines. A follower drops empty lines and may split a line. */
async function logs(state, caller, id, options) {
  const container = state.containers.get(id)
  if (container === undefined)
    throw new CommandError(`failed to fetch container logs for ${id}: notFound: "container with ID ${id} not found"`)
  const path = join(state.place('containers', id), 'log')
  const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const lines = options.get('n')?.[0]
  if (lines === undefined && !isText(text))
    throw new CommandError('internalError: "failed to read container log: invalid UTF-8"')
  if (lines === undefined) {
    const trimmed = text.toString('utf8').replace(/^\n+|\n+$/g, '')
    if (trimmed !== '') caller.print(trimmed)
  } else {
    const last = text
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
    const wanted = Number(lines) === 0 ? [] : last.slice(-Number(lines))
    if (wanted.length > 0) caller.print(wanted.join('\n'))
  }
  if (options.has('follow')) await follow(caller, path, text.length)
}

function isText(bytes) {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)
}

/** Never ends by itself, even after the container has stopped. */
async function follow(caller, path, from) {
  let at = from
  let isReading = false
  const read = () => {
    if (isReading || !existsSync(path) || statSync(path).size <= at) return
    isReading = true
    const stream = createReadStream(path, { start: at })
    stream.on('data', (chunk) => {
      at += chunk.length
      const printed = chunk
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')
      if (printed.length > 0) caller.print(printed.join('\n'))
    })
    stream.on('close', () => {
      isReading = false
    })
  }
  const timer = setInterval(read, 20)
  await new Promise((resolve) => caller.whenGone(resolve))
  clearInterval(timer)
}

function parsePort(text) {
  const [, address, hostPort, containerPort, proto] =
    /^(?:(\[[^\]]+\]|[^:]+):)?(\d+):(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? []
  if (hostPort === undefined || Number(hostPort) < 2 || Number(containerPort) < 2)
    throw new CommandError(`invalidArgument: "invalid publish value: ${text}"`, 64)
  return {
    hostAddress: address?.replace(/^\[|\]$/g, '') ?? '0.0.0.0',
    hostPort: Number(hostPort),
    containerPort: Number(containerPort),
    proto: proto ?? 'tcp',
  }
}

function parseVolume(state, text) {
  const [source, target, mode] = text.split(':')
  const readOnly = mode === 'ro'
  if (source.startsWith('/')) {
    if (!existsSync(source)) throw new CommandError(`path '${source}' does not exist`)
    return { kind: 'bind', source, target, readOnly }
  }
  if (!state.volumes.has(source)) {
    state.volumes.set(source, { name: source, labels: {}, createdAt: Date.now() })
    state.save('volumes', source)
    mkdirSync(join(state.place('volumes', source), 'data'), { recursive: true })
  }
  return { kind: 'volume', source, target, readOnly }
}

function parseMount(text) {
  const fields = Object.fromEntries(text.split(',').map((part) => readDirective(text, part)))
  const { type = 'virtiofs', source, destination: target, size, mode } = fields
  const readOnly = 'ro' in fields
  const kind = mountKinds[type]
  if (kind === undefined) throw new CommandError(`invalidArgument: "unsupported mount type ${type}"`)
  if (target === undefined) throw new CommandError('invalidArgument: "mount destination cannot be empty"')
  if (kind === 'tmpfs') {
    if (source !== undefined) throw new CommandError('invalidArgument: "cannot specify source for tmpfs mount"')
    const sizeOption = size === undefined ? [] : [`size=${Math.floor(toBytes(size) / 2 ** 20) * 2 ** 20}`]
    return { kind, source: 'tmpfs', target, readOnly, options: [...sizeOption, ...(mode ? [`mode=${mode}`] : [])] }
  }
  for (const name of ['size', 'mode'])
    if (name in fields) throw new CommandError(`invalidArgument: "unsupported option ${name} for ${type} mount"`)
  if (!existsSync(source)) throw new CommandError(`path '${source}' does not exist`)
  if (!statSync(source).isDirectory()) throw new CommandError(`path '${source}' is not a directory`)
  return { kind, source, target, readOnly }
}

const mountKinds = { bind: 'bind', virtiofs: 'bind', tmpfs: 'tmpfs' }

/** Parses `key=value` of a mount. Rejects unknown keys and a second equals sign. */
function readDirective(text, part) {
  const words = part.split('=').filter((word) => word !== '')
  const name = directives[words[0]]
  if (name === undefined)
    throw new CommandError(`invalidArgument: "unknown directive ${words[0]} when parsing mount ${text}"`)
  if (name === 'ro') return [name, '']
  if (words.length !== 2)
    throw new CommandError(`invalidArgument: "invalid directive format missing value ${part} in ${text}"`)
  return [name, words[1]]
}

const directives = {
  type: 'type',
  size: 'size',
  mode: 'mode',
  source: 'source',
  src: 'source',
  destination: 'destination',
  dst: 'destination',
  target: 'destination',
  readonly: 'ro',
  ro: 'ro',
}

/** Parses a label like the real command: empty parts between equals signs are dropped silently. */
function parseLabel(text) {
  if (text === '') throw new CommandError('invalidArgument: "label cannot be an empty string"')
  const [key, value, rest] = splitSwift(text, 2)
  if (rest !== undefined) throw new CommandError(`invalidArgument: "invalid label format ${text}"`)
  return [key, value ?? '']
}

/** Like Swift's `split(separator: "=", maxSplits:)`: empty parts are omitted and do not count as splits. */
function splitSwift(text, maxSplits) {
  const parts = []
  let rest = text
  while (parts.length < maxSplits && rest.includes('=')) {
    const at = rest.indexOf('=')
    if (at > 0) parts.push(rest.slice(0, at))
    rest = rest.slice(at + 1)
  }
  return rest === '' ? parts : [...parts, rest]
}

function splitPair(text) {
  const at = text.indexOf('=')
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function toBytes(text) {
  if (text === undefined) return undefined
  const [, number, unit] = /^(\d+)([KMGTP]?)(?:i?b)?$/i.exec(text) ?? []
  if (number === undefined) throw new CommandError(`invalidArgument: "invalid memory: ${text}"`, 64)
  // Without a unit the number is bytes.
  return Number(number) * 1024 ** ' KMGTP'.indexOf((unit || ' ').toUpperCase())
}

function mergeEnv(own, given) {
  const merged = new Map([...own, ...given].map((entry) => [splitPair(entry)[0], entry]))
  return [...merged.values()]
}
