import { PassThrough } from 'node:stream'
import type { ContainerHealth, Healthcheck } from '@capstan/core'
import { delay } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import { findCommand } from '../simulation/processes/find-program.js'
import { createProcessOutput } from '../simulation/processes/process-output.js'
import { SimulatedProcess } from '../simulation/processes/simulated-process.js'
import type { ContainerRun } from './state/container-run.js'
import type { MemoryContainer } from './state/memory-container.js'

/** Runs the health check of a container at intervals until the run ends, except while it is paused, and sets `run.health`. */
export function monitorHealth(engine: MemoryEngine, container: MemoryContainer, run: ContainerRun): void {
  const { healthcheck } = container
  if (healthcheck === undefined) return
  run.health = 'starting'
  const ended = new AbortController()
  void run.whenEnded.then(() => ended.abort())
  const monitored = { engine, container, run, healthcheck, signal: ended.signal }
  // The end of the run aborts the delay.
  void runChecks(monitored).catch(() => {})
}

interface MonitoredRun {
  readonly engine: MemoryEngine
  readonly container: MemoryContainer
  readonly run: ContainerRun
  readonly healthcheck: Exclude<Healthcheck, 'none'>
  readonly signal: AbortSignal
}

async function runChecks(monitored: MonitoredRun): Promise<void> {
  const { run, signal, engine, healthcheck, container } = monitored
  const { intervalMs = 30_000, startPeriodMs = 0, retries = 3 } = healthcheck
  let failures = 0
  for (;;) {
    await delay(intervalMs, { signal, ref: false })
    await run.untilUnpaused()
    if (signal.aborted) return
    const isSuccess = await check(monitored).catch(() => false) // its file may be a loop of links
    if (signal.aborted) return
    const isStartPeriod = engine.now().getTime() - run.startedAt.getTime() < startPeriodMs
    const isIgnored = !isSuccess && isStartPeriod && run.health === 'starting'
    failures = isSuccess || isIgnored ? 0 : failures + 1
    const health = toHealth(run.health ?? 'starting', { isSuccess, failures, retries })
    if (health !== run.health) engine.containers.emit(container, { action: 'health', health })
    run.health = health
  }
}

function toHealth(
  current: ContainerHealth,
  { isSuccess, failures, retries }: { isSuccess: boolean; failures: number; retries: number },
): ContainerHealth {
  if (isSuccess) return 'healthy'
  return failures >= retries ? 'unhealthy' : current
}

/** Runs the command once. Resolves with whether it exited with 0 within its time limit. */
async function check({ engine, container, run, healthcheck, signal }: MonitoredRun): Promise<boolean> {
  const { command, timeoutMs = 30_000 } = healthcheck
  const { env, workingDirectory, files, user, image, config } = container
  const argv = typeof command === 'string' ? ['/bin/sh', '-c', command] : command
  const sources = { files, programs: image.programs, commands: engine.commands }
  const { program } = await findCommand(sources, { argv, env, workingDirectory })
  const stdin = new PassThrough()
  stdin.end()
  const discard = () => createProcessOutput(async () => {})
  const process = new SimulatedProcess(
    program,
    { stdin, stdout: discard(), stderr: discard() },
    {
      argv,
      env,
      pid: run.nextPid(),
      user,
      groups: config.groupAdd ?? [],
      workingDirectory,
      terminal: false,
      terminalSize: () => undefined,
      sources,
      networking: run.network.networking,
    },
  )
  run.execs.add(process)
  const finished = new AbortController()
  const late = delay(timeoutMs, { signal: AbortSignal.any([signal, finished.signal]), ref: false }).catch(() => {})
  void late.then(() => process.kill())
  const exitCode = await process.exitCode
  finished.abort()
  run.execs.delete(process)
  return exitCode === 0
}
