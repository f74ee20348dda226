import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { FakeTransfer } from '../../../buildkit-client/test/support/daemon/local-sources.js'
import { FakeDaemon } from '../../../buildkit-client/test/support/fake-daemon.js'
import { readFixture } from '../../../buildkit-client/test/support/read-fixture.js'
import { cgroupError } from '../support/run-failure.js'
import { CommandError, parseFlags } from './flags.js'

/** Logs and listens like the daemon, which accepts connections before its workers are ready and serves them afterwards. */
export async function runBuildkitd(words: readonly string[]): Promise<number> {
  if (words.includes('--version')) return print('buildkitd (a fake of github.com/moby/buildkit v0.32.2)')
  try {
    return await serve(words)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`buildkitd: ${error.message}\n`)
    return 1
  }
}

async function serve(words: readonly string[]): Promise<number> {
  const { addr: addresses = [defaultAddress], config: [config] = [] } = parseFlags(words, flags)
  if (config !== undefined && !existsSync(config)) throw new CommandError(`open ${config}: no such file or directory`)
  requirePrivilege()
  log('this is a fake BuildKit, which runs no programs in builds')
  const lines = readFixture('daemon.log').toString().split('\n')
  const running = lines.findIndex((line) => line.includes('running server on'))
  for (const line of lines.slice(0, running)) process.stderr.write(`${line}\n`)
  const daemon = new FakeDaemon({ findRunError, onTransfer: recordTransfer })
  const waiting: Socket[] = []
  let accept: (peer: Socket) => void = (peer) => waiting.push(peer)
  await pause(listenMs)
  for (const address of addresses) await listen(address, (peer) => accept(peer))
  await pause(workersMs)
  accept = (peer) => daemon.serve(peer)
  for (const peer of waiting) daemon.serve(peer)
  process.stderr.write(`${lines[running]}\n`)
  await new Promise((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve))
  for (const address of addresses) removeSocket(address)
  process.stderr.write('buildkitd: context canceled\n')
  process.exit(1) // open connections would keep the process alive; exit code: https://github.com/moby/buildkit/issues/3282
}

async function listen(address: string, accept: (peer: Socket) => void): Promise<void> {
  const path = toSocketPath(address)
  if (path !== undefined) await mkdir(dirname(path), { recursive: true })
  const server = createServer({ allowHalfOpen: true }, (peer) => accept(peer.on('error', () => {})))
  const { hostname: host, port } = new URL(address)
  await new Promise<void>((resolve) =>
    server.listen(path === undefined ? { host, port: Number(port) } : { path }, resolve),
  )
}

/** runc creates a cgroup for each RUN, except in rootless mode. */
function findRunError(): string | undefined {
  if (process.env.ROOTLESSKIT !== undefined) return undefined
  const cgroup = '/sys/fs/cgroup/cpuset/buildkit'
  try {
    mkdirSync(cgroup)
    rmdirSync(cgroup)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS' ? cgroupError : undefined
  }
}

/** Records which files of the last context were sent. */
function recordTransfer({ step, sent }: FakeTransfer): void {
  if (step !== '[internal] load build context') return
  mkdirSync('/var/lib/buildkit', { recursive: true })
  writeFileSync('/var/lib/buildkit/fake-buildkit-sent.json', JSON.stringify(sent))
}

function removeSocket(address: string): void {
  const path = toSocketPath(address)
  if (path !== undefined) rmSync(path, { force: true })
}

function toSocketPath(address: string): string | undefined {
  return address.startsWith('unix://') ? address.slice('unix://'.length) : undefined
}

/** The real daemon mounts filesystems and creates namespaces. In rootless mode rootlesskit does so. */
function requirePrivilege(): void {
  if (process.env.ROOTLESSKIT !== undefined) return
  const status = readFileSync('/proc/self/status', 'utf8')
  const capabilities = BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`)
  const isFiltered = /^Seccomp:\s*2$/m.test(status)
  if ((capabilities & sysAdmin) === 0n || isFiltered) throw new CommandError('operation not permitted')
}

function log(message: string): void {
  process.stderr.write(`time="${new Date().toISOString()}" level=warning msg="${message}"\n`)
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

const defaultAddress = 'unix:///run/buildkit/buildkitd.sock'
/** Measured with the real daemon: the time until it listens, and then until it answers. */
const listenMs = 40
const workersMs = 40
const sysAdmin = 1n << 21n
const flags = {
  addr: 'string',
  root: 'string',
  config: 'string',
  debug: 'boolean',
  group: 'string',
  tlscert: 'string',
  tlskey: 'string',
  tlscacert: 'string',
  'allow-insecure-entitlement': 'string',
  'oci-worker': 'string',
  'oci-worker-no-process-sandbox': 'boolean',
  'oci-worker-gc': 'boolean',
  'oci-worker-gc-keepstorage': 'string',
  'oci-worker-snapshotter': 'string',
  'containerd-worker': 'string',
} as const
