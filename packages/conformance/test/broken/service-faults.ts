import { isHostError, type ServiceLogStream, type SwarmManager } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of cluster services. The correct plugin needs a cluster. */
export const serviceFaults: readonly FaultyPlugin[] = [
  serviceFault('createService resolves before the tasks run', 'SVC-001', (swarm) => ({
    createService: async (config, options) => {
      const id = await swarm.createService({ ...config, replicas: 0 }, options)
      void swarm.updateService(id, { replicas: config.replicas }).catch(() => {})
      return id
    },
  })),
  serviceFault('removeService resolves before the service is gone', 'SVC-001', (swarm) => ({
    removeService: async (id, options) => void swarm.removeService(id, options).catch(() => {}),
  })),
  serviceFault('constraints are ignored', 'SVC-002', (swarm) => ({
    createService: ({ constraints: _, ...config }, options) => swarm.createService(config, options),
  })),
  serviceFault('updateService replaces tasks when only their number changes', 'SVC-003', (swarm) => ({
    updateService: (id, change, options) => swarm.updateService(id, { env: { CHANGED: '1' }, ...change }, options),
  })),
  serviceFault('updateService resolves after a rollback', 'SVC-004', (swarm) => ({
    updateService: (id, change, options) =>
      swarm.updateService(id, change, options).catch((error: unknown) => {
        if (!isHostError(error, 'SERVICE_NOT_CONVERGED')) throw error
      }),
  })),
  serviceFault('updateService reports no progress', 'SVC-004', (swarm) => ({
    updateService: (id, change, { onProgress: _, ...options } = {}) => swarm.updateService(id, change, options),
  })),
  serviceFault('a missing image is reported as a service that did not converge', 'SVC-005', (swarm) => ({
    createService: (config, options) =>
      swarm.createService(config, options).catch((error: unknown) => {
        if (!isHostError(error, 'IMAGE_NOT_FOUND')) throw error
        const facts = { service: config.name, running: 0, desired: 3, reasons: [], rolledBack: false }
        throw createHostError('SERVICE_NOT_CONVERGED', facts)
      }),
  })),
  serviceFault('a service that does not converge is kept', 'SVC-006', (swarm) => ({
    createService: async (config, options) => {
      try {
        return await swarm.createService(config, options)
      } catch (error) {
        if (isHostError(error, 'TIMED_OUT')) await swarm.createService({ ...config, replicas: 0 })
        throw error
      }
    },
  })),
  serviceFault('a time limit is reported without the reasons of the tasks', 'SVC-006', (swarm) => ({
    createService: (config, options) =>
      swarm.createService(config, options).catch((error: unknown) => {
        if (!isHostError(error, 'TIMED_OUT')) throw error
        throw createHostError('TIMED_OUT', { ...error.facts, lastLines: [] })
      }),
  })),
  serviceFault('the log of a service has one node for all tasks', 'SVC-007', (swarm) => ({
    serviceLogs: async (id, options) => withFirstNode(await swarm.serviceLogs(id, options)),
  })),
  serviceFault('the log of a service does not count lines for each task', 'SVC-007', (swarm) => ({
    serviceLogs: (id, { tailLines: _, ...options } = {}) => swarm.serviceLogs(id, options),
  })),
  serviceFault('the log of a service is not followed', 'SVC-007', (swarm) => ({
    serviceLogs: (id, { follow: _, ...options } = {}) => swarm.serviceLogs(id, options),
  })),
  serviceFault('secrets are not mounted', 'SVC-008', (swarm) => ({
    createService: ({ secrets: _, ...config }, options) => swarm.createService(config, options),
  })),
  serviceFault('removeConfig resolves although a service uses the config', 'SVC-008', (swarm) => ({
    removeConfig: (id, options) =>
      swarm.removeConfig(id, options).catch((error: unknown) => {
        if (!isHostError(error, 'IN_USE')) throw error
      }),
  })),
  serviceFault('a network of one engine is ignored', 'SVC-009', (swarm) => ({
    createService: async (config, options) => {
      try {
        return await swarm.createService(config, options)
      } catch (error) {
        if (!isHostError(error, 'INVALID_ARGUMENT') || config.networks === undefined) throw error
        const { networks: _, ...rest } = config
        return await swarm.createService(rest, options)
      }
    },
  })),
  serviceFault('ports are not validated', 'SVC-010', (swarm) => ({
    createService: ({ ports: _, ...config }, options) => swarm.createService(config, options),
  })),
  serviceFault('an aborted createService leaves the service', 'SVC-011', (swarm) => ({
    createService: async (config, options) => {
      try {
        return await swarm.createService(config, options)
      } catch (error) {
        if (options?.signal?.aborted) await swarm.createService({ ...config, replicas: 0 })
        throw error
      }
    },
  })),
  serviceFault('listServices has no labels, so that a sweep finds no services', 'SVC-012', (swarm) => ({
    listServices: async (options) => (await swarm.listServices(options)).map((service) => ({ ...service, labels: {} })),
  })),
]

function serviceFault(
  fault: string,
  failingCase: string,
  swarm: (correct: SwarmManager) => Partial<SwarmManager>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { swarm }) }
}

function withFirstNode(stream: ServiceLogStream): ServiceLogStream {
  async function* change() {
    let nodeId: string | undefined
    for await (const chunk of stream) {
      nodeId ??= chunk.nodeId
      yield { ...chunk, nodeId }
    }
  }
  const chunks = change()
  return { [Symbol.asyncIterator]: () => chunks, [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose]() }
}
