import type { Readable } from 'node:stream'
import type { HostError } from '@capstan/core'
import { createHostError, toFamiliarName } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { sendSource } from '../engine/streams/caller-source.js'
import { streamBody } from '../engine/streams/stream-body.js'
import { type EngineFailure, readEngineMessages } from './engine-message.js'

/**
 * Loads a docker archive, or an OCI archive where the engine supports it (20.10 does not: OPERATION_FAILED). Resolves
 * with the references or ids of its images.
 *
 * The engine answers 200 before it reads the archive, so the result is in the stream. Rejects with OPERATION_FAILED and
 * the engine's message for an invalid archive. Errors of the archive stream are thrown unchanged.
 */
export async function loadImages(
  engine: DockerEngine,
  tar: AsyncIterable<Uint8Array>,
  call: EngineCall,
): Promise<readonly string[]> {
  return await sendSource(tar, call, (body) => load(engine, body, call))
}

async function load(engine: DockerEngine, body: Readable, call: EngineCall): Promise<readonly string[]> {
  const headers = { 'Content-Type': 'application/x-tar' }
  const answer = await engine.send({
    ...call,
    method: 'POST',
    path: '/images/load',
    query: { quiet: true },
    headers,
    body,
  })
  const toError = ({ text }: EngineFailure) => toFailure(call, text)
  const loaded: string[] = []
  for await (const { stream = '' } of readEngineMessages(streamBody(engine, answer, call), { ...call, toError })) {
    loaded.push(...findLoaded(stream))
  }
  if (loaded.length === 0) throw toFailure(call, 'the engine found no image in the archive')
  return loaded
}

/** Reads `Loaded image: app:1` or `Loaded image ID: sha256:…`. An engine may name several images in one line. */
function findLoaded(text: string): readonly string[] {
  const lines = text.matchAll(/^Loaded image(?:\(s\))?(?: ID)?: *(.+)$/gm)
  return [...lines]
    .flatMap(([, names = '']) => names.split(/[,\s]+/))
    .filter((name) => name !== '')
    .map(toFamiliarName)
}

function toFailure({ operation, subject }: EngineCall, reason: string): HostError<'OPERATION_FAILED'> {
  return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
}
