import type { Environment, ProbeAttempt } from '@capstan/core/plugin'
import type { DockerEndpoint } from '../engine/docker-endpoint.js'
import type { DockerSystem } from '../engine/docker-system.js'

/** A place where an engine may be; or what was named as one and is none. */
export type EndpointCandidate =
  | { readonly source: string; readonly endpoint: DockerEndpoint }
  | { readonly source: string; readonly failed: ProbeAttempt }

/** What a search for endpoints may read. */
export interface SearchPlace {
  readonly system: DockerSystem
  readonly env: Environment
}

/** What is to be tried, in order of preference. `chosen`: the user named it, so nothing else may serve. */
export interface EndpointSearch {
  readonly chosen: boolean
  readonly candidates: readonly EndpointCandidate[]
}
