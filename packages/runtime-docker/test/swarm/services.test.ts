import { describe, expect, test } from 'vitest'
import { DockerSwarmManager } from '../../src/docker-swarm-manager.js'
import type { ServiceSpec } from '../../src/swarm/swarm-answers.js'
import { createTask } from '../fake/fake-service.js'
import { json, refusal, startScriptedEngine } from '../scripted-engine.js'

const tasks = [
  createTask('t1', 'running'),
  createTask('t2', 'preparing'),
  { ...createTask('t3', 'running'), ServiceID: 's2' },
]

function createEntry(ID: string, Mode: ServiceSpec['Mode'], RunningTasks: number, DesiredTasks: number) {
  const at = '2026-01-01T00:00:00Z'
  const Spec = { Name: `name-${ID}`, Labels: {}, TaskTemplate: { ContainerSpec: { Image: 'web:1' } }, Mode }
  const ServiceStatus = { RunningTasks, DesiredTasks }
  return { ID, Version: { Index: 7 }, CreatedAt: at, UpdatedAt: at, Spec, ServiceStatus }
}

/** What the engine answers to an inspection: no numbers of tasks. */
function createInspection(...entry: Parameters<typeof createEntry>) {
  return { ...createEntry(...entry), ServiceStatus: undefined }
}

async function start(...script: Parameters<typeof startScriptedEngine>[0]) {
  const { engine, seen, log } = await startScriptedEngine(script)
  const readFilters = () => seen.filter(({ path }) => path === '/tasks').map(({ query }) => query.get('filters'))
  return { swarm: new DockerSwarmManager(engine), log, readFilters }
}

describe('listServices', () => {
  test('counts only running tasks that are to run, by one request for all services', async () => {
    const services = [
      createEntry('s1', { Replicated: { Replicas: 2 } }, 3, 2),
      createEntry('s2', { Global: {} }, 2, 1),
      createEntry('s3', { Replicated: { Replicas: 4 } }, 0, 4),
      createEntry('s4', { ReplicatedJob: { TotalCompletions: 5 } }, 3, 3),
    ]
    const { swarm, readFilters } = await start(['GET /services', json(200, services)], ['GET /tasks', json(200, tasks)])
    expect((await swarm.listServices()).map(({ id, running, desired }) => [id, running, desired])).toEqual([
      ['s1', 1, 2],
      ['s2', 1, 1],
      ['s3', 0, 4],
      ['s4', 3, 3],
    ])
    expect(readFilters()).toEqual(['{"name":["name-s1","name-s2"],"desired-state":["running"]}'])
  })

  test('requests no tasks when no service has a running one', async () => {
    const services = [createEntry('s3', { Replicated: { Replicas: 4 } }, 0, 4)]
    const { swarm, log } = await start(['GET /services', json(200, services)])
    expect(await swarm.listServices()).toMatchObject([{ running: 0, desired: 4 }])
    expect(log()).toEqual(['GET /services'])
  })
})

describe('inspectService', () => {
  test.each([
    ['replicas', { Replicated: { Replicas: 4 } }, 4],
    ['one task per node', { Global: {} }, 2],
  ])('counts only running tasks that are to run, of a service with %s, by two requests', async (_, mode, desired) => {
    const service = createInspection('s1', mode, 0, 0)
    const { swarm, log, readFilters } = await start(
      ['GET /services/web', json(200, service)],
      ['GET /tasks', json(200, tasks)],
    )
    expect(await swarm.inspectService('web')).toMatchObject({ id: 's1', running: 1, desired })
    expect(log()).toEqual(['GET /services/web', 'GET /tasks'])
    expect(readFilters()).toEqual(['{"service":["s1"],"desired-state":["running"]}'])
  })

  test('counts the tasks of the current run of a job', async () => {
    const mode = { ReplicatedJob: { MaxConcurrent: 2, TotalCompletions: 5 } }
    const { swarm } = await start(
      ['GET /services/web', json(200, createInspection('s1', mode, 0, 0))],
      ['GET /services', json(200, [createEntry('s1', mode, 1, 2)])],
    )
    expect(await swarm.inspectService('web')).toMatchObject({ isJob: true, replicas: 5, running: 1, desired: 2 })
  })

  test('rejects with SERVICE_NOT_FOUND when the service is removed between the requests', async () => {
    const service = createInspection('s1', { Global: {} }, 0, 0)
    const { swarm } = await start(
      ['GET /services/web', json(200, service)],
      ['GET /tasks', refusal(404, 'service s1 not found')],
    )
    await expect(swarm.inspectService('web')).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND', facts: { id: 's1' } })
  })
})
