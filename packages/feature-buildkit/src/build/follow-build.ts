import { createHostError, type ExecProcess } from '@capstan/core'
import type { DaemonWatch } from '../start/daemon-watch.js'
import { FailureLog } from './build-failure.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import type { EventSink } from './buildkit-build.js'
import type { Delivery } from './deliver-output.js'
import { ProgressParser } from './progress-parser.js'
import type { Redactor } from './redactor.js'

export interface FollowOptions {
  /** Of the sidecar. */
  readonly id: string
  readonly watch: DaemonWatch
  readonly delivery: Delivery
  readonly redactor: Redactor
  readonly onEvents: EventSink
}

/** Tells the progress of a build, and resolves when it has ended well and its output has arrived. */
export async function followBuild(process: ExecProcess, options: FollowOptions): Promise<void> {
  const { id, watch, delivery, redactor, onEvents } = options
  const failure = new FailureLog()
  const parser = new ProgressParser()
  const tell = (events: readonly BuildProgressEvent[]) => {
    const shown = events.map((event) => redactor.hideInEvent(event))
    failure.take(shown)
    onEvents(shown)
  }
  const read = async () => {
    for await (const chunk of process.stderr as AsyncIterable<Uint8Array>) tell(parser.push(chunk))
    tell(parser.end())
    return await process.exitCode
  }
  const exitCode = await Promise.race([read(), delivery.brokenOff])
  if (exitCode !== 0) {
    const words = parser.diagnostics.map((line) => redactor.hide(line))
    // The end of the daemon fails a build, too, in other words than those of a verdict.
    if (!words.some((line) => verdict.test(line)) && (await watch.hasEnded())) throw createLostError(id)
    throw createHostError('BUILD_FAILED', failure.toFacts(words, exitCode))
  }
  const failed = await delivery.settled
  if (failed !== undefined) throw failed.error
}

/** BuildKit went away in the middle of something. */
export function createLostError(id: string): Error {
  return createHostError('CONNECTION_LOST', { endpoint: `BuildKit in container "${id}"`, lastTimestamp: undefined })
}

const verdict = /failed to solve/
