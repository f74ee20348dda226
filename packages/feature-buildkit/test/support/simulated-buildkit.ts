import { pipeline } from 'node:stream/promises'
import { createRuntimeHost, type RuntimePlugin, type RuntimeScope } from '@capstan/core'
import type { Environment } from '@capstan/core/plugin'
import { type MemoryImage, type MemoryPluginOptions, type MemoryProcess, memoryPlugin } from '@capstan/runtime-memory'
import { FakeDaemon, type FakeDaemonOptions } from '../../../buildkit-client/test/support/fake-daemon.js'
import { createStreamPair } from '../../../buildkit-client/test/support/stream-pair.js'
import { defaultBuildKitImage, defaultRootlessImage } from '../../src/buildkit-options.js'
import { closeLeases, findLeases, type LeaseState, openLeases } from './lease-state.js'
import { cgroupError } from './run-failure.js'

/** Faults of a simulated BuildKit. */
export interface SimulatedBuildKitOptions {
  /** The time from its start until it listens. Default 5. */
  readonly bootMs?: number
  /** The daemon listens only after this promise resolves. */
  readonly listensAfter?: Promise<unknown>
  /** The daemon ends with this code instead of listening. */
  readonly exitCode?: number
  /** The daemon never listens. */
  readonly neverListens?: boolean
  /** The daemons that answer, but whose test build fails. A privileged daemon runs no test build. */
  readonly failsTestBuild?: readonly DaemonUser[]
  /** The output of the script of the test build is lost. */
  readonly losesTestBuildOutput?: boolean
  /** The daemons that end at their start. */
  readonly exitsAtStart?: readonly DaemonUser[]
  /** While it returns true, the daemon neither answers nor ends, except by SIGKILL. */
  readonly isUnresponsive?: () => boolean
  /** The image has no `buildctl`. */
  readonly withoutBuildctl?: boolean
  /** The number of sidecars that other processes stop before the first lease of this process. */
  readonly stoppedByOthersCount?: number
  /** The exit code of every shell except the daemon's. */
  readonly shellExitCode?: number
  /** The faults and options of the daemon's API. */
  readonly daemon?: FakeDaemonOptions
}

/** The user that a daemon runs as. */
export type DaemonUser = 'root' | 'rootless'

/** Opens a memory runtime with a simulated BuildKit. Its scripts are simulated by their names. */
export async function openWithSimulatedBuildKit(options: SimulatedBuildKitPluginOptions = {}): Promise<RuntimeScope> {
  return open(createSimulatedBuildKitPlugin(options), options)
}

/** Opens the same simulation in two hosts, which take the place of two processes. */
export async function openTwiceWithSimulatedBuildKit(
  options: SimulatedBuildKitPluginOptions,
): Promise<readonly [RuntimeScope, RuntimeScope]> {
  const plugin = createSimulatedBuildKitPlugin(options)
  return [await open(plugin, options), await open(plugin, options)]
}

/** Creates a memory plugin whose BuildKit images are simulated. */
export function createSimulatedBuildKitPlugin({
  buildkit = {},
  env: _env,
  ...options
}: SimulatedBuildKitPluginOptions = {}): RuntimePlugin {
  const image = createSimulatedImage(buildkit)
  const images = { [defaultBuildKitImage]: image, [defaultRootlessImage]: image, 'buildkit:other': image }
  return memoryPlugin({ ...options, images })
}

async function open(
  plugin: RuntimePlugin,
  { name = 'memory', env = {} }: SimulatedBuildKitPluginOptions,
): Promise<RuntimeScope> {
  return createRuntimeHost({ plugins: [plugin], env }).open({ runtime: name })
}

export type SimulatedBuildKitPluginOptions = MemoryPluginOptions & {
  readonly buildkit?: SimulatedBuildKitOptions
  /** The environment of the host. Default: empty. */
  readonly env?: Environment
}

