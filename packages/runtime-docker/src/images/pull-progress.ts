import type { PullProgress } from '@capstan/core'
import type { EngineMessage } from './engine-message.js'

/** Converts a message of a pull to progress of a layer or of the image; `undefined` for other messages. Pure. */
export function toPullProgress(message: EngineMessage, reference: string): PullProgress | undefined {
  const { status, id, currentBytes, totalBytes } = message
  if (status === undefined) return undefined
  return {
    id: id === undefined || status.startsWith('Pulling from ') ? reference : id,
    status,
    phase: toPhase(status),
    ...(currentBytes === undefined ? {} : { currentBytes }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
  }
}

/** Whether a message reports that the image is complete. */
export function isPullDone({ status = '' }: EngineMessage): boolean {
  return /^Status: /.test(status)
}

function toPhase(status: string): PullProgress['phase'] {
  if (/^(Downloading|Verifying Checksum|Download complete)/.test(status)) return 'downloading'
  if (/^Extracting/.test(status)) return 'extracting'
  return /^(Pull complete|Already exists|Digest: |Status: )/.test(status) ? 'done' : 'resolving'
}
