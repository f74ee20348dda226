import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  createRuntimeHost,
  networkManagerCapability,
  type RuntimeHost,
  type RuntimeScope,
  requireCapabilities,
  runtimeCapability,
  type ServiceConfig,
  type ServiceProgress,
  type SwarmManager,
  swarmManagerCapability,
  type TaskInfo,
} from '@capstan/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findTestCluster } from '../../../../test/support/test-cluster.js'
import { dockerPlugin } from '../../src/index.js'

const cluster = findTestCluster()
const hosts: RuntimeHost[] = []
let scope: RuntimeScope
let swarm: SwarmManager

beforeAll(async () => {
  scope = await open()
  swarm = requireCapabilities(scope, { swarm: swarmManagerCapability }).swarm
})

afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]()
})

async function open(endpoint: string = cluster.endpoints[0]): Promise<RuntimeScope> {
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint })], app: 'cluster-test', env: {} })
  hosts.push(host)
  return host.open()
}

/** Runs until it is stopped, at once. */
const waiting = ['sh', '-c', 'trap "exit 0" TERM; echo "up on $(hostname)"; sleep 600 & wait']
const update = { monitorMs: 200 }

function service(name: string, config: Partial<ServiceConfig> = {}): ServiceConfig {
  return { name, image: cluster.image, command: waiting, replicas: 1, update, ...config }
}

const isRunning = ({ state, isDesired }: TaskInfo) => state === 'running' && isDesired

