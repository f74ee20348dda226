// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a text has a variable of Compose
import {
  type ComposeProgress,
  type ComposeUpOptions,
  composeManagerCapability,
  networkManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { expect, expectEqual, toNames } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { type CaseProject, type ComposeDocument, createProject, healthyWhen, toContainerIds } from '../steps/compose.js'
import { createContainer } from '../steps/containers.js'
import { expectServed, findFreeEnginePort } from '../steps/engine-machine.js'
import { readLogText } from '../steps/logs.js'
import { createNetwork } from '../steps/networks.js'
import { createVolume } from '../steps/volumes.js'

/** What each service uses. */
const requiredOptions = ['name', 'labels', 'command', 'network', 'network.aliases'] as const
const volumes = ['mounts', 'mounts.volume'] as const

export const composeCases: readonly ConformanceCase[] = defineCases(composeManagerCapability, {
  'CMP-001': {
    title: 'readProject merges files, replaces variables, leaves out inactive profiles, and creates nothing',
    // The first use of a project loads or starts what reads it.
    timeLimitFactor: 2,
    run: async (context) => {
      const project = await createProject(context)
      const { name, directory, compose } = project
      await project.writeFile('.env', 'REPLICAS=2\nTAG=from-file\n')
      const base = await project.writeFile('base.yaml', readBase)
      const override = await project.writeFile('override.yaml', 'services: {web: {image: "app:$TAG"}}\n')
      const source = { name, files: [base, override], env: { TAG: 'given' } } as const
      const read = await compose.readProject(source, { signal: context.signal })
      expectEqual(read, toExpectedProject(name), 'the project')
      const envFiles = [await project.writeFile('other.env', 'REPLICAS=1\nTAG=other\n')]
      const web = (await compose.readProject({ ...source, env: {}, envFiles })).services.at(-1)
      expectEqual([web?.image, web?.replicas], ['app:other', 1], 'the service with another environment file')
      const withDebug = await compose.readProject({ ...source, profiles: ['debug'] })
      expectEqual(toNames(withDebug.services), ['db', 'debug', 'migrate', 'web'], 'the services with a profile')
      const env = { COMPOSE_PROFILES: 'debug', COMPOSE_PROJECT_NAME: 'other', COMPOSE_DISABLE_ENV_FILE: 'true' }
      const content = 'services: {a: {image: "$COMPOSE_PROJECT_NAME:$TAG"}, debug: {image: b, profiles: [debug]}}'
      const { services } = await compose.readProject({ name, directory, content, env })
      const images = services.map(({ image }) => image)
      expectEqual(images, [`${name}:from-file`, 'b'], 'the images with variables of Compose')
      const text = { name, directory, content: 'services: {only: {image: "x:$REPLICAS"}}' }
      const [only] = (await compose.readProject(text)).services
      expectEqual(only?.image, 'x:2', 'the image of a project that is given as a text')
      expectEqual(await compose.listServices(name), [], 'the services on the engine')
    },
  },
  'CMP-002': {
    title:
      'readProject and up reject faults of a file with INVALID_ARGUMENT, the file or the place, and no side effect',
    timeLimitFactor: 2,
    run: async (context) => {
      const { name, directory, compose, ...project } = await createProject(context)
      const file = await project.writeFile('faulty.yaml', '')
      for (const [text, place] of faults) {
        await project.writeFile('faulty.yaml', text)
        const source = { name, files: [file] } as const
        const read = await expectHostError('INVALID_ARGUMENT', () => compose.readProject(source))
        const { field, given } = read.facts
        expect(`${field} ${given}`.includes(place), `${place} in the field or the given value`, [field, given])
        await expectHostError('INVALID_ARGUMENT', () => compose.up(source))
      }
      const missing = `${directory}/missing.yaml`
      const { facts } = await expectHostError('INVALID_ARGUMENT', () => compose.readProject({ name, files: [missing] }))
      expect(`${facts.field} ${facts.given}`.includes('missing.yaml'), 'the missing file in the error', facts)
      expectEqual(await context.listCreated(), [], 'the created objects')
    },
  },
  'CMP-003': {
    title: 'invalid names, paths, services, jobs and options reject with INVALID_ARGUMENT and the field',
    run: async (context) => {
      const project = await createProject(context)
      const { compose } = project
      const source = await project.write({ services: { app: { command: context.programs.sleep(60) } } })
      const rejections: readonly (readonly [field: string, call: () => Promise<unknown>])[] = [
        ['source.name', () => compose.readProject({ ...source, name: 'Bad Name' })],
        ['source.files[0]', () => compose.up({ ...source, files: ['relative.yaml'] })],
        ['readyTimeoutMs', () => compose.up(source, { readyTimeoutMs: 0 })],
        ['services[0]', () => compose.up(source, { services: ['missing'] })],
        ['jobs[0]', () => compose.up(source, { jobs: ['missing'] })],
        ['scale["missing"]', () => compose.up(source, { scale: { missing: 1 } })],
        ['dependencies', () => compose.up(source, { dependencies: false })],
        ['project', () => compose.down('Bad Name')],
        ['graceMs', () => compose.down(project.name, { graceMs: -1 })],
        ['project', () => compose.listServices('')],
      ]
      for (const [field, call] of rejections) {
        const { facts } = await expectHostError('INVALID_ARGUMENT', call)
        // A runtime that reads the project by another program may not know the index.
        expect(field.startsWith(facts.field), `the field ${field}`, facts.field)
      }
      expectEqual(await context.listCreated(), [], 'the created objects')
    },
  },
  'CMP-004': {
    title: 'up starts services after their dependencies, which they reach by name, and resolves when all are ready',
    requiredOptions: [...requiredOptions, ...volumes, 'healthcheck', 'pull'],
    needs: [networkManagerCapability, volumeManagerCapability],
    timeLimitFactor: 2,
    run: async (context) => {
      const { programs, runtime, signal } = context
      const project = await createProject(context)
      const source = await project.write({
        services: {
          web: {
            command: programs.connect('db', 7070),
            restart: 'no',
            depends_on: {
              db: { condition: 'service_healthy' },
              setup: { condition: 'service_completed_successfully' },
            },
          },
          db: { command: programs.listen(7070, 'from-db'), ...healthyWhen(programs.exit(0)) },
          setup: { command: programs.write('/data/ready', 'ready'), volumes: ['data:/data'] },
          reader: {
            command: programs.read('/data/ready'),
            volumes: ['data:/data:ro'],
            depends_on: { setup: { condition: 'service_completed_successfully' } },
          },
        },
        volumes: { data: {} },
      })
      const events: ComposeProgress[] = []
      const onProgress = (event: ComposeProgress) => events.push(event)
      const jobs = ['web', 'reader']
      const up = await project.compose.up(source, { jobs, pull: 'never', signal, onProgress })
      const states = up.services.map(({ service, containers }) => [service, ...containers.map(toState)])
      const exited = 'exited undefined 0'
      expectEqual(
        states,
        [
          ['db', 'running healthy undefined'],
          ['reader', exited],
          ['setup', exited],
          ['web', exited],
        ],
        'the services',
      )
      expectEqual(await project.compose.listServices(project.name, { signal }), up.services, 'the listed services')
      const [web = '', reader = ''] = jobs.flatMap((job) => toContainerIds(up.services, job))
      expectEqual((await readLogText(context, web)).trim(), 'from-db', 'the log of the service that connects')
      expectEqual((await readLogText(context, reader)).trim(), 'ready', 'the log of the service that reads the volume')
      const kinds = new Set(events.map(({ kind, service }) => `${kind} ${service ?? ''}`.trim()))
      for (const kind of ['network', 'volume', 'container db', 'container web'])
        expect(kinds.has(kind), `progress of ${kind}`, [...kinds])
      const labelled = await runtime.listContainers({ labels: { 'com.docker.compose.project': project.name } })
      expect(
        labelled.every(({ labels }) => ownershipLabelKeys.instance in labels),
        'labels of the owner on all containers',
        labelled,
      )
    },
  },
  'CMP-005': {
    title: 'up again keeps unchanged containers, adds labels only when given, and follows the number of replicas',
    requiredOptions,
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const up = async (scale: number) => {
        const source = await project.write({ services: { app: { command: programs.exitOnSignal('TERM', 0), scale } } })
        const { services } = await project.compose.up(source, { labels: { conformance: 'given' }, signal })
        return toContainerIds(services, 'app')
      }
      const [first] = await up(1)
      const [kept, second, ...none] = await up(2)
      expectEqual([kept, none], [first, []], 'the first container and further ones')
      expect(second !== undefined && second !== first, 'a second container', second)
      expectEqual(await up(1), [first], 'the containers after the number was reduced')
      const [listed] = await context.runtime.listContainers({ labels: { conformance: 'given' }, signal })
      expectEqual(listed?.id, first, 'the container with the given label')
    },
  },
  'CMP-006': {
    title: 'up with services starts these, also of inactive profiles, and their dependencies; listProjects shows them',
    requiredOptions: [...requiredOptions, 'ports', 'ports.hostPort'],
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const port = await findFreeEnginePort(context)
      const source = await project.write({
        services: {
          web: { command: programs.listen(7070, 'published'), ports: [`127.0.0.1:${port}:7070`], depends_on: ['db'] },
          db: { command: programs.sleep(60) },
          debug: { command: programs.sleep(60), profiles: ['debug'], depends_on: ['db'] },
          other: { command: programs.sleep(60) },
          inactive: { command: programs.sleep(60), profiles: ['debug'] },
        },
      })
      const { services } = await project.compose.up(source, { services: ['web', 'debug'], signal })
      expectEqual(toServices(services), ['db', 'debug', 'web'], 'the started services')
      const bindings = services.flatMap(({ containers }) => containers.flatMap(({ ports }) => ports))
      expectEqual(
        bindings.map(({ hostPort, containerPort }) => [hostPort, containerPort]),
        [[port, 7070]],
        'the published ports',
      )
      await expectServed(context, { hostPort: port }, 'published')
      const found = (await project.compose.listProjects({ signal })).find(({ name }) => name === project.name)
      expectEqual(found?.services, ['db', 'debug', 'web'], 'the services of the listed project')
      const none = await project.compose.listProjects({ labels: { conformance: context.uniqueName('none') }, signal })
      expectEqual(none, [], 'the projects with a label that no container has')
    },
  },
  'CMP-007': {
    title: 'a service that exits rejects up with SERVICE_NOT_READY, its exit code and last lines, and nothing is left',
    requiredOptions: [...requiredOptions, ...volumes, 'healthcheck'],
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const source = await project.write({
        services: {
          failing: { command: programs.printBoth('to out', 'to err', 7), volumes: ['data:/data'] },
          slow: { command: programs.sleep(60), ...neverHealthy(programs.exit(0)) },
        },
        volumes: { data: {} },
      })
      const call = () => project.compose.up(source, { signal })
      const facts = { project: project.name, service: 'failing', exitCode: 7, state: 'exited' } as const
      const error = await expectHostError('SERVICE_NOT_READY', call, facts)
      expectEqual([...error.facts.lastLines].toSorted(), ['to err', 'to out'], 'the last lines of the log')
      await expectNothingLeft(context, project)
    },
  },
  'CMP-008': {
    title: 'an unhealthy service, a failed job and a job that others wait for reject up with SERVICE_NOT_READY',
    requiredOptions: [...requiredOptions, 'healthcheck'],
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const unhealthy = { test: ['CMD', ...programs.exit(1)], interval: '100ms', retries: 1 }
      const job = { command: programs.exit(3) }
      const command = programs.sleep(60)
      const waiting = { command, depends_on: { bad: { condition: 'service_completed_successfully' } } }
      const attempts = [
        [{ bad: { command, healthcheck: unhealthy } }, { health: 'unhealthy', exitCode: undefined }, []],
        [{ bad: job, other: { command } }, { exitCode: 3 }, ['bad']],
        [{ bad: job, waiting }, { exitCode: 3 }, []],
      ] as const
      for (const [services, facts, jobs] of attempts) {
        const source = await project.write({ services })
        const call = () => project.compose.up(source, { jobs, signal })
        await expectHostError('SERVICE_NOT_READY', call, { project: project.name, service: 'bad', ...facts })
        await expectNothingLeft(context, project)
      }
    },
  },
  'CMP-009': {
    title: 'readyTimeoutMs and an abort end up, remove what it created, and keep what existed before',
    requiredOptions: [...requiredOptions, ...volumes, 'healthcheck'],
    timeLimitFactor: 2,
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const old = { command: programs.sleep(60) }
      const before = await project.compose.up(await project.write({ services: { old } }), { signal })
      const created = (await context.listCreated()).toSorted()
      const slow = { command: programs.sleep(60), ...neverHealthy(programs.exit(0)), volumes: ['data:/data'] }
      const source = await project.write({ services: { old, slow }, volumes: { data: {} } })
      const late = () => project.compose.up(source, { readyTimeoutMs: 1500, signal })
      await expectHostError('TIMED_OUT', late, { option: 'readyTimeoutMs' })
      expectEqual((await context.listCreated()).toSorted(), created, 'the objects after the time limit')
      const controller = new AbortController()
      const reason = new Error('aborted by the case')
      const onProgress = ({ kind, service }: ComposeProgress) => {
        if (kind === 'container' && service === 'slow') controller.abort(reason)
      }
      await expectReason(reason, () =>
        project.compose.up(source, { readyTimeoutMs: 8000, signal: controller.signal, onProgress }),
      )
      expectEqual((await context.listCreated()).toSorted(), created, 'the objects after the abort')
      const after = await project.compose.listServices(project.name, { signal })
      expectEqual(toContainerIds(after, 'old'), toContainerIds(before.services, 'old'), 'the containers from before')
    },
  },
  'CMP-010': {
    title: 'an external network and volume must exist, are used, and are kept by down',
    requiredOptions: [...requiredOptions, ...volumes],
    needs: [networkManagerCapability, volumeManagerCapability],
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const [missingNetwork, missingVolume] = [context.uniqueName('network'), context.uniqueName('volume')]
      const volume = await createVolume(context)
      const id = await createNetwork(context)
      const networks = context.require(networkManagerCapability)
      const { name: network } = await networks.inspectNetwork(id)
      const write = (names: { readonly network: string; readonly volume: string }) =>
        project.write({
          services: { app: { command: programs.sleep(60), networks: ['theirs'], volumes: ['kept:/kept'] } },
          networks: { theirs: { external: true, name: names.network } },
          volumes: { kept: { external: true, name: names.volume } },
        })
      const withoutNetwork = await write({ network: missingNetwork, volume })
      await expectHostError('NETWORK_NOT_FOUND', () => project.compose.up(withoutNetwork, { signal }))
      const withoutVolume = await write({ network, volume: missingVolume })
      await expectHostError('VOLUME_NOT_FOUND', () => project.compose.up(withoutVolume, { signal }))
      await project.compose.up(await write({ network, volume }), { signal })
      expectEqual((await networks.inspectNetwork(id)).members.length, 1, 'the number of containers in the network')
      await project.compose.down(project.name, { volumes: true, graceMs: 0, signal })
      expectEqual((await networks.inspectNetwork(id)).members.length, 0, 'the number of containers after down')
      const found = await context.require(volumeManagerCapability).listVolumes({ signal })
      expect(toNames(found).includes(volume), 'the volume in the list', toNames(found))
    },
  },
  'CMP-011': {
    title:
      'down removes containers, also of services that the files no longer have, and networks; volumes if requested',
    requiredOptions: [...requiredOptions, ...volumes],
    needs: [volumeManagerCapability],
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const { compose, name } = project
      const command = programs.sleep(60)
      const services = { app: { command, volumes: ['data:/data'] }, gone: { command } }
      await compose.up(await project.write({ services, volumes: { data: {} } }), { signal })
      await compose.down(name, { graceMs: 0, signal })
      expectEqual(await context.listCreated(), [`volume "${name}_data"`], 'the objects after down')
      for (let call = 0; call < 2; call += 1) await compose.down(name, { volumes: true, graceMs: 0, signal })
      expectEqual(await context.listCreated(), [], 'the objects after down with volumes')
      await compose.down(context.uniqueName('never'), { signal })
    },
  },
  'CMP-012': {
    title: 'a port that is in use rejects up with IN_USE, a taken name with NAME_CONFLICT; nothing is left',
    requiredOptions: [...requiredOptions, 'ports', 'ports.hostPort'],
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const command = programs.sleep(60)
      const port = await findFreeEnginePort(context)
      const taken = { command, ports: [`127.0.0.1:${port}:80`] }
      const source = await project.write({ services: { first: taken, second: { ...taken, depends_on: ['first'] } } })
      const { facts } = await expectHostError('IN_USE', () => project.compose.up(source, { signal }))
      expect(facts.subject.includes(String(port)), `the port ${port}`, facts.subject)
      await expectNothingLeft(context, project)
      const name = context.uniqueName('taken')
      const holder = await createContainer(context, { name, command: programs.exit(0) })
      const conflicting = await project.write({ services: { app: { command, container_name: name } } })
      await expectHostError('NAME_CONFLICT', () => project.compose.up(conflicting, { signal }), { name })
      expectEqual(await context.runtime.containerState(holder), 'created', 'the state of the other container')
      expectEqual(await project.compose.listServices(project.name), [], 'the services of the project')
    },
  },
  'CMP-013': {
    title: 'sweep removes the project of an ended owner: containers, networks and volumes',
    requiredOptions: [...requiredOptions, ...volumes],
    needs: [networkManagerCapability, volumeManagerCapability],
    run: async (context) => {
      const { programs, signal } = context
      const labels = { 'conformance.case': context.uniqueName('case') }
      // One more than the highest pid on Linux.
      const ended = { [ownershipLabelKeys.pid]: '4194305' }
      const owner = await context.open({ relabel: (ownerLabels) => ({ ...ownerLabels, ...ended }) })
      const sweeper = await context.open({ onlyLabelled: labels })
      const project = await createProject(context, owner)
      const source = await project.write({
        services: { app: { command: programs.sleep(60), volumes: ['data:/data'] } },
        volumes: { data: {} },
      })
      await project.compose.up(source, { labels, signal })
      const { removed, kept, failed } = await sweeper.sweep({ signal })
      expectEqual(
        removed.map(({ kind }) => kind),
        ['container', 'network', 'volume'],
        'the kinds of the removed objects',
      )
      expectEqual([kept, failed], [[], []], 'the remaining objects')
    },
  },
  'CMP-014': {
    title:
      'scale replaces the number of the files, recreate keeps or replaces containers, removeOrphans removes others',
    requiredOptions,
    run: async (context) => {
      const { programs, signal } = context
      const project = await createProject(context)
      const app = { command: programs.exitOnSignal('TERM', 0) }
      const up = async (services: ComposeDocument['services'], options: ComposeUpOptions) =>
        (await project.compose.up(await project.write({ services }), { ...options, scale: { app: 2 }, signal }))
          .services
      const first = await up({ app, gone: app }, {})
      const ids = toContainerIds(first, 'app')
      expectEqual([ids.length, toContainerIds(first, 'gone').length], [2, 1], 'the numbers of containers')
      const kept = await up({ app: { ...app, environment: { CHANGED: 'yes' } } }, { recreate: 'never' })
      expectEqual(toContainerIds(kept, 'app'), ids, 'the containers that are not replaced')
      const listed = await project.compose.listServices(project.name, { signal })
      expectEqual(toContainerIds(listed, 'gone'), toContainerIds(first, 'gone'), 'the containers of the other service')
      const last = await up({ app }, { recreate: 'always', removeOrphans: true, graceMs: 0 })
      const replaced = toContainerIds(last, 'app')
      expectEqual(replaced.length, 2, 'the number of containers after the replacement')
      expect(!replaced.some((id) => ids.includes(id)), 'other containers', replaced)
      expectEqual(await project.compose.listServices(project.name, { signal }), last, 'the remaining services')
    },
  },
  'CMP-015': {
    title: 'up until started resolves also when a service exits; without dependencies, starts only the given services',
    requiredOptions: [...requiredOptions, 'healthcheck'],
    run: async (context) => {
      const { programs, signal } = context
      const { compose, name, write } = await createProject(context)
      const source = await write({
        services: {
          web: { command: programs.sleep(60), depends_on: ['db'] },
          db: { command: programs.exit(3) },
          slow: { command: programs.sleep(60), ...neverHealthy(programs.exit(0)) },
        },
      })
      const web = await compose.up(source, { services: ['web'], dependencies: false, until: 'started', signal })
      expectEqual(toServices(web.services), ['web'], 'the started services')
      const all = await compose.up(source, { until: 'started', signal })
      expectEqual(toServices(all.services), ['db', 'slow', 'web'], 'all services')
      await eventually('the end of a service', async () => {
        const [db] = await compose.listServices(name, { signal })
        return db?.containers[0]?.exitCode === 3 || undefined
      })
    },
  },
})

