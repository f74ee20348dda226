import type { ConvergeOptions, ServiceChange, ServiceProgress } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { DockerSwarmManager } from '../../src/docker-swarm-manager.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'
import { createTask, FakeService } from '../fake/fake-service.js'

const old = createTask('t1', 'running')
const exited = 'task: non-zero exit (5)'
const failed = createTask('t2', 'failed', { err: exited })
const replaced = { tasks: [createTask('t2', 'running')], others: [createTask('t1', 'shutdown')] }

async function start() {
  const { fake, engine } = await startFakeEngine()
  const service = new FakeService(fake)
  const before = service.spec
  const progress: ServiceProgress[] = []
  const onProgress = (event: ServiceProgress) => progress.push(event)
  const update = (change: ServiceChange = { env: { LEVEL: '2' } }, options: ConvergeOptions = {}) =>
    new DockerSwarmManager(engine).updateService('s1', change, { onProgress, ...options })
  const listVersions = () =>
    fake.requests.filter(({ path }) => path === '/services/s1/update').map(({ query }) => Number(query.get('version')))
  return { service, before, progress, update, listVersions }
}

describe('updateService', () => {
  test('sends the changed settings with the version that it has read, and waits for the new tasks', async () => {
    const { service, before, progress, update, listVersions } = await start()
    service.states = [
      { update: { State: 'updating' }, tasks: [createTask('t2', 'preparing')], others: [old] },
      { update: { State: 'completed' }, ...replaced },
    ]
    await update()
    expect(service.spec.TaskTemplate.ContainerSpec).toEqual({ Image: 'web:1', Env: ['LEVEL=2'] })
    expect(service.spec).toMatchObject({ Name: 'web', Mode: before.Mode, UpdateConfig: before.UpdateConfig })
    expect(listVersions()).toEqual([7])
    expect(progress.map(({ phase, running }) => [phase, running])).toEqual([
      ['updating', 0],
      ['verifying', 1],
    ])
  })

  test('reads the settings again when another client has changed the service, and keeps its change', async () => {
    const { service, update, listVersions } = await start()
    service.conflicts = 1
    service.states = [replaced]
    await update()
    expect(listVersions()).toEqual([7, 8])
    expect(service.spec.Labels).toEqual({ other: '8' })
    expect(service.spec.TaskTemplate.ContainerSpec.Env).toEqual(['LEVEL=2'])
  })

  test('rejects and changes nothing when another client changes the service before each of ten requests', async () => {
    const { service, update, listVersions } = await start()
    service.conflicts = 10
    const facts = { operation: 'updateService', status: 500 }
    await expect(update()).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts })
    expect(listVersions()).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
    expect(service.spec.Labels).toEqual({ other: '17' })
  })

  test('rejects with SERVICE_NOT_FOUND for a service that does not exist', async () => {
    const { service, update, listVersions } = await start()
    service.isRemoved = true
    await expect(update()).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND', facts: { id: 's1' } })
    expect(listVersions()).toEqual([])
  })

  test.each([
    {
      change: { endpointMode: 'dnsrr' },
      field: 'endpointMode',
      spec: { Ports: [{ TargetPort: 80, Protocol: 'tcp' }] },
    },
    {
      change: { ports: [{ containerPort: 80, mode: 'ingress' }] },
      field: 'ports[0].mode',
      spec: { Mode: 'dnsrr' },
    },
  ] as const)(
    'rejects $field that contradicts a kept setting, and sends no change',
    async ({ change, field, spec }) => {
      const { service, update, listVersions } = await start()
      service.spec = { ...service.spec, EndpointSpec: spec }
      await expect(update(change)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
      expect(listVersions()).toEqual([])
    },
  )

  test('rejects with rolledBack when the swarm has restored the previous settings, and restores nothing itself', async () => {
    const { service, progress, update, listVersions } = await start()
    service.states = [
      { update: { State: 'updating' }, tasks: [failed], others: [old] },
      { update: { State: 'rollback_started' }, tasks: [createTask('t3', 'preparing')], others: [failed] },
      { update: { State: 'rollback_completed' }, tasks: [createTask('t3', 'running')], others: [failed] },
    ]
    await expect(update()).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { service: 'web', running: 1, desired: 1, reasons: [exited], rolledBack: true },
      undoFailures: [],
    })
    expect(progress.map(({ phase }) => phase)).toEqual(['updating', 'rollingBack'])
    expect(listVersions()).toEqual([7])
  })

  test('rejects without rolledBack when the swarm has paused the update, and leaves the settings', async () => {
    const { service, update, listVersions } = await start()
    service.states = [{ update: { State: 'paused' }, tasks: [createTask('t3', 'preparing'), failed] }]
    const facts = { running: 0, desired: 1, reasons: [exited], rolledBack: false }
    await expect(update()).rejects.toMatchObject({ code: 'SERVICE_NOT_CONVERGED', facts, undoFailures: [] })
    expect(listVersions()).toEqual([7])
  })

  test('rejects with the text of the swarm when no failed task is listed', async () => {
    const { service, update } = await start()
    const Message = 'update paused due to failure or early termination of task t2'
    service.states = [{ update: { State: 'paused', Message }, tasks: [] }]
    await expect(update()).rejects.toMatchObject({ code: 'SERVICE_NOT_CONVERGED', facts: { reasons: [Message] } })
  })

  test('restores the previous settings after the time limit, and ignores tasks that failed before the update', async () => {
    const { service, before, update, listVersions } = await start()
    const earlier = createTask('t0', 'failed', { err: 'an earlier failure' })
    service.before = { tasks: [old], others: [earlier] }
    service.states = [{ tasks: [createTask('t2', 'preparing')], others: [old, earlier] }]
    const facts = { operation: 'updateService', phase: '0 of 1 tasks run', lastLines: [] }
    await expect(update(undefined, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'TIMED_OUT', facts })
    expect(service.spec).toEqual(before)
    expect(listVersions()).toEqual([7, 8])
  })

  test('restores the previous settings after the time limit when a task has failed', async () => {
    const { service, before, update } = await start()
    service.states = [{ tasks: [createTask('t3', 'preparing'), failed], others: [old] }]
    await expect(update(undefined, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { reasons: [exited], rolledBack: true },
      undoFailures: [],
    })
    expect(service.spec).toEqual(before)
  })

  test('restores the previous settings after three rejections of the new tasks, and says so', async () => {
    const { service, before, update, listVersions } = await start()
    const err = 'invalid mount config'
    const rejected = ['t2', 't3', 't4'].map((id) => createTask(id, 'rejected', { err }))
    service.states = [{ update: { State: 'completed' }, tasks: rejected, others: [createTask('t1', 'shutdown')] }]
    await expect(update()).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { reasons: [err], rolledBack: true },
      undoFailures: [],
    })
    expect(service.spec.TaskTemplate).toEqual(before.TaskTemplate)
    expect(listVersions()).toHaveLength(2)
  })

  test('restores the previous settings when it is aborted, also when another client changes the service', async () => {
    const { service, before, update, listVersions } = await start()
    service.states = [{ tasks: [createTask('t2', 'preparing')], others: [old] }]
    const abort = new AbortController()
    const reason = new Error('enough')
    const onProgress = () => {
      service.conflicts = 1
      abort.abort(reason)
    }
    await expect(update(undefined, { signal: abort.signal, onProgress })).rejects.toBe(reason)
    expect(service.spec).toEqual(before)
    expect(listVersions()).toEqual([7, 8, 9])
  })
})
