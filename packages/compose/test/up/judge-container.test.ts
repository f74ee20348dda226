import type { RestartPolicy } from '@capstan/core'
import type { ServiceContainer } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import type { InspectedServiceContainer } from '../../src/state/list-services.js'
import { judgeContainer } from '../../src/up/judge-container.js'

interface Given extends Partial<ServiceContainer> {
  readonly restartPolicy?: RestartPolicy
  readonly restartCount?: number
}

function judge({ restartPolicy, restartCount, ...given }: Given, isJob = false) {
  const container: ServiceContainer = {
    ...{ id: 'c', number: 1, state: 'running', health: undefined, exitCode: undefined, ports: [] },
    ...given,
  }
  const { state: status, exitCode } = container
  const state = {
    status,
    running: status === 'running',
    exitCode,
    startedAt: undefined,
    finishedAt: undefined,
    restartCount,
  }
  const inspection: InspectedServiceContainer['inspection'] = {
    ...{ id: 'c', name: 'p-a-1', image: 'x', imageId: 'x', command: [], createdAt: undefined, labels: {} },
    ...{ networks: [], ports: [], state, restartPolicy },
  }
  return judgeContainer({ container, inspection }, { isJob })
}

describe('judgeContainer', () => {
  it.each<[expected: string, given: Given, isJob?: boolean]>([
    ['ready', {}],
    ['ready', { health: 'healthy' }],
    ['pending', { health: 'starting' }],
    ['failed', { health: 'unhealthy' }],
    ['pending', { state: 'created' }],
    ['pending', { state: 'restarting' }],
    ['failed', { state: 'exited', exitCode: 0 }],
    ['failed', { state: 'dead', exitCode: 137 }],
    ['pending', { state: 'exited', exitCode: 1, restartPolicy: { name: 'always' } }],
    ['pending', { state: 'exited', exitCode: 1, restartPolicy: { name: 'on-failure' } }],
    ['failed', { state: 'exited', exitCode: 0, restartPolicy: { name: 'on-failure' } }],
    ['failed', { state: 'exited', exitCode: 1, restartPolicy: { name: 'on-failure', maxRetries: 2 }, restartCount: 2 }],
    ['pending', {}, true],
    ['pending', { health: 'unhealthy' }, true],
    ['ready', { state: 'exited', exitCode: 0 }, true],
    ['failed', { state: 'exited', exitCode: 3 }, true],
  ])('is %s for %j, job: %j', (expected, given, isJob) => {
    expect(judge(given, isJob)).toBe(expected)
  })
})
