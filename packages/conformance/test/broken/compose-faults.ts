import { type ComposeManager, type HostErrorCode, isHostError } from '@capstan/core'
import { createHostError, type HostErrorFacts } from '@capstan/core/plugin'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of Compose projects. */
export const composeFaults: readonly FaultyPlugin[] = [
  composeFault('readProject contains the services of inactive profiles', 'CMP-001', (compose) => ({
    readProject: (source, options) => compose.readProject({ ...source, profiles: ['*'] }, options),
  })),
  composeFault('readProject reports faults of a file without the place', 'CMP-002', (compose) => ({
    readProject: (source, options) =>
      compose
        .readProject(source, options)
        .catch(replaceFacts('INVALID_ARGUMENT', (facts) => ({ ...facts, given: 'a fault' }))),
  })),
  composeFault('up ignores unknown jobs', 'CMP-003', (compose) => ({
    up: (source, { jobs = [], ...options } = {}) =>
      compose.up(source, { ...options, jobs: jobs.filter((job) => job !== 'missing') }),
  })),
  composeFault('up reports no progress', 'CMP-004', (compose) => ({
    up: (source, { onProgress: _, ...options } = {}) => compose.up(source, options),
  })),
  composeFault('up creates all containers again', 'CMP-005', (compose) => ({
    up: async (source, options) => {
      await compose.down(source.name, { graceMs: 0 })
      return await compose.up(source, options)
    },
  })),
  composeFault('listProjects ignores labels', 'CMP-006', (compose) => ({
    listProjects: ({ labels: _, ...options } = {}) => compose.listProjects(options),
  })),
  composeFault('up starts services on which no given one depends', 'CMP-006', (compose) => ({
    up: (source, { services, ...options } = {}) =>
      compose.up(source, services?.[0] === 'web' ? options : { ...options, ...(services && { services }) }),
  })),
  composeFault('up reports no lines of the log', 'CMP-007', (compose) => ({
    up: (source, options) =>
      compose.up(source, options).catch(replaceFacts('SERVICE_NOT_READY', (facts) => ({ ...facts, lastLines: [] }))),
  })),
  composeFault('up reports an unhealthy service as exited', 'CMP-008', (compose) => ({
    up: (source, options) =>
      compose
        .up(source, options)
        .catch(replaceFacts('SERVICE_NOT_READY', (facts) => ({ ...facts, exitCode: facts.exitCode ?? 1 }))),
  })),
  composeFault('up removes the whole project when it fails', 'CMP-009', (compose) => ({
    up: async (source, options) => {
      try {
        return await compose.up(source, options)
      } catch (error) {
        await compose.down(source.name, { volumes: true, graceMs: 0 })
        throw error
      }
    },
  })),
  composeFault('up rejects with an error of its own when it is aborted', 'CMP-009', (compose) => ({
    up: (source, options) =>
      compose.up(source, options).catch((error: unknown) => {
        throw options?.signal?.aborted === true ? new Error('aborted', { cause: error }) : error
      }),
  })),
  composeFault('up creates a network for an external one that does not exist', 'CMP-010', (compose) => ({
    up: (source, options) =>
      compose.up(source, options).catch((error: unknown) => {
        if (!isHostError(error, 'NETWORK_NOT_FOUND')) throw error
        return { name: source.name, services: [], networks: [], volumes: [] }
      }),
  })),
  composeFault('down keeps volumes', 'CMP-011', (compose) => ({
    down: (project, { volumes: _, ...options } = {}) => compose.down(project, options),
  })),
  composeFault('up names another container that has the name', 'CMP-012', (compose) => ({
    up: (source, options) =>
      compose
        .up(source, options)
        .catch(replaceFacts('NAME_CONFLICT', (facts) => ({ ...facts, name: `${facts.name}-other` }))),
  })),
  composeFault('up ignores labels', 'CMP-013', (compose) => ({
    up: (source, { labels: _, ...options } = {}) => compose.up(source, options),
  })),
  composeFault('up keeps containers of services that the files do not have', 'CMP-014', (compose) => ({
    up: (source, { removeOrphans: _, ...options } = {}) => compose.up(source, options),
  })),
  composeFault('up waits until services are ready that only have to be started', 'CMP-015', (compose) => ({
    up: (source, { until: _, ...options } = {}) => compose.up(source, options),
  })),
]

function composeFault(
  fault: string,
  failingCase: string,
  compose: (correct: ComposeManager) => Partial<ComposeManager>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { compose }) }
}

/** Returns a handler that replaces the facts of errors with this code. */
function replaceFacts<C extends HostErrorCode>(
  code: C,
  replace: (facts: Readonly<HostErrorFacts[C]>) => HostErrorFacts[C],
): (error: unknown) => never {
  return (error) => {
    throw isHostError(error, code) ? createHostError(code, replace(error.facts)) : error
  }
}
