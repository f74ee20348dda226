import { connect as connectSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type RuntimePlugin, swarmManagerCapability } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { findFreePort } from '../../../../tools/local-ports.mjs'
import { type MemoryImage, memoryPlugin } from '../../src/index.js'
import { Collector } from '../support/collect.js'
import { listPlaces, openCluster, sleeping, until } from '../support/open-cluster.js'

describe('a simulated cluster', () => {
  it('is absent without the option `cluster`, with a remedy', async () => {
    const absent = await listAbsent(memoryPlugin())
    expect(absent).toContainEqual({
      id: 'swarm-manager',
      title: 'cluster services',
      reason: 'the simulation has no cluster',
      remedy: 'set `cluster` of memoryPlugin(), such as { nodes: 3 }',
    })
  })

  it('can be left out with `without`', async () => {
    const absent = await listAbsent(memoryPlugin({ cluster: { nodes: 2 }, without: [swarmManagerCapability] }))
    expect(absent).toContainEqual(
      expect.objectContaining({ id: 'swarm-manager', remedy: expect.stringMatching('without') }),
    )
  })

  it('rejects a cluster without nodes', () => {
    expect(() => memoryPlugin({ cluster: { nodes: 0 } })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('lists its nodes: the first is the manager', async () => {
    await using memory = await openCluster({ nodes: [{}, { labels: { disk: 'ssd' } }] })
    expect(await memory.swarm.listNodes()).toMatchObject([
      { hostname: 'node-1', role: 'manager', isLeader: true, state: 'ready', availability: 'active', labels: {} },
      { hostname: 'node-2', role: 'worker', isLeader: false, labels: { disk: 'ssd' } },
    ])
  })

  it('keeps its services when a runtime is closed', async () => {
    await using memory = await openCluster()
    await using other = await memory.host.open({ runtime: 'memory' })
    const id = await memory.swarm.createService(sleeping())
    await other[Symbol.asyncDispose]()
    expect(await listPlaces(memory.swarm, id)).toHaveLength(3)
  })
})

describe('placement', () => {
  it('spreads the tasks of a service over the nodes', async () => {
    await using memory = await openCluster()
    await memory.swarm.createService(sleeping({ name: 'one', replicas: 1 }))
    const id = await memory.swarm.createService(sleeping({ replicas: 4 }))
    expect(new Set(await listPlaces(memory.swarm, id))).toEqual(new Set(['node-1', 'node-2', 'node-3']))
    const all = [...(await listPlaces(memory.swarm, id)), ...(await listPlaces(memory.swarm, 'one'))]
    expect(all.filter((place) => place === 'node-3').length).toBeLessThanOrEqual(2)
  })

  it('places tasks only on nodes that meet the constraints, and tells why a task is pending', async () => {
    await using memory = await openCluster({ nodes: [{}, { labels: { disk: 'ssd' } }] })
    const ssd = ['node.labels.disk==ssd', 'node.role != manager']
    const id = await memory.swarm.createService(sleeping({ constraints: ssd }))
    expect(await listPlaces(memory.swarm, id)).toEqual(['node-2', 'node-2', 'node-2'])
    const config = sleeping({ name: 'none', replicas: 1, constraints: ['node.labels.disk==tape'] })
    await expect(memory.swarm.createService(config, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { lastLines: ['no suitable node (scheduling constraints not satisfied on 2 nodes)'] },
    })
    expect((await memory.swarm.listServices()).map(({ name }) => name)).toEqual(['web'])
  })

  it('runs one task per node, also on a node that becomes suitable', async () => {
    await using memory = await openCluster()
    await memory.cluster.drain('node-2')
    const id = await memory.swarm.createService(sleeping({ replicas: 'one-per-node' }))
    expect(await listPlaces(memory.swarm, id)).toEqual(['node-1', 'node-3'])
    await memory.cluster.activate('node-2')
    await until(async () => (await listPlaces(memory.swarm, id)).length === 3)
    expect((await memory.swarm.listTasks(id)).map(({ slot }) => slot)).toEqual([undefined, undefined, undefined])
  })

  it('publishes a port of mode `host` once on each node', async () => {
    await using memory = await openCluster({ images: { server } })
    const hostPort = await findFreePort()
    const ports = [{ containerPort: 80, hostPort }]
    const config = sleeping({ image: 'server', replicas: 4, ports })
    await expect(memory.swarm.createService(config, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { lastLines: ['no suitable node (host-mode port already in use on 3 nodes)'] },
    })
    const id = await memory.swarm.createService({ ...config, replicas: 3 })
    const [task] = await memory.swarm.listTasks(id)
    expect(task?.ports).toEqual([{ containerPort: 80, hostPort, protocol: 'tcp' }])
    const node = (await memory.swarm.listNodes()).find((each) => each.id === task?.nodeId)
    expect(await read(node?.address ?? '', hostPort)).toBe(task?.containerId?.slice(0, 12))
  })

  it('reaches all tasks by a port of mode `ingress` on each node', async () => {
    await using memory = await openCluster({ images: { server } })
    const config = sleeping({ image: 'server', ports: [{ containerPort: 80, mode: 'ingress' }] })
    const id = await memory.swarm.createService(config)
    const { ports } = await memory.swarm.inspectService(id)
    const [{ hostPort = 0 } = {}] = ports
    const answers = await Promise.all([1, 2, 3].map(() => read('127.0.0.1', hostPort)))
    const containers = (await memory.swarm.listTasks(id)).map(({ containerId = '' }) => containerId.slice(0, 12))
    expect(new Set(answers)).toEqual(new Set(containers))
    await memory.swarm.removeService(id)
    await expect(read('127.0.0.1', hostPort)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('a service', () => {
  it('has its labels, those of the cluster and those of its owner on each container', async () => {
    await using memory = await openCluster({ nodes: 1 })
    const id = await memory.swarm.createService(sleeping({ replicas: 1, labels: { tier: 'front' } }))
    const [container] = await memory.runtime.listContainers()
    const [task] = await memory.swarm.listTasks(id)
    expect(container?.labels).toMatchObject({
      tier: 'front',
      'capstan.object': 'service',
      'com.docker.swarm.task.id': task?.id,
      'com.docker.swarm.service.name': 'web',
    })
    expect(container?.id).toBe(task?.containerId)
  })

  it('replaces a task whose program ends', async () => {
    await using memory = await openCluster({ nodes: 1 })
    const id = await memory.swarm.createService(sleeping({ replicas: 1 }))
    const [first] = await memory.swarm.listTasks(id)
    await memory.runtime.stopContainer(first?.containerId ?? '', { graceMs: 0 })
    await until(async () => (await listPlaces(memory.swarm, id)).length === 1)
    expect((await memory.swarm.listTasks(id)).map(({ state }) => state)).toEqual(['running', 'failed'])
  })

  it('rejects a missing image early, and removes the service', async () => {
    await using memory = await openCluster()
    await expect(memory.swarm.createService(sleeping({ image: 'absent' }))).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      facts: { image: 'absent' },
    })
    expect(await memory.swarm.listServices()).toEqual([])
  })

  it('does not converge when its program ends, and has the reasons', async () => {
    await using memory = await openCluster()
    const config = sleeping({ command: ['exit', '3'] })
    await expect(memory.swarm.createService(config, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { service: 'web', running: expect.any(Number), desired: 3, reasons: ['task: non-zero exit (3)'] },
    })
    expect(await memory.swarm.listServices()).toEqual([])
  })

  it('ends a task that ignores the stop signal after `stopGraceMs`', { timeout: 5000 }, async () => {
    await using memory = await openCluster({ commands: { stubborn: () => new Promise(() => {}) } })
    const id = await memory.swarm.createService(sleeping({ command: ['stubborn'], replicas: 1, stopGraceMs: 1 }))
    await memory.swarm.removeService(id)
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('is removed when its creation is aborted', async () => {
    await using memory = await openCluster()
    const controller = new AbortController()
    const reason = new Error('enough')
    const onProgress = () => controller.abort(reason)
    await expect(memory.swarm.createService(sleeping(), { signal: controller.signal, onProgress })).rejects.toBe(reason)
    expect(await memory.swarm.listServices()).toEqual([])
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('resolves by name to all its tasks in a network on all nodes', async () => {
    await using memory = await openCluster({ images: { server } })
    const network = await memory.networks.createNetwork('net', { scope: 'cluster' })
    const id = await memory.swarm.createService(sleeping({ image: 'server', networks: ['net'], endpointMode: 'dnsrr' }))
    const answers = new Set<string>()
    const job = { image: 'busybox', command: ['nc', 'web', '80'], networks: [network] }
    await until(async () => {
      const stdout = new Collector()
      await memory.jobs.runJob(job, { stdout })
      answers.add(stdout.text)
      return answers.size === 3
    })
    expect((await memory.swarm.inspectService(id)).networks).toEqual([network])
  })

  it('rejects a network of one engine', async () => {
    await using memory = await openCluster()
    await memory.networks.createNetwork('local')
    await expect(memory.swarm.createService(sleeping({ networks: ['local'] }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'networks[0]' },
    })
  })
})

describe('updateService', () => {
  it('scales up and down without replacing tasks', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping({ replicas: 2 }))
    const before = (await memory.swarm.listTasks(id)).map((task) => task.id)
    await memory.swarm.updateService(id, { replicas: 5 })
    expect((await memory.swarm.listTasks(id)).map((task) => task.id)).toEqual(expect.arrayContaining(before))
    await memory.swarm.updateService(id, { replicas: 1 })
    await until(async () => (await memory.swarm.listTasks(id)).length === 1)
    expect(await memory.swarm.inspectService(id)).toMatchObject({
      replicas: 1,
      running: 1,
      desired: 1,
      update: undefined,
    })
  })

  it('replaces the tasks one after the other', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping())
    const counts = new Set<number>()
    const onProgress = () => void memory.swarm.inspectService(id).then(({ running }) => counts.add(running))
    await memory.swarm.updateService('web', { env: { A: '1' } }, { onProgress })
    expect((await memory.swarm.inspectService(id)).update).toMatchObject({ state: 'completed' })
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2)
    expect(await listPlaces(memory.swarm, id)).toHaveLength(3)
  })

  it('restores the previous settings when a new task fails', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping())
    await expect(memory.swarm.updateService(id, { command: ['exit', '4'] })).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { rolledBack: true, reasons: ['task: non-zero exit (4)'] },
    })
    const { update, command, running } = await memory.swarm.inspectService(id)
    expect({ state: update?.state, command, running }).toEqual({
      state: 'rolledBack',
      command: ['sleep', '1000'],
      running: 3,
    })
  })

  it('pauses with the failure action `pause`, and goes on with `continue`', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping({ update: { failureAction: 'pause' } }))
    const broken = { image: 'absent' }
    await expect(memory.swarm.updateService(id, broken)).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { rolledBack: false, reasons: ['No such image: absent'] },
    })
    expect(await memory.swarm.inspectService(id)).toMatchObject({ image: 'absent', update: { state: 'paused' } })
    await memory.swarm.updateService(id, { image: 'busybox', update: { failureAction: 'continue', parallelism: 0 } })
    expect(await memory.swarm.inspectService(id)).toMatchObject({ running: 3, update: { state: 'completed' } })
  })

  it('restores the previous settings after an abort', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping())
    const controller = new AbortController()
    const reason = new Error('enough')
    const onProgress = () => controller.abort(reason)
    const change = { env: { A: '1' }, replicas: 9 }
    await expect(memory.swarm.updateService(id, change, { signal: controller.signal, onProgress })).rejects.toBe(reason)
    await until(async () => (await memory.swarm.inspectService(id)).update?.state === 'completed')
    expect(await memory.swarm.inspectService(id)).toMatchObject({ replicas: 3 })
  })

  it('restores the previous settings after an abort and the time limit also with the failure action `pause`', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping({ update: { failureAction: 'pause' } }))
    const nowhere = { constraints: ['node.hostname==none'] }
    await expect(memory.swarm.updateService(id, nowhere, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { option: 'timeoutMs' },
    })
    expect(await memory.swarm.inspectService(id)).toMatchObject({ constraints: [] })
    const reason = new Error('enough')
    const controller = new AbortController()
    const options = { signal: controller.signal, onProgress: () => controller.abort(reason) }
    await expect(memory.swarm.updateService(id, { env: { A: '1' }, replicas: 9 }, options)).rejects.toBe(reason)
    expect(await memory.swarm.inspectService(id)).toMatchObject({ replicas: 3 })
  })

  it('rejects with `rolledBack: true` after the time limit when tasks of the change end', async () => {
    await using memory = await openCluster()
    const update = { failureAction: 'continue' } as const
    const id = await memory.swarm.createService(sleeping({ replicas: 1, update }))
    const change = { command: ['exit', '3'] }
    await expect(memory.swarm.updateService(id, change, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { rolledBack: true },
    })
    expect(await memory.swarm.inspectService(id)).toMatchObject({ command: ['sleep', '1000'] })
  })

  it('rejects a change that contradicts a setting that it keeps', async () => {
    await using memory = await openCluster()
    const ports = [{ containerPort: 80, mode: 'ingress' }] as const
    const id = await memory.swarm.createService(sleeping({ endpointMode: 'dnsrr' }))
    await expect(memory.swarm.updateService(id, { ports })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'ports[0].mode' },
    })
    const other = await memory.swarm.createService(sleeping({ name: 'published', ports }))
    await expect(memory.swarm.updateService(other, { endpointMode: 'dnsrr' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'endpointMode' },
    })
  })

  it('rejects a change between a number and one task per node', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping())
    await expect(memory.swarm.updateService(id, { replicas: 'one-per-node' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'replicas' },
    })
  })
})

