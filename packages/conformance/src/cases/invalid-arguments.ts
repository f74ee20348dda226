import {
  type ContainerConfig,
  type CreateNetworkOptions,
  execManagerCapability,
  findCapability,
  firewallManagerCapability,
  type LogOptions,
  networkManagerCapability,
  runtimeCapability,
  volumeManagerCapability,
} from '@capstan/core'
import type { NetworkJoin } from '@capstan/core/plugin'
import { expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { collectBytes } from '../steps/collect.js'
import { startContainer } from '../steps/containers.js'

export const invalidArgumentCases: readonly ConformanceCase[] = [
  ...defineCases(runtimeCapability, {
    'IN-001': rejectsConfig('an empty image', { image: '' }, 'image'),
    'IN-002': rejectsConfig('an image with a newline', { image: 'busybox\n--privileged' }, 'image'),
    'IN-003': rejectsConfig('an image with a leading "-"', { image: '--privileged' }, 'image'),
    'IN-004': rejectsConfig('a name with NUL', { name: 'a\0b' }, 'name'),
    'IN-005': rejectsConfig('a name with a slash', { name: '../escape' }, 'name'),
    'IN-006': rejectsConfig('a label whose key has a newline', { labels: { 'a\nb': '1' } }, 'labels["a\\nb"]'),
    'IN-007': rejectsConfig('a variable whose name has "="', { env: { 'A=B': '1' } }, 'env["A=B"]'),
    'IN-008': rejectsConfig('an argument with NUL', { command: ['echo', 'a\0b'] }, 'command[1]'),
    'IN-009': rejectsConfig('port 0', { ports: [{ containerPort: 0 }] }, 'ports[0].containerPort'),
    'IN-010': rejectsConfig('port 65536', { ports: [{ containerPort: 80, hostPort: 65_536 }] }, 'ports[0].hostPort'),
    'IN-011': rejectsConfig(
      'a mount of an unknown type',
      { mounts: [{ type: 'nfs', target: '/x' }] },
      'mounts[0].type',
    ),
    'IN-012': rejectsConfig('a relative target', { mounts: [{ type: 'tmpfs', target: 'x' }] }, 'mounts[0].target'),
    'IN-013': rejectsConfig('negative memory', { memoryBytes: -1 }, 'memoryBytes'),
    'IN-014': rejectsConfig('cpus 0', { cpus: 0 }, 'cpus'),
    'IN-015': rejectsConfig(
      'a repeated alias',
      toNetwork({ aliases: ['one', 'one'] }),
      'network.networks[0].aliases[1]',
    ),
    'IN-029': rejectsConfig(
      'a text that is not an address',
      toNetwork({ ipAddress: '10.1' }),
      'network.networks[0].ipAddress',
    ),
    'IN-016': rejectsConfig(
      'ports with network mode "host"',
      { network: { mode: 'host' }, ports: [{ containerPort: 80 }] },
      'ports',
    ),
    'IN-028': rejectsConfig(
      'ports with network mode "none"',
      { network: { mode: 'none' }, ports: [{ containerPort: 80 }] },
      'ports',
    ),
    'IN-017': rejectsConfig(
      'a soft limit above the hard limit',
      { ulimits: [{ name: 'nofile', soft: 10, hard: 5 }] },
      'ulimits[0].soft',
    ),
    'IN-018': rejectsConfig('an unknown field', { restart: 'always' }, 'restart'),
    'IN-030': rejectsConfig(
      'an unknown field of a mount',
      { mounts: [{ type: 'tmpfs', target: '/x', readonly: true }] },
      'mounts[0].readonly',
    ),
    'IN-019': {
      title: 'a negative graceMs rejects with INVALID_ARGUMENT, and the container keeps running',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const stop = () => context.runtime.stopContainer(id, { graceMs: -1 })
        await expectHostError('INVALID_ARGUMENT', stop, { field: 'graceMs' })
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    'IN-020': {
      title:
        'log options with negative lines, an invalid time, no stream or an unknown field reject with INVALID_ARGUMENT',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const { runtime } = context
        await expectHostError('INVALID_ARGUMENT', () => runtime.containerLogs(id, { tailLines: -1 }), {
          field: 'tailLines',
        })
        await expectHostError('INVALID_ARGUMENT', () => runtime.containerLogs(id, { since: 'yesterday' }), {
          field: 'since',
        })
        const nothing = { stdout: false, stderr: false }
        await expectHostError('INVALID_ARGUMENT', () => runtime.containerLogs(id, nothing), { field: 'stdout' })
        const misspelled: LogOptions & { readonly tail: number } = { tail: 1 }
        await expectHostError('INVALID_ARGUMENT', () => runtime.containerLogs(id, misspelled), { field: 'tail' })
      },
    },
    'IN-021': rejectsIds('an empty id', ''),
    'IN-022': rejectsIds('an id with a leading "-"', '--all'),
    'IN-023': rejectsIds('an id with ".." in its path', '../../version'),
    'IN-024': {
      title: 'a value of a wrong type rejects with INVALID_ARGUMENT and not with a TypeError',
      run: async (context) => {
        const { runtime } = context
        // A caller in plain JavaScript may give values that the types forbid.
        const wrong = [undefined, null, 7, {}, []] as unknown as readonly string[]
        for (const id of wrong) {
          await expectHostError('INVALID_ARGUMENT', () => runtime.startContainer(id), { field: 'id' })
          await expectHostError('INVALID_ARGUMENT', () => runtime.imageExists(id))
        }
        for (const config of wrong as unknown as readonly ContainerConfig[]) {
          await expectHostError('INVALID_ARGUMENT', () => runtime.createContainer(config))
        }
      },
    },
  }),
  ...defineCases(networkManagerCapability, {
    'IN-025': {
      title: 'invalid arguments of networks reject with INVALID_ARGUMENT, and nothing is created',
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        for (const name of ['', '-d', 'a b', 'a\nb', '../x']) {
          await expectHostError('INVALID_ARGUMENT', () => networks.createNetwork(name), { field: 'name' })
        }
        await expectHostError('INVALID_ARGUMENT', () => networks.createNetwork('default'), { field: 'name' })
        const [cidr, other] = ['10.231.7.0/24', '10.231.8.0/24']
        const invalid: Readonly<Record<string, CreateNetworkOptions>> = {
          'subnets[0].cidr': { subnets: [{ cidr: '10.231.7.5/24' }] },
          'subnets[0].gateway': { subnets: [{ cidr, gateway: '10.231.8.1' }] },
          'subnets[1]': { subnets: [{ cidr }, { cidr: other }] },
          ipv6: { subnets: [{ cidr: 'fd00:e:7::/64' }], ipv6: false },
        }
        for (const [field, options] of Object.entries(invalid)) {
          const create = () => networks.createNetwork(context.uniqueName('invalid'), options)
          await expectHostError('INVALID_ARGUMENT', create, { field })
        }
        await expectHostError('INVALID_ARGUMENT', () => networks.removeNetwork('--force'), { field: 'id' })
        await expectHostError('INVALID_ARGUMENT', () => networks.inspectNetwork('--force'), { field: 'id' })
        for (const method of ['connectContainer', 'disconnectContainer'] as const) {
          await expectHostError('INVALID_ARGUMENT', () => networks[method]('--force', 'a'), { field: 'networkId' })
          await expectHostError('INVALID_ARGUMENT', () => networks[method]('a', '--force'), { field: 'containerId' })
        }
        const named = { aliases: ['a b'] }
        await expectHostError('INVALID_ARGUMENT', () => networks.connectContainer('a', 'b', named), {
          field: 'aliases[0]',
        })
        const fixed = { ipAddress: '10.231.7' }
        await expectHostError('INVALID_ARGUMENT', () => networks.connectContainer('a', 'b', fixed), {
          field: 'ipAddress',
        })
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
  }),
  ...defineCases(volumeManagerCapability, {
    'IN-026': {
      title: 'an invalid volume name rejects with INVALID_ARGUMENT, and nothing is created',
      run: async (context) => {
        const volumes = context.require(volumeManagerCapability)
        for (const name of ['', '-d', 'a b', 'a\nb', '../x']) {
          await expectHostError('INVALID_ARGUMENT', () => volumes.createVolume(name), { field: 'name' })
          await expectHostError('INVALID_ARGUMENT', () => volumes.removeVolume(name), { field: 'name' })
        }
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
  }),
  ...defineCases(execManagerCapability, {
    'IN-027': {
      title: 'invalid exec options reject with INVALID_ARGUMENT and the field',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const exec = context.require(execManagerCapability)
        const command = context.programs.exit(0)
        const calls = {
          'env["A=B"]': () => exec.exec(id, command, { env: { 'A=B': '' } }),
          workingDirectory: () => exec.exec(id, command, { workingDirectory: 'etc' }),
          user: () => exec.exec(id, command, { user: '-u' }),
          'command[1]': () => exec.exec(id, ['echo', 'a\0b']),
        }
        for (const [field, call] of Object.entries(calls)) await expectHostError('INVALID_ARGUMENT', call, { field })
      },
    },
  }),
]

function rejectsConfig(what: string, config: object, field: string): CaseDefinition {
  return {
    title: `${what} rejects with INVALID_ARGUMENT for ${field}, and nothing is created`,
    run: async (context) => {
      // A caller in plain JavaScript may give a config that the type forbids.
      const invalid = { image: context.image, ...config } as ContainerConfig
      await expectHostError('INVALID_ARGUMENT', () => context.runtime.createContainer(invalid), { field })
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  }
}

function rejectsIds(what: string, invalidId: string): CaseDefinition {
  return {
    title: `${what} makes setupFirewall and every runtime method with an id reject with INVALID_ARGUMENT`,
    run: async (context: CaseContext) => {
      for (const call of toCalls(context, invalidId)) await expectHostError('INVALID_ARGUMENT', call)
    },
  }
}

function toCalls({ runtime, scope }: CaseContext, id: string): readonly (() => Promise<unknown>)[] {
  const firewalls = findCapability(scope, firewallManagerCapability)
  return [
    () => runtime.startContainer(id),
    () => runtime.stopContainer(id),
    () => runtime.waitContainer(id),
    () => runtime.removeContainer(id),
    () => runtime.containerLogs(id),
    () => runtime.containerLogsAll(id),
    () => runtime.containerState(id),
    () => runtime.inspectContainer(id),
    () => runtime.imageExists(id),
    () => runtime.removeImage(id),
    () => runtime.attach(id, { stdout: collectBytes().stream }),
    () => runtime.startAttached(id, { stdout: collectBytes().stream }),
    () => runtime.resizeTTY(id, { height: 24, width: 80 }),
    () => runtime.getPortBindings(id),
    ...(firewalls ? [() => firewalls.setupFirewall(id, { proxyHost: '127.0.0.1', proxyPort: 3128 })] : []),
  ]
}

function toNetwork(join: Pick<NetworkJoin, 'aliases' | 'ipAddress'>): object {
  return { network: { mode: 'networks', networks: [{ networkId: 'some', ...join }] } }
}
