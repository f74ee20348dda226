import { describe, expect, test } from 'vitest'
import type { SwarmTask } from '../../src/swarm/swarm-answers.js'
import { toTaskInfo } from '../../src/swarm/tasks.js'

const running: SwarmTask = {
  ID: 't1',
  CreatedAt: '2026-01-01T00:00:00Z',
  ServiceID: 's1',
  Slot: 2,
  NodeID: 'n1',
  Spec: { ContainerSpec: { Image: 'busybox:1' } },
  DesiredState: 'running',
  Status: {
    Timestamp: '2026-01-01T00:00:05Z',
    State: 'running',
    ContainerStatus: { ContainerID: 'c1', ExitCode: 0 },
    PortStatus: {
      Ports: [
        { Protocol: 'tcp', TargetPort: 80, PublishedPort: 32768, PublishMode: 'host' },
        { Protocol: 'tcp', TargetPort: 80, PublishedPort: 32768, PublishMode: 'host' },
      ],
    },
  },
}
const ended = (State: string, ExitCode: number, ContainerID = 'c1'): SwarmTask => {
  return { ...running, DesiredState: 'shutdown', Status: { State, ContainerStatus: { ContainerID, ExitCode } } }
}

describe('toTaskInfo', () => {
  test('converts a running task, without an exit code, with each port once', () => {
    expect(toTaskInfo(running, new Set())).toEqual({
      ...{ id: 't1', slot: 2, nodeId: 'n1', containerId: 'c1', image: 'busybox:1', state: 'running' },
      ...{ isDesired: true, exitCode: undefined, reason: undefined },
      ports: [{ containerPort: 80, hostPort: 32768, protocol: 'tcp' }],
      createdAt: new Date('2026-01-01T00:00:00Z'),
      changedAt: new Date('2026-01-01T00:00:05Z'),
    })
  })

  test.each([
    ['complete', 0, 'complete', 0],
    ['failed', 7, 'failed', 7],
    ['shutdown', 137, 'stopped', 137],
    ['shutdown', -1, 'stopped', undefined],
    ['rejected', 0, 'rejected', undefined],
    ['orphaned', 0, 'lost', undefined],
    ['hovering', 0, 'unknown', undefined],
  ])('converts the state %s with exit code %i to %s and %s', (State, given, state, exitCode) => {
    expect(toTaskInfo(ended(State, given), new Set())).toMatchObject({ state, exitCode, isDesired: false })
  })

  test('reports no exit code of a task without a container', () => {
    expect(toTaskInfo(ended('shutdown', 0, ''), new Set())).toMatchObject({
      exitCode: undefined,
      containerId: undefined,
    })
  })

  test('converts a replaced task of a lost node to lost, although its last state is running', () => {
    const replaced = { ...running, DesiredState: 'shutdown' }
    expect(toTaskInfo(replaced, new Set(['n1'])).state).toBe('lost')
    expect(toTaskInfo(replaced, new Set()).state).toBe('running')
    expect(toTaskInfo(running, new Set(['n1'])).state).toBe('running')
  })
})
