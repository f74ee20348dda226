import {
  type Capability,
  execManagerCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  networkManagerCapability,
  type OptionName,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { checkOption, defineCapability, type UnsupportedOption } from '@capstan/core/plugin'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, test } from 'vitest'
import { runConformance } from '../src/index.js'
import { withParts } from '../src/plugin/map-provided.js'
import { breakPlugin } from './broken/break-plugin.js'
import { quickCases } from './quick-cases.js'

describe('a runtime without some capabilities', { timeout: 180_000 }, () => {
  test('passes when each missing capability is absent and listed with a reason', async () => {
    const without = [
      imageBuilderCapability,
      firewallManagerCapability,
      networkManagerCapability,
      sidecarManagerCapability,
      execManagerCapability,
      imageTransferCapability,
      imageManagerCapability,
      volumeManagerCapability,
    ]
    const { cases, counts } = await run(memoryPlugin({ without }))
    expect(cases.filter(({ status }) => status === 'failed')).toEqual([])
    expect(cases.find(({ id }) => id === 'NET-001')).toMatchObject({
      status: 'absent',
      missing: [
        {
          subject: 'network-manager',
          reason: expect.stringContaining('leaves out'),
          remedy: expect.stringContaining('without'),
        },
      ],
    })
    expect(counts.absent).toBeGreaterThan(100)
  })

  test('fails when a missing capability is listed without a reason', async () => {
    const plugin = memoryPlugin({ without: [volumeManagerCapability] })
    const unexplained = withParts(plugin, {
      probe: async (options) => ({ ...(await plugin.probe(options)), absent: [] }),
    })
    const { cases } = await run(unexplained, ['VOL-001', 'PRB-004'])
    expect(cases.map(({ id, status }) => [id, status])).toEqual([
      ['PRB-004', 'failed'],
      ['VOL-001', 'failed'],
    ])
  })

  test('fails when containers can mount volumes and no manager lists them', async () => {
    const plugin = memoryPlugin({ without: [volumeManagerCapability] })
    const unlisted = withParts(plugin, {
      probe: async (options) => ({ ...(await plugin.probe(options)), unsupportedOptions: [] }),
    })
    const { cases } = await run(unlisted, ['PRB-016'])
    expect(cases.map(({ id, status }) => [id, status])).toEqual([['PRB-016', 'failed']])
  })

  test('fails when the scope has a capability that the report lists as absent', async () => {
    const plugin = memoryPlugin()
    const { token } = volumeManagerCapability
    const underreporting = withParts(plugin, {
      probe: async (options) => {
        const result = await plugin.probe(options)
        return result.available
          ? { ...result, provides: result.provides.filter((capability) => capability.token !== token) }
          : result
      },
    })
    const { cases } = await run(underreporting, ['REG-003', 'VOL-001'])
    expect(cases.map(({ status }) => status)).toEqual(['failed', 'failed'])
  })
})

describe('a runtime with unsupported options', { timeout: 180_000 }, () => {
  test.each([{ unsupportedOptions: whole }, { unsupportedOptions: parts }, { unsupportedOptions: ofParts }])(
    'passes when each use is rejected: $unsupportedOptions',
    async ({ unsupportedOptions }) => {
      const { cases } = await run(memoryPlugin({ unsupportedOptions }))
      expect(cases.filter(({ status }) => status === 'failed')).toEqual([])
      const unsupported = new Set(
        cases.flatMap((result) => ('missing' in result ? result.missing.map(({ subject }) => subject) : [])),
      )
      expect(unsupportedOptions.filter((field) => !unsupported.has(field))).toEqual([])
    },
  )

  test.each([
    { unsupportedOptions: ['mounts', 'mounts.tmpfs.size'] },
    { unsupportedOptions: ['mounts.tmpfs', 'mounts.tmpfs.noexec', 'mounts.tmpfs.size'] },
  ] as const)(
    'passes when an option and parts of it are unsupported: $unsupportedOptions',
    async ({ unsupportedOptions }) => {
      const { cases } = await run(memoryPlugin({ unsupportedOptions }), ['MNT'])
      expect(cases.filter(({ status }) => status === 'failed')).toEqual([])
    },
  )

  test('fails when an unsupported option is accepted', async () => {
    const { cases } = await run(withUnsupported(memoryPlugin(), ['memoryBytes']), ['LIM-001', 'LIM-002'])
    expect(cases[0]).toMatchObject({ id: 'LIM-001', status: 'failed' })
    expect(cases[1]).toMatchObject({ id: 'LIM-002', status: 'passed' })
  })

  test('fails when the rejection names another field', async () => {
    const plugin = breakPlugin(withUnsupported(memoryPlugin(), ['cpus']), {
      runtime: (runtime) => ({
        createContainer: async (config, options) => {
          const unsupported = { runtime: 'memory', unsupportedOptions: toUnsupported(['memoryBytes']) }
          checkOption(runtimeCapability, 'memoryBytes', config.cpus, unsupported)
          return await runtime.createContainer(config, options)
        },
      }),
    })
    const { cases } = await run(plugin, ['LIM-002'])
    expect(cases[0]).toMatchObject({ status: 'failed' })
  })
})

