import type { PullProgress } from '@capstan/core'
import type { EngineMessage } from './engine-message.js'

/** A message of a pull as progress of one layer, or of the whole; `undefined` for what tells nothing. Pure. */
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

/** The engine says so when, and only when, the whole image is there. */
export function isPullDone({ status = '' }: EngineMessage): boolean {
  return /^Status: /.test(status)
}

function toPhase(status: string): PullProgress['phase'] {
  if (/^(Downloading|Verifying Checksum|Download complete)/.test(status)) return 'downloading'
  if (/^Extracting/.test(status)) return 'extracting'
  return /^(Pull complete|Already exists|Digest: |Status: )/.test(status) ? 'done' : 'resolving'
}