describe('nodes', () => {
  it('moves the tasks of a drained node, and gives it no others', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping())
    await memory.cluster.drain('node-1')
    await until(async () => (await listPlaces(memory.swarm, id)).length === 3)
    expect(await listPlaces(memory.swarm, id)).not.toContain('node-1')
    expect(await memory.runtime.listContainers({ states: ['running'] })).toEqual([])
    expect((await memory.swarm.listNodes())[0]).toMatchObject({ availability: 'drain', state: 'ready' })
  })

  it('starts the tasks of a killed node on other nodes, and counts them as lost', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping())
    await memory.cluster.kill('node-3')
    await until(async () => (await listPlaces(memory.swarm, id)).length === 3)
    expect(await listPlaces(memory.swarm, id)).not.toContain('node-3')
    const lost = (await memory.swarm.listTasks(id)).filter(({ state }) => state === 'lost')
    expect(lost).toMatchObject([{ isDesired: false, containerId: undefined }])
    expect((await memory.swarm.listNodes())[2]).toMatchObject({ state: 'down' })
    await memory.cluster.activate('node-3')
    await memory.swarm.updateService(id, { replicas: 6 })
    expect(await listPlaces(memory.swarm, id)).toContain('node-3')
  })

  it('rejects the kill of the manager, and an unknown node', async () => {
    await using memory = await openCluster()
    await expect(memory.cluster.kill('node-1')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(memory.cluster.drain('node-9')).rejects.toMatchObject({
      facts: { field: 'node', expected: 'node-1, node-2 or node-3' },
    })
  })
})

