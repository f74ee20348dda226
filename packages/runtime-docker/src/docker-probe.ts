import { realpath } from 'node:fs/promises'
import type { ComposeSearch } from '@capstan/compose'
import { isHostError } from '@capstan/core'
import {
  type CandidateProbeOptions,
  type ProbeAttempt,
  type ProbeOptions,
  type ProbeResult,
  type ProbeStep,
  probeCandidates,
} from '@capstan/core/plugin'
import { listManagers } from './docker-managers.js'
import { checkApiRange, readPinnedVersion } from './endpoint/api-range.js'
import { askEngine } from './endpoint/ask-engine.js'
import type { EndpointCandidate, EndpointSearch } from './endpoint/endpoint-candidate.js'
import { type DetailsOptions, toDetails, toVersionText } from './endpoint/engine-details.js'
import { findRemoteHost } from './endpoint/engine-host.js'
import { explainProbeFailure, explainSlow } from './endpoint/probe-failure.js'
import type { DockerDetails } from './engine/docker-details.js'
import type { EngineProduct } from './engine/engine-product.js'

/** Sends read requests to all candidates at once, and selects the first in order that answers. Stops started engines. */
export async function probeEngines(
  { candidates, chosen }: EndpointSearch,
  options: ProbeEnginesOptions,
): Promise<ProbeResult<DockerDetails>> {
  // Asked beside the engine. The package is loaded on demand, as the managers load it.
  const compose = findComposeProgram(options)
  compose.catch(() => {}) // it is awaited only where an engine answers
  const distinct = await dropSameSockets(candidates)
  const progresses = distinct.map(
    (candidate): CandidateProgress => ({ candidate, reached: { step: 'find', failure: undefined } }),
  )
  const probe = (progress: CandidateProgress, given: CandidateProbeOptions) =>
    probeOne(progress, { ...options, ...given, chosen, compose })
  const { found, attempts } = await probeCandidates(progresses, probe, describe, { ...options, toDefaultTimeoutMs })
  return found === undefined ? { available: false, chosen, attempts } : toResult(found.result, attempts, options)
}

export interface ProbeEnginesOptions
  extends ProbeOptions,
    Omit<DetailsOptions, 'endpoint' | 'remoteHost' | 'env' | 'compose'> {
  readonly composeProgram?: string | undefined
  readonly apiVersionVariable?: string | undefined
  readonly endpointVariable?: string | undefined
}

interface CandidateProgress {
  readonly candidate: EndpointCandidate
  readonly reached: {
    step: ProbeStep
    failure: { readonly error: unknown; readonly attempt: ProbeAttempt } | undefined
  }
}

/** Removes candidates whose path resolves to the socket of an earlier candidate. */
async function dropSameSockets(candidates: readonly EndpointCandidate[]): Promise<readonly EndpointCandidate[]> {
  if (candidates.length < 2) return candidates
  const targets = await Promise.all(candidates.map(findTarget))
  return candidates.filter((_, index) => targets[index] === undefined || targets.indexOf(targets[index]) === index)
}

async function findTarget(candidate: EndpointCandidate): Promise<string | undefined> {
  if ('failed' in candidate || candidate.endpoint.address.type !== 'socket') return undefined
  return realpath(candidate.endpoint.address.path).catch(() => undefined)
}

/** Returns the default limit, which is longer for TCP and for a service that must be started. */
export function toDefaultTimeoutMs({ candidate }: Pick<CandidateProgress, 'candidate'>): number {
  const isSocket = 'failed' in candidate || ['socket', 'pipe'].includes(candidate.endpoint.address.type)
  return isSocket ? socketMs : otherMs
}

type ProbeOneOptions = ProbeEnginesOptions &
  CandidateProbeOptions &
  Pick<EndpointSearch, 'chosen'> & { readonly compose: Promise<ComposeSearch> }

async function findComposeProgram({ env, composeProgram: program }: ProbeEnginesOptions): Promise<ComposeSearch> {
  const { findCompose } = await import('@capstan/compose')
  return await findCompose({ env, program })
}

async function probeOne({ candidate, reached }: CandidateProgress, options: ProbeOneOptions): Promise<DockerDetails> {
  if ('failed' in candidate) throw new Error(candidate.failed.cause.message)
  const { endpoint, source } = candidate
  try {
    const onStep = (step: ProbeStep) => {
      reached.step = step
    }
    const { env, signal, timeoutMs, accepts, apiVersionVariable } = options
    const pinned = apiVersionVariable === undefined ? undefined : readPinnedVersion(env, apiVersionVariable)
    const findings = await askEngine(endpoint, { signal, timeoutMs, accepts, pinned, onStep })
    checkApiRange(findings.api, findings.product.oldestApi, apiVersionVariable)
    const remoteHost = await findRemoteHost(endpoint, { ...options, info: findings.info })
    return toDetails(findings, { ...options, endpoint, remoteHost, compose: await options.compose })
  } catch (error) {
    const { chosen, endpointVariable: variable } = options
    const explained = await explainProbeFailure(error, { endpoint, source, chosen, step: reached.step, variable })
    reached.failure = { error, attempt: { candidate: endpoint.url, source, ...explained } }
    throw error
  }
}

/** Describes a failed candidate. At the deadline the description depends on the step that was reached. */
function describe({ candidate, reached }: CandidateProgress, error: unknown): ProbeAttempt {
  if ('failed' in candidate) return candidate.failed
  const { step, failure } = reached
  if (failure !== undefined && failure.error === error) return failure.attempt
  const { source, endpoint } = candidate
  const explained = isHostError(error, 'TIMED_OUT')
    ? explainSlow(error.facts, { endpoint, step })
    : { step, cause: { code: 'UNKNOWN', message: String(error) }, remedy: 'report this error' }
  return { candidate: endpoint.url, source, ...explained }
}

function toResult(
  details: DockerDetails,
  attempts: readonly ProbeAttempt[],
  { accepts }: { readonly accepts: readonly EngineProduct[] },
): ProbeResult<DockerDetails> {
  const { absent, unsupportedOptions, notes } = details
  return {
    available: true,
    version: toVersionText(details.facts, accepts),
    endpoint: details.endpoint.url,
    location: details.facts.location,
    details,
    provides: listManagers(absent).map(({ capability }) => capability),
    absent,
    unsupportedOptions,
    attempts,
    notes,
  }
}

const socketMs = 10_000
const otherMs = 30_000
