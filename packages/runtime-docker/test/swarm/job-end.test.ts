import { describe, expect, it } from 'vitest'
import { findJobEnd } from '../../src/swarm/job-end.js'
import type { SwarmTask } from '../../src/swarm/swarm-answers.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

const running: SwarmTask = {
  ID: 't1',
  ServiceID: 's1',
  NodeID: 'n1',
  CreatedAt: '2026-01-01T00:00:00Z',
  DesiredState: 'complete',
  Status: { State: 'running' },
}
const failed: SwarmTask = {
  ...running,
  DesiredState: 'shutdown',
  Status: { State: 'failed', Err: 'task: non-zero exit (5)', ContainerStatus: { ExitCode: 5 } },
}
const second: SwarmTask = { ...running, ID: 't2' }
const ended = { ID: 't1', exitCode: 5 }

describe('findJobEnd', () => {
  it.each([
    ['runs', [running]],
    ['waits for a node', [{ ...running, NodeID: '', Status: { State: 'pending', Err: 'no suitable node' } }]],
    // The value that a node reports while the container is being stopped.
    [
      'has a container with an exit code',
      [{ ...running, Status: { State: 'running', ContainerStatus: { ExitCode: -1 } } }],
    ],
  ])('returns nothing while the task %s', async (_, tasks) => {
    expect(await find(tasks)).toBeUndefined()
  })

  it('returns the exit code of the first task also when there is a second one', async () => {
    expect(await find([second, failed])).toMatchObject({ taskId: ended.ID, exitCode: ended.exitCode, nodeId: 'n1' })
  })

  it.each([
    ['is stopped', [{ ...running, DesiredState: 'shutdown', Status: { State: 'shutdown' } }], 'stopped'],
    ['is gone', [], 'removed'],
    ['is replaced while it runs', [second, running], 'replaced'],
  ])('throws EXIT_CODE_UNKNOWN when the task %s', async (_, tasks, word) => {
    const facts = expect.objectContaining({ id: 't1', reason: expect.stringContaining(word) })
    await expect(find(tasks)).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', facts })
  })

  it('throws EXIT_CODE_UNKNOWN while the task runs on a lost node, and not when it had ended there before', async () => {
    const down = new Set(['n1'])
    await expect(find([running], down)).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', facts: { id: 't1' } })
    await expect(find([failed], down)).resolves.toMatchObject({ exitCode: 5 })
  })
})

async function find(tasks: readonly SwarmTask[], downNodes: ReadonlySet<string> = new Set()) {
  const { engine } = await startFakeEngine()
  const call = { operation: 'runJob', subject: 'image' }
  return findJobEnd({ engine, call }, { image: 'image', command: undefined, first: running }, { tasks, downNodes })
}
