import { type HostError, isHostError, type PushOptions, type PushProgress } from '@capstan/core'
import { createHostError, parseImageReference } from '@capstan/core/plugin'
import type { CallSignal, DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toEngineText } from '../engine/engine-text.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import { streamBody } from '../engine/streams/stream-body.js'
import { type EngineMessage, readEngineMessages } from './engine-message.js'
import { type CredentialSources, findCredentials } from './find-credentials.js'
import { findImage } from './images.js'
import { toPullTag } from './pull-image.js'
import { type RegistryAuth, toAuthHeader } from './registry-auth.js'

export interface PushImageOptions extends PushOptions, CallSignal {
  /** Where to find credentials when none are given. Default: the environment of the host. */
  readonly credentialSources?: CredentialSources
}

/**
 * Pushes one tag of an image and resolves with the digest that the engine reports.
 *
 * Rejects with IMAGE_NOT_FOUND if the engine has no such image, with IMAGE_PUSH_FAILED and the registry's text when the registry
 * refuses or cannot be reached, and with CONNECTION_LOST when the stream ends without a success message.
 */
export async function pushImage(
  engine: DockerEngine,
  image: string,
  options: PushImageOptions = {},
): Promise<string | undefined> {
  const { signal, hasCallerSignal, credentials, credentialSources = { env: engine.env } } = options
  const { registry } = parseImageReference(image)
  const call: EngineCall = { operation: 'pushImage', subject: image, field: 'reference', signal, hasCallerSignal }
  if ((await findImage(engine, image, call)) === undefined) throw createHostError('IMAGE_NOT_FOUND', { image })
  const found =
    credentials === undefined
      ? await findCredentials(registry, credentialSources, { signal })
      : { auth: credentials, problem: undefined }
  try {
    return await push(engine, { call, auth: found.auth }, options)
  } catch (error) {
    signal?.throwIfAborted()
    throw toPushError(error, image, found.problem)
  }
}

interface Push {
  readonly call: EngineCall
  readonly auth: RegistryAuth | undefined
}

async function push(
  engine: DockerEngine,
  { call, auth }: Push,
  { onProgress }: PushOptions,
): Promise<string | undefined> {
  const reference = parseImageReference(call.subject)
  const answer = await engine.send({
    ...call,
    method: 'POST',
    path: `/images/${reference.name}/push`,
    query: { tag: toPullTag(reference) },
    // Docker 20.10 rejects a push without the header.
    headers: { 'X-Registry-Auth': toAuthHeader(auth, reference.registry) },
  })
  const toError = ({ text }: { readonly text: string }) => toPushFailure(call.subject, text)
  let digest: string | undefined
  let last: EngineMessage | undefined
  for await (const message of readEngineMessages(streamBody(engine, answer, call), {
    operation: call.operation,
    toError,
  })) {
    digest = message.digest ?? digestLine.exec(message.status ?? '')?.[1] ?? digest
    last = message
    const progress = toPushProgress(message, call.subject)
    if (progress !== undefined) onProgress?.(progress)
  }
  if (last === undefined || digest === undefined) throw toConnectionLost(engine)
  onProgress?.({ id: call.subject, status: `Pushed ${digest}`, phase: 'done' })
  return digest
}

function toPushProgress(
  { status, id, currentBytes, totalBytes }: EngineMessage,
  image: string,
): PushProgress | undefined {
  if (status === undefined) return undefined
  return {
    id: id ?? image,
    status,
    phase: toPhase(status),
    ...(currentBytes === undefined ? {} : { currentBytes }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
  }
}

function toPhase(status: string): PushProgress['phase'] {
  if (/^(Pushing|Copying)/.test(status)) return 'uploading'
  return /^(Pushed|Layer already exists|Mounted from)/.test(status) || digestLine.test(status) ? 'done' : 'preparing'
}

/** Translates an error of a push. The engine reports a refusal of the registry with any status, or in the stream. */
function toPushError(error: unknown, image: string, problem: string | undefined): unknown {
  const text = isHostError(error, 'IMAGE_PUSH_FAILED') ? error.facts.registryText : toEngineText(error)
  if (text === undefined || isHostError(error, 'INVALID_ARGUMENT')) return error
  if (noSuchTag.test(text)) return createHostError('IMAGE_NOT_FOUND', { image }, { cause: error })
  return toPushFailure(image, problem === undefined ? text : `${text} (no credentials were sent: ${problem})`, error)
}

function toPushFailure(image: string, registryText: string, cause?: unknown): HostError<'IMAGE_PUSH_FAILED'> {
  return createHostError('IMAGE_PUSH_FAILED', { image, registryText }, cause === undefined ? undefined : { cause })
}

/** `1: digest: sha256:… size: 528` */
const digestLine = /\bdigest: (sha256:[0-9a-f]{64})\b/
/** Docker: An image does not exist locally with the tag: app. With the image store of containerd: tag does not exist: app:1 */
const noSuchTag = /^(An image does not exist locally with the tag|tag does not exist)/