/** Creates an image whose daemon is a fake and whose scripts are simulated by their names. */
export function createSimulatedImage(options: SimulatedBuildKitOptions): MemoryImage {
  const buildctl = options.withoutBuildctl
    ? {}
    : { buildctl: (process: MemoryProcess) => runBuildctl(process, options) }
  let left = options.stoppedByOthersCount ?? 0
  const buildkitd = async (daemon: MemoryProcess) => {
    left -= 1
    return left < 0 ? runDaemon(daemon, options) : endAtOnce(daemon)
  }
  const sh = async (process: MemoryProcess) => {
    const { shellExitCode, losesTestBuildOutput = false } = options
    if (losesTestBuildOutput && process.argv[3] === 'capstan-test-build') return 0
    return process.argv[3] === 'capstan-buildkitd' || shellExitCode === undefined ? runScript(process) : shellExitCode
  }
  return {
    main: async () => 0,
    commands: {
      sh,
      buildkitd,
      rootlesskit: ({ argv, run }: MemoryProcess) => run(argv.slice(1)),
      ...buildctl,
      cat: runCat,
      leases: showLeases,
      rm: async () => 0,
    },
  }
}

type Files = MemoryProcess['files']

const readText = async (files: Files, path: string) => Buffer.from(await files.read(path)).toString()

async function exists(files: Files, path: string): Promise<boolean> {
  return files.read(path).then(
    () => true,
    () => false,
  )
}

/** Simulates `sh -c SCRIPT NAME …` by the name of the script. */
async function runScript(process: MemoryProcess): Promise<number> {
  const [, , , name = '', ...args] = process.argv
  const script = scripts[name]
  if (script === undefined) throw new Error(`unknown script: ${name}`)
  return script(process, args)
}

const toUser = ({ env }: MemoryProcess): DaemonUser => (env.BUILDKIT_HOST?.includes('/run/user/') ? 'rootless' : 'root')

const scripts: Readonly<Record<string, (process: MemoryProcess, args: readonly string[]) => Promise<number>>> = {
  async 'capstan-buildkitd'({ files, run, signal }, [, , , awaited = '', config = '', ...daemon]) {
    await files.write('/tmp/buildkitd.toml', config)
    const leases = await openLeases(files)
    while (awaited !== '' && !(await exists(files, awaited))) await pause(2, signal)
    const code = await run(daemon)
    return leases.isOpen ? code : 0
  },
  'capstan-lease': holdLease,
  async 'capstan-stop'({ files, stdout }, [, pinned = '']) {
    const leases = await findLeases(files)
    if (leases !== undefined && pinned !== '') leases.isPinned = false
    stdout.write(leases?.isOpen && !closeLeases(leases) ? 'in-use\n' : 'stopped\n')
    return 0
  },
  /** Counts the test build, which copies one file, unless one has succeeded. */
  async 'capstan-test-build'({ files, stdout }, [marker = '']) {
    if (await exists(files, marker)) {
      stdout.write('done\n')
      return 0
    }
    const testBuilds = (await exists(files, '/tmp/test-builds')) ? await readText(files, '/tmp/test-builds') : ''
    await files.write('/tmp/test-builds', `${testBuilds}|`)
    stdout.write('/bin/sh\n5\nshelldone\n')
    return 0
  },
  async 'capstan-test-build-mark'({ files }, [marker = '']) {
    await files.write(marker, '')
    return 0
  },
  /** Prints one `|` for each test build. */
  async countTestBuilds({ files, stdout }) {
    if (await exists(files, '/tmp/test-builds')) stdout.write(await files.read('/tmp/test-builds'))
    return 0
  },
  'capstan-pin': ({ files }) => setPinned(files, { isPinned: true }),
  'capstan-unpin': ({ files }) => setPinned(files, { isPinned: false }),
  async 'capstan-wait'({ files, run, signal }, [socket = '', times = '', ...command]) {
    for (let left = Number(times); left > 0 && !(await exists(files, socket)); left -= 1) await pause(2, signal)
    return run(command)
  },
  async 'capstan-write'({ files, stdin }, [path = '']) {
    const chunks: Uint8Array[] = []
    for await (const chunk of stdin) chunks.push(chunk)
    await files.write(path, Buffer.concat(chunks))
    return 0
  },
}