const readBase = `
services:
  web:
    image: app:1
    scale: \${REPLICAS}
    depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}}
    volumes: ["data:/data", "theirs:/theirs"]
  db:
    image: db:1
    networks: [back]
  migrate:
    image: app:1
    networks: [back]
  debug:
    image: app:1
    profiles: [debug]
networks: {back: {}}
volumes: {data: {}, theirs: {external: true, name: their-volume}, unused: {}}
`

function toExpectedProject(name: string) {
  const service = { builds: false, replicas: 1, dependsOn: [], profiles: [] }
  return {
    name,
    services: [
      { ...service, name: 'db', image: 'db:1' },
      { ...service, name: 'migrate', image: 'app:1' },
      {
        ...service,
        name: 'web',
        image: 'app:given',
        replicas: 2,
        dependsOn: [
          { service: 'db', condition: 'healthy' },
          { service: 'migrate', condition: 'completed' },
        ],
      },
    ],
    networks: [
      { key: 'back', name: `${name}_back`, external: false },
      { key: 'default', name: `${name}_default`, external: false },
    ],
    volumes: [
      { key: 'data', name: `${name}_data`, external: false },
      { key: 'theirs', name: 'their-volume', external: true },
    ],
  }
}

/** Faulty files, and what the error names. */
const faults: readonly (readonly [text: string, place: string])[] = [
  ['services:\n  app:\n    image: x\n    comand: y\n', 'comand'],
  ['services:\n  app: [\n', 'source.files[0]'],
  ['services:\n  app:\n    image: "${CONFORMANCE_UNSET:?set it}"\n', 'CONFORMANCE_UNSET'],
  ['services:\n  app: {image: x, depends_on: [missing]}\n', 'missing'],
  ['services:\n  app: {image: x, volumes: ["missing:/x"]}\n', 'missing'],
]

function neverHealthy(command: readonly string[]): object {
  return { healthcheck: { test: ['CMD', ...command], interval: '1h' } }
}

function toState({ state, health, exitCode }: { state: string; health: unknown; exitCode: unknown }): string {
  return `${state} ${health} ${exitCode}`
}

function toServices(services: readonly { readonly service: string }[]): readonly string[] {
  return services.map(({ service }) => service)
}

async function expectNothingLeft(context: CaseContext, { compose, name }: CaseProject): Promise<void> {
  expectEqual(await context.listCreated(), [], 'the objects that remain')
  expectEqual(await compose.listServices(name), [], 'the services that remain')
}
