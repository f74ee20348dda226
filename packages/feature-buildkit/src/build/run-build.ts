import { pipeline } from 'node:stream/promises'
import {
  createHostError,
  type ExecProcess,
  imageTransferCapability,
  MissingCapabilityError,
  toFeatureSupport,
} from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { openSession } from '../open-session.js'
import { runExec } from '../run-exec.js'
import { toLeashedCommand } from '../scripts.js'
import type { DaemonWatch } from '../start/daemon-watch.js'
import { toBuildCommand } from './build-command.js'
import { FailureLog } from './build-failure.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import { type BuildOutput, type BuildRequest, validateBuildRequest } from './build-request.js'
import type { BuildResult } from './buildkit-build.js'
import { placeFiles, planPlaces, removePlaces } from './place-files.js'
import { ProgressParser } from './progress-parser.js'

export interface RunBuildOptions {
  /** Of the sidecar. */
  readonly id: string
  readonly watch: DaemonWatch
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly onEvents: (events: readonly BuildProgressEvent[]) => void
}

/** One build in the sidecar, by its own `buildctl`: client and daemon are of one version. Nothing of it stays there. */
export async function runBuild(
  managers: BuildKitManagers,
  request: BuildRequest,
  { id, watch, signals, onEvents }: RunBuildOptions,
): Promise<BuildResult> {
  validateBuildRequest(request)
  refuseWithoutTransfer(managers, request.output)
  const signal = AbortSignal.any(signals.filter((one) => one !== undefined))
  signal.throwIfAborted()
  const { env, ...places } = planPlaces(request)
  const target = { execs: managers.execs, id, signal }
  try {
    await placeFiles(target, request, places)
    const command = toLeashedCommand(toBuildCommand(request, places))
    await using process = await openSession(managers.execs, id, { command, env, signal })
    await Promise.race([
      follow(managers, process, { request, onEvents, id }),
      failAtEnd(watch, id),
      stopAtAbort(process, signal),
    ])
    return toResult(await readMetadata(managers, id, places.metadata))
  } catch (error) {
    signal.throwIfAborted() // an aborted build also fails
    throw error
  } finally {
    await removePlaces({ execs: managers.execs, id }, places)
  }
}

interface Following {
  readonly id: string
  readonly request: BuildRequest
  readonly onEvents: (events: readonly BuildProgressEvent[]) => void
}

/** Resolves when the build has ended well: the exit code alone decides. */
async function follow(managers: BuildKitManagers, process: ExecProcess, { request, onEvents }: Following) {
  const failure = new FailureLog()
  const delivered = deliver(managers, process, request.output)
  delivered.catch(() => {})
  const parser = new ProgressParser()
  const tell = (events: readonly BuildProgressEvent[]) => {
    failure.take(events)
    onEvents(events)
  }
  for await (const chunk of process.stderr as AsyncIterable<Uint8Array>) tell(parser.push(chunk))
  tell(parser.end())
  const exitCode = await process.exitCode
  if (exitCode !== 0) throw createHostError('BUILD_FAILED', failure.toFacts(parser.diagnostics, exitCode))
  await delivered
}

/** What the build writes to stdout, to where it belongs. */
async function deliver({ images }: BuildKitManagers, { stdout }: ExecProcess, output: BuildOutput): Promise<void> {
  if (output.type === 'load' && images !== undefined) await images.loadImages(stdout)
  else if (output.type === 'archive') await pipeline(stdout, output.to)
  else stdout.resume()
}

function refuseWithoutTransfer({ images, report }: BuildKitManagers, { type }: BuildOutput): void {
  if (type !== 'load' || images !== undefined) return
  const needs = { required: [imageTransferCapability], optional: [] }
  const support = toFeatureSupport('output "load"', needs, report)
  const missing = support.supported ? [] : support.missing
  throw new MissingCapabilityError({ feature: support.feature, runtime: support.runtime, missing })
}

async function failAtEnd(watch: DaemonWatch, id: string): Promise<never> {
  await watch.ended
  throw createHostError('CONNECTION_LOST', { endpoint: `BuildKit in container "${id}"`, lastTimestamp: undefined })
}

/** The end of its stdin ends a build; it is waited for a while, so that nothing of it goes on. */
async function stopAtAbort(process: ExecProcess, signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  process.stdin.end()
  await Promise.race([process.exitCode.catch(() => {}), new Promise((resolve) => setTimeout(resolve, stopMs).unref())])
  throw signal.reason
}

async function readMetadata({ execs }: BuildKitManagers, id: string, path: string) {
  const { stdout } = await runExec(execs, id, { command: ['cat', path] })
  try {
    const value: unknown = JSON.parse(stdout.toString())
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {} // written only where there is something to say
  }
}

function toResult(metadata: Readonly<Record<string, unknown>>): BuildResult {
  const read = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : undefined)
  return {
    builder: 'buildkit',
    imageId: read('containerimage.config.digest'),
    digest: read('containerimage.digest'),
    metadata,
    lost: [],
  }
}

const stopMs = 5000
