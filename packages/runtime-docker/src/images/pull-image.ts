import { type HostError, isHostError, type PullOptions } from '@capstan/core'
import { createHostError, type ImageReference, isImageId, parseImageReference } from '@capstan/core/plugin'
import type { CallSignal, DockerEngine, EngineCall, EngineRequest } from '../engine/docker-engine.js'
import { toEngineText } from '../engine/engine-text.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import { streamBody } from '../engine/streams/stream-body.js'
import { isPulledImage } from '../quirks/podman-answers.js'
import { type EngineMessage, readEngineMessages } from './engine-message.js'
import { type CredentialSources, type FoundCredentials, findCredentials } from './find-credentials.js'
import { findImage } from './images.js'
import { isPullDone, toPullProgress } from './pull-progress.js'
import { type RegistryAuth, toAuthHeader } from './registry-auth.js'

export interface PullImageOptions extends PullOptions, CallSignal {
  /** Where to find credentials when none are given. Default: the environment of the host. */
  readonly credentialSources?: CredentialSources
}

/**
 * Pulls one tag of an image and resolves with the image's id.
 *
 * Rejects with IMAGE_PULL_FAILED and the registry's text when the registry refuses or cannot be reached, with
 * IMAGE_NOT_FOUND for an id, and with CONNECTION_LOST when the stream ends without a success message.
 */
export async function pullImage(engine: DockerEngine, image: string, options: PullImageOptions = {}): Promise<string> {
  if (isImageId(image)) throw createHostError('IMAGE_NOT_FOUND', { image })
  const { signal, hasCallerSignal, platform } = options
  const reference = parseImageReference(image)
  const found = await chooseCredentials(engine, reference, options)
  const call: EngineCall = { operation: 'pullImage', subject: image, signal, hasCallerSignal }
  try {
    return await pull(engine, { call, reference, auth: found.auth, platform }, options)
  } catch (error) {
    signal?.throwIfAborted()
    throw toPullError(error, image, found.problem)
  }
}

interface Pull {
  readonly call: EngineCall
  readonly reference: ImageReference
  readonly auth: RegistryAuth | undefined
  readonly platform: string | undefined
}

async function pull(engine: DockerEngine, request: Pull, { onProgress }: PullOptions): Promise<string> {
  const { call } = request
  const body = streamBody(engine, await engine.send(toRequest(request)), call)
  const toError = ({ text }: { readonly text: string }) => toPullFailure(call.subject, text)
  let isDone = false
  let last: EngineMessage | undefined
  for await (const message of readEngineMessages(body, { operation: call.operation, toError })) {
    isDone ||= isPullDone(message)
    last = message
    const progress = toPullProgress(message, call.subject)
    if (progress !== undefined) onProgress?.(progress)
  }
  const id = (await findImage(engine, call.subject, call))?.Id
  if (id === undefined || !(isDone || isPulledImage(last, id))) throw toConnectionLost(engine)
  if (!isDone) onProgress?.({ id: call.subject, status: 'Pull complete', phase: 'done' })
  return id
}

function toRequest({ call, reference, auth, platform }: Pull): EngineRequest {
  return {
    ...call,
    method: 'POST',
    path: '/images/create',
    query: { fromImage: reference.name, tag: toPullTag(reference), platform },
    ...(auth === undefined ? {} : { headers: { 'X-Registry-Auth': toAuthHeader(auth, reference.registry) } }),
  }
}

/** Returns the parameter `tag` of a pull. Without it the engine would pull all tags. */
export function toPullTag({ tag, digest }: ImageReference): string {
  return digest ?? (tag || 'latest')
}

async function chooseCredentials(
  { env }: DockerEngine,
  { registry }: ImageReference,
  { credentials, credentialSources = { env }, signal }: PullImageOptions,
): Promise<FoundCredentials> {
  if (credentials !== undefined) return { auth: credentials, problem: undefined }
  return findCredentials(registry, credentialSources, { signal })
}

/** Translates an error of a pull. The engine reports a refusal of the registry with any status, or in the stream. */
function toPullError(error: unknown, image: string, problem: string | undefined): unknown {
  const text = isHostError(error, 'IMAGE_PULL_FAILED') ? error.facts.registryText : toEngineText(error)
  if (text === undefined) return error
  if (isHostError(error, 'INVALID_ARGUMENT')) return toBadReference(image, error)
  return toPullFailure(image, problem === undefined ? text : `${text} (no credentials were sent: ${problem})`, error)
}

/** Creates the error for a reference whose format the engine rejected. */
export function toBadReference(image: string, error: HostError): HostError<'INVALID_ARGUMENT'> {
  const expected = `a reference that the engine accepts (${toEngineText(error)})`
  const facts = { field: 'image', expected, given: JSON.stringify(image) }
  return createHostError('INVALID_ARGUMENT', facts, { cause: error.cause })
}

function toPullFailure(image: string, registryText: string, cause?: unknown): HostError<'IMAGE_PULL_FAILED'> {
  return createHostError('IMAGE_PULL_FAILED', { image, registryText }, cause === undefined ? undefined : { cause })
}