describe('a swarm of three nodes', () => {
  test('is managed by its manager, and absent with reason and remedy on a worker', async () => {
    const worker = await open(cluster.endpoints[1])
    const absent = { id: 'swarm-manager', reason: 'the engine is a worker of a swarm' }
    expect(worker.report).toMatchObject({ absent: expect.arrayContaining([expect.objectContaining(absent)]) })
    expect((await swarm.listNodes()).map(({ hostname }) => hostname).sort()).toEqual([...cluster.hostnames])
  })

  test('runs a service on all nodes, whose tasks find each other by name in a network of the cluster', async () => {
    const { networks } = requireCapabilities(scope, { networks: networkManagerCapability })
    const network = await networks.createNetwork('cluster-net', { scope: 'cluster' })
    const command = [
      'sh',
      '-c',
      'trap "exit 0" TERM; hostname > /tmp/index.html; httpd -p 80 -h /tmp; sleep 600 & wait',
    ]
    const common = { networks: ['cluster-net'], command, endpointMode: 'dnsrr' } as const
    const progress: ServiceProgress[] = []
    const config = service('cluster-web', { ...common, replicas: 3, labels: { tier: 'web' } })
    const id = await swarm.createService(config, { onProgress: (event) => progress.push(event) })
    const tasks = await swarm.listTasks(id)
    expect(tasks).toHaveLength(3)
    expect(new Set(tasks.filter(isRunning).map(({ nodeId }) => nodeId)).size).toBe(3)
    expect(progress.at(0)).toMatchObject({ phase: 'starting', desired: 3 })
    expect(progress.at(-1)).toMatchObject({ phase: 'verifying', running: 3, desired: 3 })
    expect(await swarm.inspectService('cluster-web')).toMatchObject({
      id,
      ...{ image: cluster.image, replicas: 3, running: 3, desired: 3, isJob: false, endpointMode: 'dnsrr' },
      ...{ networks: [network], update: undefined, labels: { tier: 'web' } },
    })
    expect((await swarm.listServices({ labels: { tier: 'web' } })).map(({ name }) => name)).toEqual(['cluster-web'])

    const ask =
      'for n in 1 2 3 4 5 6 7 8 9; do wget -qO- http://cluster-web; done; trap "exit 0" TERM; sleep 600 & wait'
    const client = await swarm.createService(service('cluster-client', { ...common, command: ['sh', '-c', ask] }))
    const text = await readUntil(client, (output) => output.trim().split('\n').length >= 9)
    expect(new Set(text.trim().split('\n')).size).toBeGreaterThan(1)
    await expect(networks.removeNetwork(network)).rejects.toMatchObject({ code: 'IN_USE' })
    await Promise.all([swarm.removeService(id), swarm.removeService(client)])
    await networks.removeNetwork(network)
  })

  test('reads the output of the tasks of all nodes, and ends a followed log with the service', async () => {
    const id = await swarm.createService(service('cluster-logs', { replicas: 'one-per-node' }))
    const nodes = await swarm.listNodes()
    await using logs = await swarm.serviceLogs(id, { follow: true, timestamps: true })
    const seen = new Map<string, string>()
    for await (const { nodeId, bytes, timestamp, source } of logs) {
      expect(timestamp).toMatch(/^\d{4}-/)
      expect(source).toBe('stdout')
      seen.set(nodeId, Buffer.from(bytes).toString())
      if (seen.size === 3) void swarm.removeService(id)
    }
    expect([...seen.keys()].sort()).toEqual(nodes.map(({ id: node }) => node).sort())
    expect([...seen.values()].every((line) => /^up on \w+\n$/.test(line))).toBe(true)
    await expect(swarm.inspectService(id)).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND', facts: { id } })
  })

  test('replaces the tasks of an update, and restores the settings when the new image does not exist', async () => {
    const id = await swarm.createService(service('cluster-update', { replicas: 2 }))
    try {
      const before = await swarm.listTasks(id)
      const command = [...waiting.slice(0, 2), `echo changed; ${waiting[2]}`]
      await swarm.updateService(id, { command, env: { LEVEL: '2' } })
      const after = (await swarm.listTasks(id)).filter(isRunning)
      expect(after).toHaveLength(2)
      expect(before.some((old) => after.some((task) => task.id === old.id))).toBe(false)
      expect(await swarm.inspectService(id)).toMatchObject({ command, update: { state: 'completed' } })

      const phases: string[] = []
      const failing = swarm.updateService(
        id,
        { image: 'capstan-test/none:1' },
        { onProgress: ({ phase }) => phases.push(phase) },
      )
      await expect(failing).rejects.toMatchObject({
        code: 'SERVICE_NOT_CONVERGED',
        facts: { service: 'cluster-update', rolledBack: true, reasons: ['No such image: capstan-test/none:1'] },
      })
      expect(phases).toContain('rollingBack')
      expect(await swarm.inspectService(id)).toMatchObject({
        image: cluster.image,
        command,
        update: { state: 'rolledBack' },
      })

      // The rollback has replaced one of them.
      const restored = (await swarm.listTasks(id)).filter(isRunning)
      await swarm.updateService(id, { replicas: 1 })
      const scaled = (await swarm.listTasks(id)).filter(({ state }) => state === 'running')
      expect(restored.map((task) => task.id)).toEqual(expect.arrayContaining(scaled.map((task) => task.id)))
      expect(scaled).toHaveLength(1)
      await expect(swarm.updateService(id, { replicas: 'one-per-node' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: { field: 'replicas' },
      })
    } finally {
      await swarm.removeService(id)
    }
    expect((await swarm.listServices()).filter((found) => found.id === id)).toEqual([])
  })

  test('restores the settings of an update that is aborted', async () => {
    const id = await swarm.createService(service('cluster-abort'))
    const abort = new AbortController()
    const reason = new Error('enough')
    const change = { constraints: ['node.labels.none==yes'] }
    const onProgress = ({ tasks }: ServiceProgress) => {
      if (tasks.some((task) => task.reason?.includes('no suitable node'))) abort.abort(reason)
    }
    await expect(swarm.updateService(id, change, { signal: abort.signal, onProgress })).rejects.toBe(reason)
    expect((await swarm.inspectService(id)).constraints).toEqual([])
    await swarm.removeService(id)
  })

  test('gives secrets and configs to tasks, and keeps them while a service uses them', async () => {
    const secret = await swarm.createSecret('cluster-secret', Buffer.from('s3cret\n'))
    const settings = await swarm.createConfig('cluster-config', Buffer.from('level=1\n'), { labels: { kind: 'x' } })
    await expect(swarm.createSecret('cluster-secret', Buffer.from('x'))).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { holderId: secret, sameOwner: true },
    })
    const files = {
      secrets: [{ secretId: 'cluster-secret', target: '/run/secrets/token' }],
      configs: [{ configId: settings, target: '/etc/settings' }],
    }
    const command = ['sh', '-c', 'cat /run/secrets/token /etc/settings; trap "exit 0" TERM; sleep 600 & wait']
    const id = await swarm.createService(service('cluster-files', { command, ...files }))
    expect(await readUntil(id, (text) => text.includes('level'))).toBe('s3cret\nlevel=1\n')
    expect(await swarm.inspectService(id)).toMatchObject({
      secrets: [{ secretId: secret, secretName: 'cluster-secret', target: '/run/secrets/token' }],
      configs: [{ configId: settings, configName: 'cluster-config', target: '/etc/settings' }],
    })
    const inUse = { code: 'IN_USE', facts: { users: ['cluster-files'] } }
    await expect(swarm.removeSecret(secret)).rejects.toMatchObject(inUse)
    await expect(swarm.removeConfig('cluster-config')).rejects.toMatchObject(inUse)
    await swarm.removeService(id)
    await swarm.removeSecret(secret)
    await swarm.removeConfig('cluster-config')
    await swarm.removeSecret(secret)
    expect([...(await swarm.listSecrets()), ...(await swarm.listConfigs())]).toEqual([])
    const missing = { secrets: [{ secretId: 'cluster-secret', target: '/run/x' }] }
    await expect(swarm.createService(service('cluster-files', missing))).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
      facts: { id: 'cluster-secret' },
    })
  })

  test('rejects a service whose image no node has, after three rejections, and removes it', async () => {
    const creating = swarm.createService(service('cluster-image', { image: 'capstan-test/none:1', replicas: 2 }))
    await expect(creating).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      facts: { image: 'capstan-test/none:1' },
      undoFailures: [],
    })
    await expect(swarm.inspectService('cluster-image')).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND' })
  })

  test('rejects with TIMED_OUT and the reason when no node is suitable, and removes the service', async () => {
    const config = service('cluster-place', { constraints: ['node.labels.gpu==yes'] })
    await expect(swarm.createService(config, { timeoutMs: 1500 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { phase: '0 of 1 tasks run', lastLines: [expect.stringContaining('no suitable node')] },
    })
    expect((await swarm.listServices()).map(({ name }) => name)).not.toContain('cluster-place')
  })

  test('rejects with SERVICE_NOT_CONVERGED and the exit code when the tasks end', async () => {
    const config = service('cluster-exit', { command: ['sh', '-c', 'exit 5'] })
    await expect(swarm.createService(config, { timeoutMs: 3000 })).rejects.toMatchObject({
      code: 'SERVICE_NOT_CONVERGED',
      facts: { service: 'cluster-exit', desired: 1, rolledBack: false, reasons: ['task: non-zero exit (5)'] },
    })
    await expect(swarm.listTasks('cluster-exit')).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND' })
  })

  test('publishes a port on the node of its task', async () => {
    const command = [
      'sh',
      '-c',
      'trap "exit 0" TERM; hostname > /tmp/index.html; httpd -p 80 -h /tmp; sleep 600 & wait',
    ]
    const id = await swarm.createService(service('cluster-port', { command, ports: [{ containerPort: 80 }] }))
    const [task] = (await swarm.listTasks(id)).filter(isRunning)
    const node = (await swarm.listNodes()).find((found) => found.id === task?.nodeId)
    const [port] = task?.ports ?? []
    expect(port).toMatchObject({ containerPort: 80, protocol: 'tcp' })
    const answer = await fetch(`http://${node?.address}:${port?.hostPort}/`)
    expect((await answer.text()).trim()).toBe(task?.containerId?.slice(0, 12))
    const { runtime } = requireCapabilities(scope, { runtime: runtimeCapability })
    await expect(swarm.createService(service('cluster-port'))).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name: 'cluster-port', holderId: id, sameOwner: true },
    })
    await expect(swarm.createService(service('cluster-local', { networks: ['none-such'] }))).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
    })
    await expect(
      swarm.createService(service('cluster-local', { networks: ['bridge', 'docker_gwbridge'] })),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'networks[1]' } })
    await swarm.removeService(id)
    // Its node removes the container after it has ended.
    const listOwn = async () => (await runtime.listContainers()).filter(({ name }) => name.startsWith('cluster-'))
    await expect.poll(listOwn).toEqual([])
  })

  test('sweeps the service, secret, config and network of a killed process, and no task by itself', async () => {
    const script = fileURLToPath(new URL('create-services.mjs', import.meta.url))
    const env = { ...process.env, DOCKER_HOST: cluster.endpoints[0] }
    const child = spawn(process.execPath, [script, 'cluster-swept', cluster.image], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited])
    child.kill('SIGKILL')
    await exited
    // A worker sees containers of tasks and removes none.
    const onWorker = await (await open(cluster.endpoints[1])).sweep({ app: 'cluster-sweep' })
    expect(onWorker).toMatchObject({ removed: [], failed: [] })
    const { removed, kept, failed } = await scope.sweep({ app: 'cluster-sweep' })
    expect(removed.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'service cluster-swept',
      'secret cluster-swept',
      'config cluster-swept',
      'network cluster-swept',
    ])
    expect([kept, failed]).toEqual([[], []])
    expect(await scope.sweep({ app: 'cluster-sweep' })).toMatchObject({ removed: [] })
  })

  test('moves the tasks of a node that is drained, and of one that dies', async () => {
    const id = await swarm.createService(service('cluster-move', { replicas: 2, constraints: ['node.role==worker'] }))
    const find = async (hostname: string) => (await swarm.listNodes()).find((node) => node.hostname === hostname)
    const [, second, third] = cluster.hostnames
    const drained = await find(second)
    await setAvailability(drained?.id ?? '', 'drain')
    await expect
      .poll(async () => (await swarm.listTasks(id)).filter(isRunning).map(({ nodeId }) => nodeId))
      .toEqual([(await find(third))?.id, (await find(third))?.id])
    expect((await find(second))?.availability).toBe('drain')
    await setAvailability(drained?.id ?? '', 'active')

    const lost = (await find(third))?.id
    await cluster.kill(3)
    try {
      await expect
        .poll(async () => (await swarm.listTasks(id)).filter(isRunning).map(({ nodeId }) => nodeId), {
          timeout: 40_000,
        })
        .toEqual([drained?.id, drained?.id])
      expect((await swarm.listNodes()).find((node) => node.id === lost)?.state).toBe('down')
      const states = (await swarm.listTasks(id)).filter(({ nodeId }) => nodeId === lost).map(({ state }) => state)
      expect(states).toContain('lost')
      expect(await readUntil(id, (text) => text.includes('up on'))).toContain('up on')
      await swarm.removeService(id)
    } finally {
      await cluster.revive()
    }
    expect((await swarm.listNodes()).map(({ state }) => state)).toEqual(['ready', 'ready', 'ready'])
  }, 120_000)
})

