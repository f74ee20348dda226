import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { defaultCacheLimits } from '../../src/buildkit-options.js'
import { toDaemonCommand } from '../../src/sidecar/daemon-script.js'
import { toStopCommand } from '../../src/sidecar/lease-scripts.js'

/** A daemon that prints `serves`, and exits with this code after SIGTERM. */
const daemonOf = (code: number) => `trap 'exit ${code}' TERM; echo serves; while :; do sleep 0.01; done`

/** Sends SIGTERM to the script while the daemon runs and bash has not stored its PID yet. */
const stopAfterFork = `trap 'case $BASH_COMMAND in "daemon=\\$!") sleep 0.2; kill -TERM $$;; esac' DEBUG`

/** A `mkdir` that also sends SIGTERM to the script. */
const stopBeforeDaemon = `#!/bin/sh\nPATH=/bin:/usr/bin mkdir "$@"; kill -TERM $PPID`

interface ProcessContext {
  readonly folder?: string
  /** Startup commands of bash, which then runs the script. */
  readonly startup?: string
  /** A program that replaces mkdir. */
  readonly mkdir?: string
  /** Default: longer than the time limit of a test. */
  readonly stopMs?: number
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-scripts-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** Runs the script as the sidecar does, with another daemon directory. */
async function startScript(
  daemon: string,
  { startup, mkdir: program, stopMs = 60_000, ...given }: ProcessContext = {},
) {
  const folder = given.folder ?? (await makeFolder())
  const programs = join(folder, 'programs')
  await mkdir(programs)
  if (program !== undefined) {
    await writeFile(join(programs, 'mkdir'), program)
    await chmod(join(programs, 'mkdir'), 0o755)
  }
  const env = { ...process.env, BASH_ENV: join(folder, 'startup'), PATH: `${programs}:${process.env.PATH}` }
  await writeFile(env.BASH_ENV, startup ?? '')
  const directory = join(folder, 'daemon')
  const { entrypoint, command } = toDaemonCommand({
    firstLeaseTimeoutMs: 60_000,
    stopMs,
    cache: defaultCacheLimits,
    dns: [],
    hasCertificates: false,
    daemon: ['sh', '-c', daemon],
  })
  const [sh = '', ...words] = [...entrypoint, directory, ...command.slice(1)]
  const child = spawn(startup === undefined ? sh : 'bash', words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env,
  })
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'))
  const leases = join(directory, 'leases')
  return { directory, leases, child, ended: once(child, 'exit').then(([code]) => code) }
}

describe('the daemon script', () => {
  it('exits with 0 when there are no leases, although the daemon exits with 1', async () => {
    const { directory, leases, child, ended } = await startScript(daemonOf(1))
    await once(child.stdout, 'data')
    await rmdir(leases)
    process.kill(Number(await readFile(join(directory, 'pid'), 'utf8')), 'SIGTERM')
    expect(await ended).toBe(0)
  })

  it('exits with the code of the daemon after its end when the container is stopped', async () => {
    const { child, ended } = await startScript(`${daemonOf(1).replace('exit', 'sleep 0.2; echo last; exit')}`)
    await once(child.stdout, 'data')
    const rest = text(child.stdout)
    child.kill('SIGTERM')
    expect(await ended).toBe(1)
    expect(await rest).toBe('last\n')
  })

  it('stops the daemon when SIGTERM arrives directly after its start', async () => {
    const { child, ended } = await startScript(daemonOf(1).replace('exit', 'echo last; exit'), {
      startup: stopAfterFork,
    })
    const printed = text(child.stdout)
    expect(await ended).toBe(1)
    expect(await printed).toBe('serves\nlast\n')
  })

  it('starts no daemon when SIGTERM arrives before its start', async () => {
    const runs = Array.from({ length: 4 }, () => startScript(daemonOf(1), { mkdir: stopBeforeDaemon }))
    const exitCodes = runs.map(async (run) => (await run).ended)
    expect(await Promise.all(exitCodes)).toEqual([143, 143, 143, 143])
  })

  it('is stopped by a stop command that began before the script wrote its PID', async () => {
    const folder = await makeFolder()
    const [sh = '', ...words] = toStopCommand()
    const stopping = spawn(sh, [...words.slice(0, -1), join(folder, 'daemon')], { stdio: ['ignore', 'pipe', 'pipe'] })
    const output = Promise.all([text(stopping.stdout), text(stopping.stderr)])
    const { ended } = await startScript(daemonOf(1), { folder })
    expect(await ended).toBe(0)
    expect(await output).toEqual(['stopped\n', ''])
  })

  it('ignores the leases of an earlier run of its container', async () => {
    const folder = await makeFolder()
    await mkdir(join(folder, 'daemon', 'leases', 'old-lease'), { recursive: true })
    const { leases, child, ended } = await startScript(daemonOf(1), { folder })
    await once(child.stdout, 'data')
    await rmdir(leases)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('kills a daemon that ignores SIGTERM', async () => {
    const { child, ended } = await startScript(`trap '' TERM; echo serves; kill -STOP $$`, { stopMs: 10 })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await ended).toBe(137)
  })

  it('exits with the code of a daemon that ends by itself', async () => {
    const { ended } = await startScript('exit 9')
    expect(await ended).toBe(9)
  })
})
