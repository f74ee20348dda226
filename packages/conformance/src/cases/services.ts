import {
  jobManagerCapability,
  networkManagerCapability,
  type ServiceConfig,
  type ServiceProgress,
  type SwarmManager,
  swarmManagerCapability,
  type TaskInfo,
} from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { expect, expectEqual, toIds, toNames } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually, within } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts, expectUndoneByAbort } from '../steps/abort.js'
import { collectBytes } from '../steps/collect.js'
import { inBackground } from '../steps/in-background.js'
import { createNetwork } from '../steps/networks.js'
import { createService, readServiceLog, toServiceConfig } from '../steps/services.js'

export const serviceCases: readonly ConformanceCase[] = defineCases(
  { capability: swarmManagerCapability, timeLimitFactor: 3 },
  {
    'SVC-001': {
      title: 'createService resolves when all tasks run, which the lists and the inspection show, until it is removed',
      run: async (context) => {
        const labels = { 'conformance.case': context.uniqueName('case') }
        const { id, name, swarm } = await createService(context, { replicas: 2, labels })
        const inspected = await swarm.inspectService(name)
        const { createdAt: _1, updatedAt: _2, update, endpointMode, command, ...info } = inspected
        const { networks, constraints, secrets, configs, ...entry } = info
        expectEqual(
          { id: entry.id, name: entry.name, image: entry.image, replicas: entry.replicas, isJob: entry.isJob },
          { id, name, image: context.image, replicas: 2, isJob: false },
          'the service',
        )
        expectEqual([entry.running, entry.desired], [2, 2], 'the running and the desired tasks')
        expectEqual([update, endpointMode, command], [undefined, 'vip', context.programs.sleep(60)], 'the settings')
        expectEqual([networks, constraints, secrets, configs], [[], [], [], []], 'the lists')
        expectEqual(await swarm.listServices({ labels }), [entry], 'the listed services with the label')
        const tasks = await listDesired(swarm, id)
        expectEqual(
          tasks.map(({ slot, state }) => [slot, state]).toSorted(),
          [
            [1, 'running'],
            [2, 'running'],
          ],
          'the tasks',
        )
        const nodeIds = toIds(await swarm.listNodes())
        for (const task of tasks) {
          expect(nodeIds.includes(task.nodeId ?? ''), 'a node of the cluster', task.nodeId)
          expect((task.containerId ?? '') !== '', 'the id of a container', task.containerId)
        }
        await swarm.removeService(name)
        await swarm.removeService(id)
        await expectHostError('SERVICE_NOT_FOUND', () => swarm.listTasks(id), { id })
        expectEqual(await swarm.listServices({ labels }), [], 'the services after the removal')
      },
    },
    'SVC-002': {
      title: 'constraints choose the node, and one task per node runs on each active node',
      run: async (context) => {
        const swarm = context.require(swarmManagerCapability)
        const nodes = await swarm.listNodes()
        const active = nodes.filter(({ state, availability }) => state === 'ready' && availability === 'active')
        const [chosen] = active
        expect(chosen !== undefined, 'an active node', nodes)
        expectEqual(nodes.filter(({ isLeader }) => isLeader).length, 1, 'the number of leaders')
        const pinned = await createService(context, { replicas: 2, constraints: [`node.id==${chosen.id}`] })
        const everywhere = await createService(context, { replicas: 'one-per-node' })
        const places = async (id: string) => (await listDesired(swarm, id)).map(({ nodeId }) => nodeId).toSorted()
        expectEqual(await places(pinned.id), [chosen.id, chosen.id], 'the nodes of the constrained service')
        expectEqual(await places(everywhere.id), toIds(active).toSorted(), 'the nodes with one task each')
        expectEqual((await swarm.inspectService(everywhere.id)).replicas, 'one-per-node', 'the replicas')
      },
    },
    'SVC-003': {
      title: 'updateService changes the number of tasks and keeps the others; an unknown service is SERVICE_NOT_FOUND',
      run: async (context) => {
        const { id, name, swarm } = await createService(context, { replicas: 1 })
        const [first] = await listDesired(swarm, id)
        await swarm.updateService(name, { replicas: 3 }, { signal: context.signal })
        const scaled = await listDesired(swarm, id)
        expectEqual([scaled.length, toIds(scaled).includes(first?.id ?? '')], [3, true], 'the tasks after scaling up')
        await swarm.updateService(id, { replicas: 0 }, { signal: context.signal })
        expectEqual((await swarm.inspectService(id)).desired, 0, 'the desired tasks')
        const missing = context.uniqueName('missing')
        const facts = { id: missing }
        await expectHostError('SERVICE_NOT_FOUND', () => swarm.updateService(missing, { replicas: 1 }), facts)
        await expectHostError('SERVICE_NOT_FOUND', () => swarm.inspectService(missing), facts)
        await expectHostError('SERVICE_NOT_FOUND', () => swarm.listTasks(missing), facts)
        await expectHostError('SERVICE_NOT_FOUND', async () => readServiceLog(await swarm.serviceLogs(missing)), facts)
        const mode = { replicas: 'one-per-node' } as const
        await expectHostError('INVALID_ARGUMENT', () => swarm.updateService(id, mode), { field: 'replicas' })
      },
    },
    'SVC-004': {
      title:
        'updateService replaces the tasks with progress, and reports a rollback after which the old settings apply',
      timeLimitFactor: 4,
      run: async (context) => {
        const { programs, signal } = context
        const { id, swarm } = await createService(context, { replicas: 2 })
        const before = toIds(await listDesired(swarm, id))
        const progress: ServiceProgress[] = []
        const onProgress = (event: ServiceProgress) => progress.push(event)
        const command = programs.sleep(61)
        await swarm.updateService(id, { command }, { signal, onProgress })
        const replaced = await listDesired(swarm, id)
        expect(!toIds(replaced).some((task) => before.includes(task)), 'other tasks', replaced)
        const last = progress.at(-1)
        expectEqual([last?.running, last?.desired], [2, 2], 'the last progress')
        expectEqual((await swarm.inspectService(id)).update?.state, 'completed', 'the state of the update')
        const error = await expectHostError('SERVICE_NOT_CONVERGED', () =>
          swarm.updateService(id, { command: programs.exit(3) }, { signal }),
        )
        expectEqual([error.facts.rolledBack, error.facts.desired], [true, 2], 'the facts')
        expect(error.facts.reasons.length > 0, 'the reasons of the tasks', error.facts.reasons)
        const restored = await eventually('the previous settings', async () => {
          const inspected = await swarm.inspectService(id)
          return inspected.update?.state === 'rolledBack' && inspected.running === 2 ? inspected : undefined
        })
        expectEqual(restored.command, command, 'the command after the rollback')
      },
    },
    'SVC-005': {
      title:
        'createService rejects early with IMAGE_NOT_FOUND for an image that no node has or finds, and leaves nothing',
      timeLimitFactor: 4,
      run: async (context) => {
        const image = '127.0.0.1:1/conformance/absent:1'
        await expectHostError('IMAGE_NOT_FOUND', () => createService(context, { image, replicas: 3 }), { image })
        expectEqual(await context.listCreated(), [], 'the resources that remain')
      },
    },
    'SVC-006': {
      title:
        'createService rejects after its time limit with the reasons: TIMED_OUT without a node, else SERVICE_NOT_CONVERGED',
      run: async (context) => {
        const nowhere = { constraints: ['node.hostname==conformance-none'] }
        const pending = await expectHostError('TIMED_OUT', () => createService(context, nowhere, { timeoutMs: 1500 }))
        expect(
          pending.facts.lastLines.some((line) => line.includes('no suitable node')),
          'the reason',
          pending.facts,
        )
        const failing = { command: context.programs.exit(3) }
        const failed = await expectHostError('SERVICE_NOT_CONVERGED', () =>
          createService(context, failing, { timeoutMs: 2500 }),
        )
        expectEqual([failed.facts.desired, failed.facts.rolledBack], [1, false], 'the facts')
        expect(
          failed.facts.reasons.some((reason) => reason.includes('3')),
          'the exit code',
          failed.facts.reasons,
        )
        expectEqual(await context.listCreated(), [], 'the resources that remain')
      },
    },
    'SVC-007': {
      title:
        'serviceLogs has the output of all tasks with task and node, and follows, also new tasks, until the service is removed',
      run: async (context) => {
        const command = context.programs.echoThenSleep('to-out')
        const { id, swarm } = await createService(context, { replicas: 2, command })
        const tasks = await listDesired(swarm, id)
        const whole = await eventually('the output of both tasks', async () => {
          const read = await readServiceLog(await swarm.serviceLogs(id))
          return [...read.values()].filter(({ stdout }) => stdout !== '').length === 2 ? read : undefined
        })
        for (const { id: taskId, nodeId } of tasks) {
          expectEqual(whole.get(taskId), { nodeId, stdout: 'to-out\n', stderr: '' }, 'the output of a task')
        }
        expectEqual(
          (await readServiceLog(await swarm.serviceLogs(id, { tailLines: 0 }))).size,
          0,
          'tasks without lines',
        )
        const tail = await readServiceLog(await swarm.serviceLogs(id, { tailLines: 1, stderr: false }))
        expectEqual(
          [...tail.values()].map(({ stdout }) => stdout),
          ['to-out\n', 'to-out\n'],
          'the last lines',
        )
        const followed: Parameters<typeof readServiceLog>[1] = new Map()
        const stream = await swarm.serviceLogs(id, { follow: true, signal: context.signal })
        const following = inBackground(readServiceLog(stream, followed))
        await eventually('the followed output of both tasks', () => followed.size === 2 || undefined)
        await swarm.updateService(id, { replicas: 3 }, { signal: context.signal })
        await eventually('the followed output of the new task', () => followed.size === 3 || undefined)
        await swarm.removeService(id)
        await within(20_000, 'the end of the stream', following.result)
        const texts = [...followed.values()].map(({ stdout, stderr }) => [stdout, stderr])
        expectEqual(texts, Array(3).fill(['to-out\n', '']), 'the followed output')
      },
    },
    'SVC-008': {
      title: 'secrets and configs are files in tasks, cannot be removed while in use, and their names are unique',
      run: async (context) => {
        const swarm = context.require(swarmManagerCapability)
        const [secretName, configName] = [context.uniqueName('secret'), context.uniqueName('config')]
        const labels = { 'conformance.case': context.uniqueName('case') }
        const secretId = await swarm.createSecret(secretName, Buffer.from('s3cret\n'), { labels })
        context.defer('secret', (own) => swarm.removeSecret(secretId, own))
        const configId = await swarm.createConfig(configName, Buffer.from('a=1\n'), { labels })
        context.defer('config', (own) => swarm.removeConfig(configId, own))
        expectEqual(toIds(await swarm.listSecrets({ labels })), [secretId], 'the listed secrets')
        expectEqual(toNames(await swarm.listConfigs({ labels })), [configName], 'the listed configs')
        const taken = { name: secretName, holderId: secretId, sameOwner: true }
        await expectHostError('NAME_CONFLICT', () => swarm.createSecret(secretName, Buffer.from('b')), taken)
        await expectHostError('NAME_CONFLICT', () => swarm.createConfig(configName, Buffer.from('b')))
        const secrets = [{ secretId: secretName, target: '/run/secrets/token' }]
        const configs = [{ configId, target: '/etc/conformance.conf' }]
        const command = context.programs.readThenSleep('/run/secrets/token')
        const { id, name } = await createService(context, { command, secrets, configs })
        const reader = { command: context.programs.readThenSleep('/etc/conformance.conf'), configs }
        for (const [service, content] of [
          [id, 's3cret'],
          [(await createService(context, reader)).id, 'a=1'],
        ] as const) {
          const output = await eventually(`the file in the log of service ${service}`, async () => {
            const [task] = (await readServiceLog(await swarm.serviceLogs(service))).values()
            return task && task.stdout + task.stderr
          })
          expectEqual(output.trim(), content, 'the content of the file')
          if (service !== id) await swarm.removeService(service)
        }
        const inspected = await swarm.inspectService(id)
        expectEqual(inspected.secrets, [{ secretId, secretName, target: '/run/secrets/token' }], 'the secrets')
        expectEqual(inspected.configs, [{ configId, configName, target: '/etc/conformance.conf' }], 'the configs')
        await expectHostError('IN_USE', () => swarm.removeSecret(secretName), { users: [name] })
        await expectHostError('IN_USE', () => swarm.removeConfig(configId), { users: [name] })
        await swarm.removeService(id)
        await swarm.removeSecret(secretName)
        await swarm.removeConfig(configId)
        await swarm.removeSecret(secretId)
        await swarm.removeConfig(configId)
        expectEqual(await swarm.listSecrets({ labels }), [], 'the secrets after the removal')
        const absent = { secrets: [{ secretId, target: '/token' }] }
        await expectHostError('SECRET_NOT_FOUND', () => createService(context, absent), { id: secretId })
        const unknown = { configs: [{ configId, target: '/conf' }] }
        await expectHostError('CONFIG_NOT_FOUND', () => createService(context, unknown), { id: configId })
      },
    },
    'SVC-009': {
      title: 'the name of a service resolves to its tasks in a network of the cluster, and other networks are rejected',
      needs: [networkManagerCapability, jobManagerCapability],
      requiredOptions: ['networks.cluster'],
      run: async (context) => {
        const { programs, signal } = context
        const networkId = await createNetwork(context, { scope: 'cluster' })
        const command = programs.listen(7070, 'from-service')
        const networks = [networkId]
        const { id, name, swarm } = await createService(context, {
          replicas: 2,
          endpointMode: 'dnsrr',
          command,
          networks,
        })
        expectEqual((await swarm.inspectService(id)).networks, [networkId], 'the networks of the service')
        const ingress = { ports: [{ containerPort: 7070, mode: 'ingress' }] } as const
        await expectHostError('INVALID_ARGUMENT', () => swarm.updateService(id, ingress), { field: 'ports[0].mode' })
        const jobs = context.require(jobManagerCapability)
        const job = { image: context.image, command: programs.connect(name, 7070), networks }
        await eventually('a connection to the service', async () => {
          const stdout = collectBytes()
          const { exitCode } = await jobs.runJob(job, { stdout: stdout.stream, signal })
          return (exitCode === 0 && stdout.text().includes('from-service')) || undefined
        })
        const local = await createNetwork(context)
        await expectHostError('INVALID_ARGUMENT', () => createService(context, { networks: [local] }), {
          field: 'networks[0]',
        })
        const missing = context.uniqueName('network')
        await expectHostError('NETWORK_NOT_FOUND', () => createService(context, { networks: [missing] }))
      },
    },
    'SVC-010': {
      title: 'invalid settings of services, changes, secrets and configs reject with INVALID_ARGUMENT and the field',
      run: async (context) => {
        const swarm = context.require(swarmManagerCapability)
        const create = (config: object) => () =>
          swarm.createService({ ...toServiceConfig(context, {}), ...config } as ServiceConfig)
        const rejections: readonly (readonly [field: string, call: () => Promise<unknown>])[] = [
          ['name', create({ name: '-x' })],
          ['replicas', create({ replicas: -1 })],
          ['replicas', create({ replicas: 'all' })],
          ['image', create({ image: '--privileged' })],
          ['endpointMode', create({ endpointMode: 'x' })],
          ['ports[0].containerPort', create({ ports: [{ containerPort: 0 }] })],
          ['ports[0].mode', create({ ports: [{ containerPort: 80, mode: 'ingress' }], endpointMode: 'dnsrr' })],
          [
            'ports[1]',
            create({
              ports: [
                { containerPort: 80, hostPort: 8080 },
                { containerPort: 81, hostPort: 8080, mode: 'ingress' },
              ],
            }),
          ],
          ['update.monitorMs', create({ update: { monitorMs: 0 } })],
          ['constraints[0]', create({ constraints: ['gpu'] })],
          ['timeoutMs', () => swarm.createService(toServiceConfig(context, {}), { timeoutMs: 0 })],
          ['change', () => swarm.updateService('x', {})],
          ['name', () => swarm.createSecret('', Buffer.from('a'))],
          ['value', () => swarm.createSecret('a', new Uint8Array())],
          ['value', () => swarm.createConfig('a', new Uint8Array(512_000))],
        ]
        for (const [field, call] of rejections) await expectHostError('INVALID_ARGUMENT', call, { field })
        expectEqual(await context.listCreated(), [], 'the created resources')
      },
    },
    'SVC-011': {
      title: 'an aborted createService rejects with the reason itself and leaves nothing, at any time',
      run: async (context) => {
        const create = async (options: object) => (await createService(context, {}, options)).id
        const remove = (id: string) => context.require(swarmManagerCapability).removeService(id)
        await expectUndoneByAbort(context, create, remove, { delaysMs: [0, 10, 200] })
        const nowhere = { constraints: ['node.hostname==conformance-none'] }
        await expectAborts((options) => createService(context, nowhere, options), { limitMs: 15_000 })
        expectEqual(await context.listCreated(), [], 'the resources that remain')
      },
    },
    'SVC-012': {
      title: 'a sweep removes the services, secrets and configs of an ended owner, and a name is taken for all owners',
      requiredOptions: ['labels'],
      run: async (context) => {
        const labels = { 'conformance.case': context.uniqueName('case') }
        const pid = '4194305' // one more than the highest pid on Linux
        const owner = await context.open({
          relabel: (ownerLabels) => ({ ...ownerLabels, [ownershipLabelKeys.pid]: pid }),
        })
        const other = context.require(swarmManagerCapability, owner)
        const secretId = await other.createSecret(context.uniqueName('secret'), Buffer.from('a'), { labels })
        context.defer('secret', (own) => context.require(swarmManagerCapability).removeSecret(secretId, own))
        const configId = await other.createConfig(context.uniqueName('config'), Buffer.from('a'), { labels })
        context.defer('config', (own) => context.require(swarmManagerCapability).removeConfig(configId, own))
        const secrets = [{ secretId, target: '/token' }]
        const { id, name } = await createService(context, { labels, secrets }, { scope: owner })
        const conflict = { name, holderId: id, sameOwner: false }
        await expectHostError('NAME_CONFLICT', () => createService(context, { name }), conflict)
        const sweeper = await context.open({ onlyLabelled: labels })
        const { removed, kept, failed } = await sweeper.sweep({ signal: context.signal })
        const found = removed.map((item) => [item.kind, item.id])
        expectEqual(
          found,
          [
            ['service', id],
            ['secret', secretId],
            ['config', configId],
          ],
          'the removed resources',
        )
        expectEqual([kept, failed], [[], []], 'the kept and failed resources')
      },
    },
  },
)

/** Lists the tasks whose desired state is to run. */
async function listDesired(swarm: SwarmManager, id: string): Promise<readonly TaskInfo[]> {
  return (await swarm.listTasks(id)).filter(({ isDesired }) => isDesired)
}