/** Reads the log of a service until it is as expected. */
async function readUntil(id: string, isExpected: (text: string) => boolean): Promise<string> {
  let text = ''
  const read = async () => {
    text = ''
    for await (const { bytes } of await swarm.serviceLogs(id)) text += Buffer.from(bytes).toString()
    return isExpected(text)
  }
  await expect.poll(read).toBe(true)
  return text
}

/** As `docker node update --availability`. */
async function setAvailability(id: string, Availability: 'active' | 'drain'): Promise<void> {
  const node: SwarmNode = JSON.parse(await request('GET', `/nodes/${id}`))
  const query = `version=${node.Version.Index}`
  await request('POST', `/nodes/${id}/update?${query}`, JSON.stringify({ ...node.Spec, Availability }))
}

interface SwarmNode {
  readonly Version: { readonly Index: number }
  readonly Spec: object
}

async function request(method: string, path: string, body = ''): Promise<string> {
  const socketPath = cluster.endpoints[0].slice('unix://'.length)
  const headers = { 'content-type': 'application/json' }
  return await new Promise((resolve, reject) => {
    const sent = http.request({ socketPath, method, path, headers }, (response) => {
      if ((response.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path} answered ${response.statusCode}`))
      text(response).then(resolve, reject)
    })
    sent.on('error', reject).end(body)
  })
}
