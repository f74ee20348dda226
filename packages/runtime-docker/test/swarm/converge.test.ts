import type { ConvergeOptions, ServiceProgress } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { DockerSwarmManager } from '../../src/docker-swarm-manager.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'
import { createTask, FakeService } from '../fake/fake-service.js'

const preparing = { tasks: [createTask('t1', 'preparing')] }
const running = { tasks: [createTask('t1', 'running')] }
const noSpace = 'no space left on device'

function reject(count: number, err: string) {
  return Array.from({ length: count }, (_, index) => createTask(`r${index}`, 'rejected', { err }))
}

async function start() {
  const { fake, engine } = await startFakeEngine()
  const service = new FakeService(fake)
  const progress: ServiceProgress[] = []
  const onProgress = (event: ServiceProgress) => progress.push(event)
  const config = { name: 'web', image: 'web:1', replicas: 1, update: { monitorMs: 1 } }
  const create = (options: ConvergeOptions = {}) =>
    new DockerSwarmManager(engine).createService(config, { onProgress, ...options })
  const countInspections = () => fake.log().filter((line) => line === 'GET /services/s1').length
  return { fake, service, progress, create, countInspections }
}

describe('a new service', () => {
  test('has converged when its task has run for monitorMs', async () => {
    const { service, progress, create, countInspections } = await start()
    service.states = [preparing, running]
    expect(await create()).toBe('s1')
    expect(progress).toMatchObject([
      { phase: 'starting', running: 0, desired: 1, tasks: [{ id: 't1', state: 'preparing' }] },
      { phase: 'verifying', running: 1, desired: 1, tasks: [{ id: 't1', state: 'running' }] },
    ])
    expect(countInspections()).toBeGreaterThanOrEqual(3)
    expect(service.isRemoved).toBe(false)
  })

  test('begins monitorMs again when another task runs in the place of a failed one', async () => {
    const { service, progress, create, countInspections } = await start()
    const failed = createTask('t1', 'failed', { err: 'task: non-zero exit (5)' })
    service.states = [running, { tasks: [createTask('t2', 'running')], others: [failed] }]
    expect(await create()).toBe('s1')
    const shown = progress.map(({ tasks }) => tasks.map(({ id, state }) => `${id} ${state}`))
    expect(shown).toEqual([['t1 running'], ['t2 running', 't1 failed']])
    expect(countInspections()).toBeGreaterThanOrEqual(3)
  })

  test('has not converged while a task that is to end still runs, unless its node is lost', async () => {
    const { service, progress, create } = await start()
    const stopping = createTask('t0', 'running', { desired: 'shutdown', node: 'n2' })
    const nodes = [...service.nodes, { ID: 'n2', Status: { State: 'down' } }]
    service.nodes = [...service.nodes, { ID: 'n2', Status: { State: 'ready' } }]
    service.states = [{ ...running, others: [stopping] }]
    const onProgress = (event: ServiceProgress) => {
      progress.push(event)
      service.nodes = nodes
    }
    expect(await create({ onProgress })).toBe('s1')
    expect(progress.map(({ phase }) => phase)).toEqual(['starting', 'verifying'])
  })

  test('is removed with IMAGE_NOT_FOUND after three rejections because the image is missing', async () => {
    const { service, create } = await start()
    const missing = 'No such image: web:1'
    service.states = [{ tasks: reject(2, missing) }, { tasks: reject(3, missing) }]
    await expect(create()).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      facts: { image: 'web:1' },
      undoFailures: [],
    })
    expect(service.isRemoved).toBe(true)
  })

  test('is removed with SERVICE_NOT_CONVERGED after three rejections for another reason', async () => {
    const { service, create } = await start()
    service.states = [{ tasks: [createTask('t4', 'pending'), ...reject(3, noSpace)] }]
    const facts = { service: 'web', running: 0, desired: 1, reasons: [noSpace], rolledBack: false }
    await expect(create()).rejects.toMatchObject({ code: 'SERVICE_NOT_CONVERGED', facts, undoFailures: [] })
    expect(service.isRemoved).toBe(true)
  })

  test('converges after two rejections for one reason and one for another', async () => {
    const { service, create } = await start()
    const rejected = [...reject(2, noSpace), createTask('r3', 'rejected', { err: 'no such device' })]
    service.states = [{ tasks: rejected }, { ...running, others: rejected }]
    expect(await create()).toBe('s1')
  })

  test('is removed with TIMED_OUT and the reason of the task after the time limit', async () => {
    const { service, create } = await start()
    const err = 'no suitable node (scheduling constraints not satisfied on 1 node)'
    service.states = [{ tasks: [createTask('t1', 'pending', { err })] }]
    const facts = {
      ...{ operation: 'createService', phase: '0 of 1 tasks run', timeoutMs: 1 },
      ...{ lastLines: [err], option: 'timeoutMs' },
    }
    await expect(create({ timeoutMs: 1 })).rejects.toMatchObject({ code: 'TIMED_OUT', facts, undoFailures: [] })
    expect(service.isRemoved).toBe(true)
  })

  test('is removed with SERVICE_NOT_CONVERGED after the time limit when a task has failed', async () => {
    const { service, create } = await start()
    const failed = createTask('t1', 'failed', { err: 'task: non-zero exit (5)' })
    service.states = [{ tasks: [createTask('t2', 'preparing', { desired: 'ready' })], others: [failed] }]
    await expect(create({ timeoutMs: 1 })).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { running: 0, desired: 1, reasons: ['task: non-zero exit (5)'], rolledBack: false },
      undoFailures: [],
    })
    expect(service.isRemoved).toBe(true)
  })
})
