import type { ExecProcess } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { ContainerWatch } from '../container/container-watch.js'
import { createConnectionLostError, FailureLog } from './build-failure.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import type { BuildEventListener } from './buildkit-build.js'
import type { Delivery } from './deliver-output.js'
import { ProgressParser } from './progress-parser.js'
import type { Redactor } from './redactor.js'

export interface FollowOptions {
  readonly containerId: string
  readonly watch: ContainerWatch
  readonly delivery: Delivery
  readonly redactor: Redactor
  readonly onEvents: BuildEventListener
}

/** Emits the progress of a build. Resolves when the build has succeeded and its output is delivered. */
export async function followBuild(process: ExecProcess, options: FollowOptions): Promise<void> {
  const { containerId, watch, delivery, redactor, onEvents } = options
  const failure = new FailureLog()
  const parser = new ProgressParser()
  const emit = (events: readonly BuildProgressEvent[]) => {
    const redacted = events.map((event) => redactor.redactEvent(event))
    failure.push(redacted)
    onEvents(redacted)
  }
  const read = async () => {
    for await (const chunk of process.stderr as AsyncIterable<Uint8Array>) emit(parser.push(chunk))
    emit(parser.end())
    return await process.exitCode
  }
  const exitCode = await Promise.race([read(), delivery.receiverFailed])
  if (exitCode !== 0) {
    const diagnostics = parser.diagnostics.map((line) => redactor.redact(line))
    // A build also fails when the daemon ends, but then `buildctl` does not write "failed to solve".
    const isBuildError = diagnostics.some((line) => line.includes('failed to solve'))
    if (!isBuildError && (await watch.endsWithin())) throw createConnectionLostError(containerId)
    throw createHostError('BUILD_FAILED', failure.toFacts(diagnostics, exitCode))
  }
  await delivery.delivered
}