describe('secrets and configs', () => {
  it('are files in the tasks, and in use while a service has them', async () => {
    await using memory = await openCluster()
    const secretId = await memory.swarm.createSecret('token', Buffer.from('s3cret'))
    const configId = await memory.swarm.createConfig('settings', Buffer.from('a=1'))
    const id = await memory.swarm.createService(
      sleeping({
        replicas: 1,
        command: ['sh', '-c', 'cat /run/secrets/token /etc/settings; sleep 1000'],
        secrets: [{ secretId: 'token', target: '/run/secrets/token' }],
        configs: [{ configId, target: '/etc/settings' }],
      }),
    )
    await using logs = await memory.swarm.serviceLogs(id, { follow: true })
    let output = ''
    for await (const { bytes } of logs) {
      output += Buffer.from(bytes).toString()
      if (output === 's3creta=1') break
    }
    expect(await memory.swarm.inspectService(id)).toMatchObject({
      secrets: [{ secretId, secretName: 'token', target: '/run/secrets/token' }],
      configs: [{ configId, configName: 'settings', target: '/etc/settings' }],
    })
    for (const remove of [() => memory.swarm.removeSecret('token'), () => memory.swarm.removeConfig(configId)]) {
      await expect(remove()).rejects.toMatchObject({ code: 'IN_USE', facts: { users: ['web'] } })
    }
    await memory.swarm.removeService(id)
    await memory.swarm.removeSecret(secretId)
    expect(await memory.swarm.listSecrets()).toEqual([])
    expect((await memory.swarm.listConfigs()).map(({ name }) => name)).toEqual(['settings'])
  })
})

/** Answers each connection with the name of its container. */
const server: MemoryImage = {
  async main({ listen, env, signal }) {
    listen(80, (connection) => void connection.end(`${env.HOSTNAME}`))
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return 0
  },
}

async function listAbsent(plugin: RuntimePlugin) {
  const result = await plugin.probe({ env: {} })
  return result.available ? result.absent : []
}

async function read(host: string, port: number): Promise<string> {
  const socket = connectSocket({ host, port })
  return await text(socket)
}