describe('an option of a third party', () => {
  const capability: Capability<object, 'example.com/checkpoints.live'> = defineCapability({
    id: 'example.com/checkpoints',
    title: 'checkpoints',
    options: { 'example.com/checkpoints.live': 'a checkpoint of a running container' },
  })
  const memory = memoryPlugin()
  const plugin = withParts(withUnsupported(memory, ['example.com/checkpoints.live']), {
    register: (scope, details) => {
      memory.register(scope, details)
      scope.provide(capability, {})
    },
  })

  test('passes and is in the report with its description when the plugin provides the capability', async () => {
    const providing = withParts(plugin, {
      probe: async (options) => {
        const result = await plugin.probe(options)
        return result.available ? { ...result, provides: [...result.provides, capability] } : result
      },
    })
    const report = await run(providing, ['REF', 'REG'])
    expect(report.cases.filter(({ status }) => status !== 'passed')).toEqual([])
    expect(report.unsupportedOptions).toContainEqual({
      field: 'example.com/checkpoints.live',
      description: 'a checkpoint of a running container',
      reason: 'not here',
    })
  })

  test('fails when the plugin does not provide the capability', async () => {
    const { cases } = await run(plugin, ['REF'])
    expect(cases).toMatchObject([
      {
        id: 'REF-001',
        status: 'failed',
        failures: [
          {
            message: expect.stringContaining(
              'lists "example.com/checkpoints.live" as unsupported, which none of its capabilities',
            ),
          },
        ],
      },
    ])
  })
})

function run(plugin: RuntimePlugin, only: readonly string[] = quickCases) {
  return runConformance({ plugin, image: 'busybox:latest', concurrency: 32, only })
}

function withUnsupported(plugin: RuntimePlugin, fields: readonly OptionName[]): RuntimePlugin {
  return withParts(plugin, {
    probe: async (options) => {
      const result = await plugin.probe(options)
      return result.available
        ? { ...result, unsupportedOptions: [...result.unsupportedOptions, ...toUnsupported(fields)] }
        : result
    },
  })
}

function toUnsupported(fields: readonly OptionName[]): readonly UnsupportedOption[] {
  return fields.map((field) => ({ field, reason: 'not here', remedy: undefined }))
}

/** All options except `command` and `image`, without which no case can run. */
const whole: readonly OptionName[] = [
  'commit',
  'name',
  'platform',
  'pull',
  'entrypoint',
  'workingDirectory',
  'env',
  'user',
  'groupAdd',
  'hostname',
  'mounts',
  'readOnlyRootFilesystem',
  'network',
  'ports',
  'exposedPorts',
  'dns',
  'extraHosts',
  'privileged',
  'capAdd',
  'capDrop',
  'securityOptions',
  'devices',
  'gpus',
  'ociRuntime',
  'ipcMode',
  'pidMode',
  'interactive',
  'tty',
  'labels',
  'memoryBytes',
  'cpus',
  'shmSizeBytes',
  'pidsLimit',
  'ulimits',
  'init',
  'autoRemove',
  'restartPolicy',
  'stopSignal',
  'healthcheck',
  'logDriver',
  'logs.since',
  'logs.timestamps',
  'logs.split',
  'logs.binary',
  'foreignContainers.output',
  'foreignContainers.exitCode',
]

/** Parts of supported options. */
const parts: readonly OptionName[] = [
  'mounts.bind',
  'network.container',
  'logDriver.options',
  'mounts.volume',
  'mounts.tmpfs',
  'labels.equalsSign',
  'cpus.fraction',
  'memoryBytes.small',
  'network.host',
  'network.none',
  'network.several',
  'network.aliases',
  'ports.hostPort',
  'ports.udp',
  'tty.resize',
  'build.platform',
  'build.dns',
  'build.contextLinks',
]

/** Parts of supported parts of options. */
const ofParts: readonly OptionName[] = ['mounts.bind.relabel', 'mounts.tmpfs.noexec', 'mounts.tmpfs.size']