async function setPinned(files: Files, { isPinned }: { readonly isPinned: boolean }): Promise<number> {
  const leases = await findLeases(files)
  if (leases === undefined || (isPinned && !leases.isOpen)) return 1
  leases.isPinned = isPinned
  return 0
}

async function holdLease({ files, stdin, stdout, signal }: MemoryProcess, [, grace = '0']: readonly string[]) {
  let leases = await findLeases(files)
  for (; leases === undefined; leases = await findLeases(files)) await pause(1, signal)
  if (!leases.isOpen) return 3
  leases.count += 1
  stdout.write('held\n')
  for await (const _ of stdin);
  leases.count -= 1
  await pause(Number(grace) * 1000, signal)
  stdout.write(closeLeases(leases) ? 'last\n' : leases.isOpen ? 'shared\n' : 'ended\n')
  return 0
}

/** Prints one `|` for each lease. */
async function showLeases({ files, stdout }: MemoryProcess): Promise<number> {
  stdout.write('|'.repeat((await findLeases(files))?.count ?? 0))
  return 0
}

async function endAtOnce({ files }: MemoryProcess): Promise<number> {
  const leases = await findLeases(files)
  if (leases !== undefined) closeLeases(leases)
  return stoppedCode
}

async function runDaemon(daemon: MemoryProcess, options: SimulatedBuildKitOptions): Promise<number> {
  const { argv, files, stderr, signal } = daemon
  const { bootMs = 5, listensAfter, neverListens = false, exitsAtStart = [] } = options
  const exitCode = exitsAtStart.includes(toUser(daemon)) ? 1 : options.exitCode
  stderr.write('time="2026-11-23T12:27:33Z" level=warning msg="using host network as the default"\n')
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  await Promise.race([listensAfter, stopped])
  await pause(bootMs, signal)
  if (exitCode !== undefined) {
    stderr.write('buildkitd: could not lock /var/lib/buildkit/buildkitd.lock\n')
    return exitCode
  }
  const leases = await findLeases(files)
  const failsRuns = options.failsTestBuild?.includes(toUser(daemon)) ?? false
  const api = new FakeDaemon({ findRunError: () => (failsRuns ? cgroupError : undefined), ...options.daemon })
  if (leases !== undefined) apis.set(leases, api)
  if (!neverListens) await files.write(toSocketPath(argv[argv.indexOf('--addr') + 1]), '')
  await files.write('/tmp/buildkitd-argv', argv.join(' '))
  const isRunning = async () => (await findLeases(files))?.isOpen && !(await exists(files, '/tmp/stop'))
  while (options.isUnresponsive?.() || (!signal.aborted && (await isRunning()))) await pause(2, never)
  api.close()
  return stoppedCode
}

/** The API of each daemon, by its leases. */
const apis = new WeakMap<LeaseState, FakeDaemon>()

const never = new AbortController().signal

/** The exit code of a daemon after SIGTERM: https://github.com/moby/buildkit/issues/3282 */
const stoppedCode = 1

const toSocketPath = (address = '') => address.replace('unix://', '')

async function runBuildctl(process: MemoryProcess, options: SimulatedBuildKitOptions): Promise<number> {
  const { argv, env, files, stderr } = process
  const [, command = ''] = argv
  const socketPath = toSocketPath(env.BUILDKIT_HOST)
  if (!(await exists(files, socketPath))) {
    stderr.write(`error: dial unix ${socketPath}: connect: no such file or directory\n`)
    return 1
  }
  if (options.isUnresponsive?.()) await new Promise((resolve) => process.signal.addEventListener('abort', resolve))
  if (command === 'dial-stdio') return dialStdio(process)
  return 0
}

async function dialStdio({ files, stdin, stdout }: MemoryProcess): Promise<number> {
  const leases = await findLeases(files)
  const api = leases && apis.get(leases)
  if (api === undefined) return 1
  const [ours, theirs] = createStreamPair()
  api.serve(theirs)
  pipeline(stdin, ours).catch(() => ours.destroy())
  await pipeline(ours, stdout, { end: false }).catch(() => {})
  return 0
}

async function runCat({ argv, files, stdout }: MemoryProcess): Promise<number> {
  stdout.write(await files.read(argv[1] ?? ''))
  return 0
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
