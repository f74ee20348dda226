import type { Environment, ProbeAttempt } from '@capstan/core/plugin'
import type { DockerEndpoint } from '../engine/docker-endpoint.js'
import type { LocalMachine } from '../engine/local-machine.js'

/** An endpoint to try, or the failed attempt for an invalid one. */
export type EndpointCandidate =
  | { readonly source: string; readonly endpoint: DockerEndpoint }
  | { readonly source: string; readonly failed: ProbeAttempt }

/** The inputs of a search for endpoints. */
export interface EndpointSearchInput {
  readonly system: LocalMachine
  readonly env: Environment
}

/**
 * The endpoints to try, in order of preference. `chosen`: whether the user chose the endpoint, so that `open` without a
 * name opens no other runtime.
 */
export interface EndpointSearch {
  readonly chosen: boolean
  readonly candidates: readonly EndpointCandidate[]
}
